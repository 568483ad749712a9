#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "models/graph.h"
#include "models/model_options.h"

namespace seam {

// What a network takes: clips of `frames` square RGB pictures of side `size`.
struct InputSpec {
  int size = 0;
  int frames = 1;  // 1: an image network, which takes clips of any T
};

// A detector network: a graph with weights, run by LibTorch's operators. forward() takes clips as they come
// from shards, uint8 or float RGB in 0..255, and the graph does its own scaling, so that no caller can get it
// wrong. Fake is positive.
class Model : public torch::nn::Module {
 public:
  // With fresh weights, drawn from LibTorch's default generator; kUnset leaves them for LoadWeights().
  enum Weights { kFresh, kUnset };
  Model(ModelOptions options, Graph graph, Weights weights = kFresh);

  // clips [N, T, 3, S, S], RGB 0..255 -> logits [N]: sigmoid(logit) = P(fake). An image network takes any T
  // and answers the mean of the frames' logits. Clips on another device than the weights are moved to theirs.
  torch::Tensor forward(const torch::Tensor& clips);

  // pictures [B, 3, S, S], RGB 0..255 floats -> what `node` of the graph answers, whatever its shape.
  torch::Tensor Run(const torch::Tensor& pictures, int node);
  // Training passes leave the backbone alone: its weights ask for no gradient, and it runs as in inference,
  // so that its norms keep their statistics, too.
  void FreezeBackbone(bool frozen);
  // Whether training passes move the running statistics of norms, as they do unless told otherwise.
  void TrackStatistics(bool track) { track_statistics_ = track; }

  // The backbone's features [B, F].
  torch::Tensor Features(const torch::Tensor& pictures) { return Run(pictures, graph_.features()); }

  const ModelOptions& options() const { return options_; }
  const Graph& graph() const { return graph_; }
  InputSpec input() const;
  // Whether the weight belongs to the head (temporal head, classifier), not to the backbone.
  bool IsHead(const std::string& weight) const;

 private:
  ModelOptions options_;
  Graph graph_;
  void AddWeight(const WeightSpec& spec, const torch::Tensor& tensor);

  // Handles of parameters and buffers by name; LibTorch moves and loads them in place.
  std::map<std::string, torch::Tensor> weights_;
  std::set<std::string> head_;
  bool frozen_backbone_ = false, track_statistics_ = true;
  std::vector<int> last_use_;  // of each node's result: the node that needs it last
};

// A row of the registry: a family's way to write down the network that `options` ask for.
struct ModelEntry {
  std::string name;
  std::string paper;
  int size;  // of the input, by default
  // Adds the backbone to a graph whose node `pictures` are RGB 0..255 [B, 3, S, S]; returns the node of its
  // features [B, F]. An Error for options it does not know.
  int (*backbone)(Graph* graph, int pictures, const ModelOptions& options);
  // Adds the classifier: [.., F] -> [.., 1], one logit, P(fake).
  int (*classifier)(Graph* graph, int features, const ModelOptions& options);
};

// Every network Seam knows. Adding one is adding a row in registry.cc: docs/models.md.
const std::vector<ModelEntry>& ModelRegistry();

// The row of `name`; a UsageError lists the names and the nearest.
const ModelEntry& FindModel(const std::string& name);
std::vector<std::string> ModelNames();

// The whole graph: input, backbone, temporal head, classifier. An Error for options that the network does not
// have.
Graph MakeGraph(const ModelOptions& options);

// With fresh weights.
std::shared_ptr<Model> MakeModel(const ModelOptions& options);
std::shared_ptr<Model> MakeModel(const std::string& name);  // with its defaults

// Learnable numbers (without running statistics), and all numbers in parameters and buffers as Keras counts
// them.
std::int64_t CountTrainable(const Graph& graph);
std::int64_t CountTrainable(const Model& model);
std::int64_t CountParameters(const Model& model);

}  // namespace seam

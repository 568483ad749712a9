#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "models/networks/graph.h"
#include "models/torch/fused_norm.h"
#include "models/zoo/model_options.h"
#include "models/zoo/registry.h"

namespace seam {

// A detector network: a graph with weights, run by LibTorch's operators. forward() takes clips as they come
// from shards, uint8 or float RGB in 0..255. The graph scales them itself, so no caller can get that wrong.
// Fake is positive.
class Model : public torch::nn::Module {
 public:
  // With fresh weights, drawn from LibTorch's default generator; kUnset leaves them for LoadWeights().
  enum Weights { kFresh, kUnset };
  Model(ModelOptions options, Graph graph, Weights weights = kFresh);

  // clips [N, T, 3, S, S], RGB 0..255 -> logits [N]: sigmoid(logit) = P(fake). An image network takes any T
  // and gives the mean of the frames' logits. Clips on another device than the weights are moved to theirs.
  torch::Tensor forward(const torch::Tensor& clips);
  // The same; `map` becomes the result of map_node(), [N * T, C, M, M].
  torch::Tensor forward(const torch::Tensor& clips, torch::Tensor* map);
  // The last node, among those that training has a result of, with a sixteenth of the input's side or more.
  int map_node() const { return map_node_; }

  // pictures [B, 3, S, S], RGB 0..255 floats -> what `node` of the graph gives, whatever its shape. `map`,
  // where it is given, becomes the result of map_node(), which must not come after `node`.
  torch::Tensor Run(const torch::Tensor& pictures, int node, torch::Tensor* map = nullptr);
  // Training passes leave the backbone alone: its weights ask for no gradient, and it runs as in inference,
  // so that its norms keep their statistics, too.
  void FreezeBackbone(bool frozen);
  // Whether training passes move the running statistics of norms, as they do unless told otherwise.
  void TrackStatistics(bool track) { track_statistics_ = track; }

  // The backbone's features [B, F].
  torch::Tensor Features(const torch::Tensor& pictures) { return Run(pictures, graph_.features()); }

  // What batch norms do in training. They normalise with the batch's own statistics, over all processes with
  // `sum`, on CPUs. Frozen, they normalise with their running ones, which then stay as they are.
  void set_sum_of_norms(SumOverProcesses sum) { sum_of_norms_ = std::move(sum); }
  void set_frozen_norms(bool frozen) { frozen_norms_ = frozen; }

  const ModelOptions& options() const { return options_; }
  const Graph& graph() const { return graph_; }
  InputSpec input() const;
  // Whether the weight belongs to the head (temporal head, classifier), not to the backbone.
  bool IsHead(const std::string& weight) const;

 private:
  ModelOptions options_;
  Graph graph_;
  void AddWeight(const WeightSpec& spec, const torch::Tensor& tensor);
  // Of the chain that begins with node `i`, if it can be run as one.
  bool Fuses(int i, int node, const torch::Tensor& x) const;

  // Handles of parameters and buffers by name; LibTorch moves and loads them in place.
  std::map<std::string, torch::Tensor> weights_;
  std::set<std::string> head_;
  int map_node_ = 0;
  std::vector<int> last_use_;      // of each node's result: the node that needs it last
  std::vector<NormChain> chains_;  // that begin with each node
  SumOverProcesses sum_of_norms_;
  bool frozen_norms_ = false;
  bool frozen_backbone_ = false, track_statistics_ = true;
};

// With fresh weights.
std::shared_ptr<Model> MakeModel(const ModelOptions& options);
std::shared_ptr<Model> MakeModel(const std::string& name);  // with its defaults

// Learnable numbers (without running statistics), and all numbers in parameters and buffers as Keras counts
// them.
std::int64_t CountTrainable(const Model& model);
std::int64_t CountParameters(const Model& model);

}  // namespace seam

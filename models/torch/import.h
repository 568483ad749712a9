#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/torch/model.h"
#include "models/torch/weight_sources.h"
#include "models/weights/foreign_weights.h"

namespace seam {

struct MatchOptions {
  std::string source = "auto";   // a name of WeightSources()
  std::string fake_is = "auto";  // "0", "1": which output means fake in the file
  void Register(Options* options);
};

// Foreign weights brought to the names, layouts and direction of a network.
struct WeightMatch {
  const WeightSource* source = nullptr;
  ModelOptions options;                          // with what the source's networks have
  std::map<std::string, torch::Tensor> weights;  // float32, of the shapes that the network wants
  // Each weight that is missing, left over or does not fit, in words.
  std::vector<std::string> differences;
  // The network's weights that are not among `weights`.
  std::vector<std::string> unset;
  std::string answer;  // the name of the output layer
};

// Finds the source whose names fit best, unless it is given; a wrapper's prefix does not count. A network
// that is narrower or shallower than usual is made in the size of the file's tensors. A classifier of two
// outputs becomes one logit, that of fake minus that of real; one of one output is negated where it means
// real. Element types of half precision and double become float32. An Error where nothing fits, or where
// nobody says which output means fake.
WeightMatch MatchWeights(const ForeignWeights& foreign, const ModelOptions& options,
                         const MatchOptions& match, const std::string& subject);

// The network with these weights, in eval mode; what is unset keeps its fresh weights.
std::shared_ptr<Model> MakeMatched(const WeightMatch& match, const std::string& subject);

}  // namespace seam

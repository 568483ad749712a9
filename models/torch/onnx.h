#pragma once

#include <map>
#include <string>

#include <torch/types.h>

#include "base/options.h"
#include "models/networks/graph.h"

namespace seam {

struct OnnxOptions {
  int batch = 1;  // clips at a time; the file's shapes are fixed
  void Register(Options* options);
  void Check() const;
};

// What a network of features takes away from each number and then divides it by: [height, width, channels]
// each. Undefined tensors leave the numbers as they are.
struct FeatureScale {
  torch::Tensor mean, deviation;
};

// The network as the bytes of an ONNX file (docs/export.md): one input, RGB 0..255 floats, or features
// [batch, height, width, channels] that are scaled by `scale`; and two outputs [batch, classes], `logit` and
// `score`. `weights` are those of ListWeights(graph); `metadata` goes into the file as it is. An Error when a
// weight is missing or the file would be larger than ONNX allows.
std::string ToOnnx(const Graph& graph, const std::map<std::string, torch::Tensor>& weights,
                   const std::map<std::string, std::string>& metadata, const OnnxOptions& options,
                   const FeatureScale& scale = {});

}  // namespace seam

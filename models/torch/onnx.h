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

// The network as the bytes of an ONNX file (docs/export.md): one input, RGB 0..255 floats, and two outputs
// [batch, 1], `logit` and `score`. `weights` are those of ListWeights(graph); `metadata` goes into the file
// as it is. An Error when a weight is missing or the file would be larger than ONNX allows.
std::string ToOnnx(const Graph& graph, const std::map<std::string, torch::Tensor>& weights,
                   const std::map<std::string, std::string>& metadata, const OnnxOptions& options);

}  // namespace seam

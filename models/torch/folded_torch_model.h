#pragma once

#include <memory>

#include <torch/types.h>

#include "models/networks/compiled_model.h"
#include "models/networks/fold.h"

namespace seam {

// A folded network run by LibTorch's operators: for CUDA, where `bf16` means autocast, and for builds without
// oneDNN.
std::unique_ptr<CompiledModel> MakeFoldedTorchModel(const FoldedGraph& graph, const InputSpec& input,
                                                    torch::Device device, bool bf16);

}  // namespace seam

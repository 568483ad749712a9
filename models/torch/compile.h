#pragma once

#include <memory>

#include "models/networks/compiled_model.h"
#include "models/torch/model.h"

namespace seam {

// The model's graph with its weights as they are now.
FoldedGraph FoldModel(const Model& model);

// On the device that the options ask for: as CompileForCpu(), or by LibTorch's operators on CUDA, and where
// Seam was built without oneDNN.
std::unique_ptr<CompiledModel> Compile(const FoldedGraph& graph, const InputSpec& input,
                                       const CompileOptions& options);
std::unique_ptr<CompiledModel> Compile(const Model& model, const CompileOptions& options);

}  // namespace seam

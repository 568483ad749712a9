#pragma once

#include <memory>

#include "models/compiled_model.h"
#include "models/fold.h"

namespace seam {

// Whether the processor multiplies bfloat16 natively.
bool HasNativeBf16();

// A folded network run by oneDNN's kernels.
std::unique_ptr<CompiledModel> MakeOneDnnModel(const FoldedGraph& graph, const InputSpec& input, bool bf16);

}  // namespace seam

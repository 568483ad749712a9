#pragma once

#include <filesystem>
#include <memory>

#include "infer/explainer.h"
#include "models/networks/compiled_model.h"

namespace seam {

// What `seam infer` needs LibTorch for. Loading that library takes longer than scoring a short clip. So
// seam-infer is linked without it where oneDNN can do the work. It hands runs that need more over to
// seam-infer-torch, the same program with these parts.
struct TorchParts {
  // As Compile() of models/torch/compile.h: on any device.
  std::unique_ptr<CompiledModel> (*compile)(const FoldedGraph& graph, const InputSpec& input,
                                            const CompileOptions& options);
  // Throws as LoadCheckpoint() does.
  std::unique_ptr<Explainer> (*make_explainer)(const std::filesystem::path& checkpoint);
};

// Of the library seam_infer_torch.
const TorchParts& LinkedTorchParts();

}  // namespace seam

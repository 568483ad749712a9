#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace seam {

// What a file is by its first bytes where weights were expected, for a message: "is a Git LFS pointer, ..."
// and what to do.
struct FileKind {
  std::string is, hint;
};

// By the first bytes: torch.save()'s zip, pickle or tar, or TorchScript; HDF5.
bool LooksLikeTorchFile(std::string_view bytes);
bool LooksLikeHdf5(std::string_view bytes);

// None for what may be weights: files of torch.save(), HDF5, safetensors and what is not known.
std::optional<FileKind> KindOfNoWeights(std::string_view bytes);

}  // namespace seam

#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <torch/types.h>

namespace seam {

// Whether the bytes are a file of torch.save(), of any age; a pickle, too.
bool LooksLikeTorchFile(std::string_view bytes);

// The state dict in a file that torch.save() wrote (.pth, .pt, .pth.tar, .pkl): the zip format of PyTorch 1.6
// and the older one; what was before 0.1.10, a tar, is refused, and so are TorchScript and whole pickled
// modules. Where the dict lies deeper ("state_dict", "model", ...), it is found there; an optimizer beside it
// is passed over. Tensors share the memory of their storages, as they did when they were saved.
std::map<std::string, torch::Tensor> LoadTorchFile(const std::filesystem::path& path);
// The same of a file's bytes; errors are about `subject`.
std::map<std::string, torch::Tensor> ReadTorchFile(std::string_view bytes, const std::string& subject);

}  // namespace seam

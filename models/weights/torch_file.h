#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "models/weights/plain_tensor.h"

namespace seam {

// Whether the bytes are a file of torch.save(), of any age; a pickle, too.
bool LooksLikeTorchFile(std::string_view bytes);

// The state dict in a file that torch.save() wrote (.pth, .pt, .pth.tar, .pkl): the zip format of PyTorch 1.6
// and the older one; what was before 0.1.10, a tar, is refused, and so are TorchScript and whole pickled
// modules. Where the dict lies deeper ("state_dict", "model", ...), it is found there; an optimizer beside it
// is passed over. Tensors that lie in one piece share the memory of their storages; others, such as
// transposed ones, are brought in order, and together may not be far larger than the file.
PlainTensors LoadTorchFile(const std::filesystem::path& path);
// The same of a file's bytes; errors are about `subject`.
PlainTensors ReadTorchFile(std::string_view bytes, const std::string& subject);

}  // namespace seam

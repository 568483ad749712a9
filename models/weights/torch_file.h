#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "models/weights/plain_tensor.h"

namespace seam {

// The weights in a file that torch.save() wrote.
struct StateDict {
  PlainTensors tensors;
  std::string key;                  // where they lay: "state_dict", "ema.module"; "" at the top
  std::vector<std::string> others;  // where other sets of weights lie, in words
};

// The weights in a file that torch.save() wrote (.pth, .pt, .pth.tar, .pkl): the zip format of PyTorch 1.6
// and the older one; what was before 0.1.10, a tar, is refused. They are a state dict, a whole pickled module
// or a TorchScript program, of which no code is run or read. Where they lie deeper ("state_dict", "model",
// ...), they are found there; an optimizer beside them is passed over. Of several sets the likeliest is
// taken, an average (EMA) last, unless `key` names one. Tensors that lie in one piece share the memory of
// their storages; others, such as transposed ones, are brought in order, and together may not be far larger
// than the file.
// Read in a process of its own (seam-read-torch), in a sandbox: a file that breaks it ends as an Error here.
StateDict LoadTorchFile(const std::filesystem::path& path, const std::string& key = "");
// What that process does with the file's bytes; errors are about `subject`.
StateDict ReadTorchFile(std::string_view bytes, const std::string& subject, const std::string& key = "");

}  // namespace seam

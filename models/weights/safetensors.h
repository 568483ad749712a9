#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "models/weights/plain_tensor.h"

namespace seam {

// A .safetensors file: named tensors and a map of strings (docs/checkpoints.md draws the bytes). No code, no
// pickle.
struct Safetensors {
  PlainTensors tensors;
  std::map<std::string, std::string> metadata;
};

// Whether the bytes begin as a .safetensors file does: with the length of its header, and that with a brace.
bool LooksLikeSafetensors(std::string_view bytes);

// Writes the file whole or not at all (AtomicFile). Equal input gives equal bytes.
void SaveSafetensors(const std::filesystem::path& path, const Safetensors& contents);

// Reads it, with the tensors in memory of their own. Whatever breaks the format's rules is an Error: a header
// longer than the file or 100 MB, duplicate names, unknown dtypes, and offsets that overlap, leave holes or
// do not fit dtype and shape.
Safetensors LoadSafetensors(const std::filesystem::path& path);

}  // namespace seam

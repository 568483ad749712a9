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

// The key of metadata with the SHA-256 of the data section. Reading does not look at it; `seam verify` does.
inline constexpr char kDataDigest[] = "seam.data_sha256";

// Writes the file whole or not at all (AtomicFile). Equal input gives equal bytes. Files of Seam's (those
// with the key `seam.format`) get kDataDigest.
void SaveSafetensors(const std::filesystem::path& path, const Safetensors& contents);

// Reads it, with the tensors in memory of their own. Whatever breaks the format's rules is an Error: a header
// longer than the file or 100 MB, duplicate names, unknown dtypes, and offsets that overlap, leave holes or
// do not fit dtype and shape.
Safetensors LoadSafetensors(const std::filesystem::path& path);

}  // namespace seam

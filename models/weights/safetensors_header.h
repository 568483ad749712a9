#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/weights/dtype.h"

namespace seam {

// Limits on what a reader accepts. The first is the reference implementation's MAX_HEADER_SIZE.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kMaxTensors = 100'000;  // and as many entries of metadata
constexpr std::size_t kMaxDimensions = 64;

// The dtypes of the format that Seam reads and writes, under the format's names.
extern const std::vector<std::pair<std::string, DType>> kSafetensorsDtypes;

// A tensor as the header describes it: its bytes are [begin, end) of the data section.
struct TensorEntry {
  std::string name;
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  // in order of their bytes
  std::map<std::string, std::string> metadata;
  std::uint64_t data_offset = 0;  // of the data section in the file
};

// Reads the header of a whole file and proves it: each entry's bytes fit its dtype and shape, and together
// the entries cover the data section exactly. An Error names `subject`.
SafetensorsHeader ParseSafetensorsHeader(std::string_view file, const std::string& subject);

// `name` in quotes and cut to a length that a one-line message bears; names come from the file.
std::string Shown(std::string_view name);

}  // namespace seam

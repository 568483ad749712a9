#include "models/weights/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "models/weights/safetensors_header.h"

namespace seam {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are copied as they lie in the file");

struct Named {
  std::string name, dtype;
  PlainTensor tensor;
};

// A JSON string. What is not UTF-8 (a path in a recipe may not be) becomes U+FFFD.
std::string JsonString(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// In the order of their bytes: larger elements first, so that each tensor is aligned, then by name. The
// reference implementation does the same.
std::vector<Named> InFileOrder(const std::string& subject, const Safetensors& contents) {
  std::vector<Named> ordered;
  for (const auto& [name, tensor] : contents.tensors) {
    if (name == "__metadata__") {
      throw Error(subject, fmt::format("tensor {} cannot be stored: the name is taken", Shown(name)));
    }
    const auto known = std::find_if(kSafetensorsDtypes.begin(), kSafetensorsDtypes.end(),
                                    [&](const auto& dtype) { return dtype.second == tensor.dtype; });
    ordered.push_back({name, known->first, tensor});
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const Named& a, const Named& b) {
    return FindSize(a.tensor.dtype) > FindSize(b.tensor.dtype);
  });
  return ordered;
}

std::string HeaderText(const std::vector<Named>& ordered,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<std::string> entries;
  if (!metadata.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [key, value] : metadata) pairs.push_back(JsonString(key) + ":" + JsonString(value));
    entries.push_back(fmt::format("\"__metadata__\":{{{}}}", fmt::join(pairs, ",")));
  }
  std::size_t begin = 0;
  for (const auto& [name, dtype, tensor] : ordered) {
    const std::size_t end = begin + tensor.bytes().size();
    entries.push_back(fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                                  JsonString(name), dtype, fmt::join(tensor.shape, ","), begin, end));
    begin = end;
  }
  std::string header = fmt::format("{{{}}}", fmt::join(entries, ","));
  header.append((8 - header.size() % 8) % 8, ' ');
  return header;
}

}  // namespace

bool LooksLikeSafetensors(std::string_view bytes) {
  std::uint64_t length = 0;
  if (bytes.size() <= sizeof(length) || bytes[sizeof(length)] != '{') return false;
  std::memcpy(&length, bytes.data(), sizeof(length));
  return length <= bytes.size() - sizeof(length);
}

void SaveSafetensors(const std::filesystem::path& path, const Safetensors& contents) {
  const std::vector<Named> ordered = InFileOrder(path.string(), contents);
  std::map<std::string, std::string> metadata = contents.metadata;
  if (metadata.contains("seam.format")) {
    Sha256 digest;
    for (const auto& named : ordered) digest.Update(named.tensor.bytes());
    metadata[kDataDigest] = digest.Finish();
  }
  const std::string header = HeaderText(ordered, metadata);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.Write({reinterpret_cast<const char*>(&length), sizeof(length)});
  file.Write(header);
  for (const auto& named : ordered) file.Write(named.tensor.bytes());
  file.Commit();
}

Safetensors LoadSafetensors(const std::filesystem::path& path) {
  const MappedFile file(path);
  SafetensorsHeader header = ParseSafetensorsHeader(file.bytes(), path.string());
  const std::string_view data = file.bytes().substr(header.data_offset);
  Safetensors contents;
  contents.metadata = std::move(header.metadata);
  for (const auto& entry : header.tensors) {
    const std::string_view bytes = data.substr(entry.begin, entry.end - entry.begin);
    // Another value in a bool is undefined behaviour.
    if (entry.dtype == DType::kBool &&
        std::any_of(bytes.begin(), bytes.end(), [](char c) { return c < 0 || c > 1; })) {
      throw Error(path.string(),
                  fmt::format("damaged safetensors file: tensor {} of BOOL holds bytes other than 0 and 1",
                              Shown(entry.name)));
    }
    contents.tensors.emplace(entry.name, CopyTensor(entry.dtype, entry.shape, bytes));
  }
  return contents;
}

}  // namespace seam

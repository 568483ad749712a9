#include "models/weights/foreign_weights.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "models/weights/file_kind.h"
#include "models/weights/keras_h5.h"
#include "models/weights/safetensors.h"
#include "models/weights/safetensors_header.h"
#include "models/weights/torch_file.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// What wrappers put before the names of the network within; a classifier may stand beside it without.
constexpr std::array kPrefixes = {"module.",   "_orig_mod.", "model.",       "net.",
                                  "network.",  "backbone.",  "encoder.",     "efficientnet.",
                                  "xception.", "feat_ext.",  "encoder_f.",   "feature_extractor.",
                                  "vit.",      "visual.",    "vision_model."};
constexpr double kMostNames = 0.9;

constexpr std::uint64_t kMaxIndexBytes = 16'000'000;

// Takes the prefix off if most names have it and no two become one.
bool TakeOff(std::string_view prefix, PlainTensors* tensors) {
  PlainTensors shorter;
  std::size_t with = 0;
  for (const auto& [name, tensor] : *tensors) {
    const bool has = name.starts_with(prefix) && name.size() > prefix.size();
    with += has ? 1 : 0;
    if (!shorter.emplace(has ? name.substr(prefix.size()) : name, tensor).second) return false;
  }
  if (with == 0 || static_cast<double>(with) < kMostNames * static_cast<double>(tensors->size())) {
    return false;
  }
  *tensors = std::move(shorter);
  return true;
}

Error BadIndex(const fs::path& index, const std::string& what) {
  return Error(index.string(), "bad list of flattened weights: " + what,
               "it is an object whose `tensors` lists name, shape and offset_floats");
}

// A whole number from 0 to `limit`.
std::uint64_t Number(const nlohmann::json& value, std::uint64_t limit, const fs::path& index) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > limit) {
    throw BadIndex(index, "a number is missing or out of bounds");
  }
  return value.get<std::uint64_t>();
}

PlainTensor FlattenedTensor(const nlohmann::json& entry, std::string_view data, const fs::path& index) {
  const std::uint64_t elements = data.size() / sizeof(float);
  const auto shape = entry.find("shape");
  if (shape == entry.end() || !shape->is_array() || shape->size() > kMaxDimensions) {
    throw BadIndex(index, "a tensor has no shape");
  }
  std::vector<std::int64_t> sides;
  std::uint64_t count = 1;
  for (const auto& side : *shape) {
    const std::uint64_t value = Number(side, elements / std::max<std::uint64_t>(count, 1), index);
    if (value == 0) throw BadIndex(index, "a tensor is empty");
    sides.push_back(static_cast<std::int64_t>(value));
    count *= value;
  }
  if (count > elements || !entry.contains("offset_floats")) throw BadIndex(index, "a tensor has no place");
  const std::uint64_t offset = Number(entry["offset_floats"], elements - count, index);
  return CopyTensor(DType::kFloat32, sides, data.substr(offset * sizeof(float), count * sizeof(float)));
}

PlainTensors LoadFlattened(fs::path path) {
  const fs::path index = path.replace_extension(".json");
  const auto json = nlohmann::json::parse(ReadFile(index, kMaxIndexBytes), nullptr, false);
  const fs::path numbers = path.replace_extension(".f32");
  const auto list = json.is_object() ? json.find("tensors") : json.end();
  if (!json.is_object() || list == json.end() || !list->is_array()) throw BadIndex(index, "no `tensors`");
  const MappedFile file(numbers);
  PlainTensors tensors;
  std::uint64_t together = 0;
  for (const auto& entry : *list) {
    if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string()) {
      throw BadIndex(index, "a tensor has no name");
    }
    const auto name = entry["name"].get<std::string>();
    const auto tensor = FlattenedTensor(entry, file.bytes(), index);
    together += tensor.bytes().size();
    if (together > file.bytes().size()) throw BadIndex(index, "its tensors overlap");
    if (!tensors.emplace(name, tensor).second) throw BadIndex(index, Shown(name) + " stands twice");
  }
  return tensors;
}

ForeignWeights Read(const fs::path& path, const std::string& key) {
  const std::string extension = path.extension().string();
  if (extension == ".json" || extension == ".f32") return {"flattened", LoadFlattened(path)};
  bool hdf5 = false, pytorch = false, safetensors = extension == ".safetensors";
  std::optional<FileKind> other;
  {
    const MappedFile file(path);
    hdf5 = LooksLikeHdf5(file.bytes());
    pytorch = LooksLikeTorchFile(file.bytes());
    safetensors = safetensors || LooksLikeSafetensors(file.bytes());
    other = KindOfNoWeights(file.bytes());
  }
  if (other) throw Error(path.string(), other->is, other->hint);
  if (hdf5) return {"Keras HDF5", LoadKerasH5(path)};
  if (pytorch || extension == ".pth" || extension == ".pt" || extension == ".pkl" || extension == ".tar") {
    StateDict dict = LoadTorchFile(path, key);
    return {"PyTorch", std::move(dict.tensors), std::move(dict.key), std::move(dict.others)};
  }
  if (safetensors) return {"safetensors", LoadSafetensors(path).tensors};
  throw Error(path.string(), "is of no format that weights are read from",
              "Keras HDF5, PyTorch (.pth, .pt, .pth.tar, .pkl), .safetensors, or .json beside .f32");
}

}  // namespace

PlainTensors WithoutPrefix(PlainTensors tensors) {
  for (bool found = true; found;) {
    found = false;
    for (const char* prefix : kPrefixes) found = TakeOff(prefix, &tensors) || found;
  }
  return tensors;
}

ForeignWeights LoadForeignWeights(const fs::path& path, const std::string& key) {
  ForeignWeights weights = Read(path, key);
  if (!key.empty() && weights.format != "PyTorch")
    throw UsageError("--key", fmt::format("makes no sense for {}", weights.format),
                     "only PyTorch files hold several sets of weights");
  return weights;
}

}  // namespace seam

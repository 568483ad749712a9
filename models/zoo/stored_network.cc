#include "models/zoo/stored_network.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/numbers.h"
#include "base/version.h"
#include "models/weights/file_kind.h"
#include "models/weights/json_text.h"
#include "models/weights/safetensors_header.h"
#include "models/zoo/ensemble_file.h"
#include "models/zoo/registry.h"
#include "proto/crop_spec.h"
#include "scores/calibration_json.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// Raised when an older Seam would misread a newer file: from 2 on a network has options.
constexpr int kCheckpointFormat = 2;
constexpr const char* kImportHint =
    "`seam models import FILE -o OUT.safetensors` makes a checkpoint of it (docs/import.md)";
constexpr const char* kTrainHint = "name a checkpoint that `seam train` wrote";

using Metadata = std::map<std::string, std::string>;

Error BadMetadata(const std::string& subject, const std::string& key, const std::string& problem) {
  return Error(subject, fmt::format("bad checkpoint: {} {}", key, problem), kTrainHint);
}

const std::string& Required(const Metadata& metadata, const std::string& key, const std::string& subject) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw BadMetadata(subject, key, "is missing");
  return found->second;
}

std::string Optional(const Metadata& metadata, const std::string& key, const std::string& otherwise) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? otherwise : found->second;
}

template <class Number>
Number NumberIn(const std::string& text, const std::string& key, const std::string& subject) {
  const auto number = ParseNumber<Number>(text);
  if (!number) throw BadMetadata(subject, key, fmt::format("is {}, not a number", Shown(text)));
  return *number;
}

// Weights of another library, and what are no weights at all, are told as what they are.
void CheckKind(std::string_view bytes, const std::string& subject) {
  if (const auto other = KindOfNoWeights(bytes)) throw Error(subject, other->is, other->hint);
  const bool keras = LooksLikeHdf5(bytes);
  if (!keras && !LooksLikeTorchFile(bytes)) return;
  throw Error(subject,
              fmt::format("is a {} file, no checkpoint of Seam's", keras ? "Keras (HDF5)" : "PyTorch"),
              kImportHint);
}

// What decides whether the rest can be understood.
void CheckFormat(const Metadata& metadata, const std::string& subject) {
  if (metadata.count(kEnsembleKey) > 0) {
    throw Error(subject, "is an ensemble of several networks, where one is wanted",
                "`seam infer --model` takes it; name one of its networks here");
  }
  if (metadata.count("seam.model") == 0) {
    throw Error(subject, "is a safetensors file, but no checkpoint of Seam's: it does not name its network",
                kImportHint);
  }
  const int format = NumberIn<int>(Required(metadata, "seam.format", subject), "seam.format", subject);
  if (format < 1) throw BadMetadata(subject, "seam.format", fmt::format("is {}", format));
  if (format <= kCheckpointFormat) return;
  throw Error(
      subject,
      fmt::format("was written in checkpoint format {} by Seam {}; this is Seam {}, which reads up to {}",
                  format, Shown(Optional(metadata, "seam.version", "?")), Version(), kCheckpointFormat),
      "use a newer Seam");
}

std::optional<Calibration> CalibrationIn(const Metadata& metadata, const std::string& subject) {
  const auto found = metadata.find("seam.calibration");
  if (found == metadata.end()) return std::nullopt;
  const auto calibration = ParseCalibration(ParseJsonText(found->second));
  if (!calibration)
    throw BadMetadata(subject, "seam.calibration", "is not a calibration: " + Shown(found->second));
  return calibration;
}

CheckpointInfo ParseInfo(const Metadata& metadata, const std::string& subject) {
  CheckpointInfo info;
  info.model = Required(metadata, "seam.model", subject);
  const std::string& crop = Required(metadata, "seam.crop", subject);
  if (!google::protobuf::util::JsonStringToMessage(crop, &info.crop).ok()) {
    throw BadMetadata(subject, "seam.crop", "is not a crop specification: " + Shown(crop));
  }
  info.epoch = NumberIn<int>(Required(metadata, "seam.epoch", subject), "seam.epoch", subject);
  info.threshold = NumberIn<double>(Required(metadata, "seam.threshold", subject), "seam.threshold", subject);
  info.calibration = CalibrationIn(metadata, subject);
  info.notice = Optional(metadata, "seam.notice", "");
  info.metrics = Optional(metadata, "seam.metrics", "{}");
  info.recipe = Optional(metadata, "seam.recipe", "{}");
  return info;
}

ModelOptions ParseOptions(const CheckpointInfo& info, const Metadata& metadata, const std::string& subject) {
  const auto names = ModelNames();
  if (std::find(names.begin(), names.end(), info.model) == names.end()) {
    throw Error(subject,
                fmt::format("its network {} is unknown to this Seam {}; the file was written by Seam {}",
                            Shown(info.model), Version(), Shown(Optional(metadata, "seam.version", "?"))),
                fmt::format("use a newer Seam; this one knows: {}", fmt::join(names, ", ")));
  }
  auto json = ParseJsonText(Optional(metadata, "seam.options", "{}"));
  if (!json.is_object()) throw BadMetadata(subject, "seam.options", "is no JSON object");
  if (!json.contains("model")) json["model"] = info.model;
  if (json["model"] != info.model) throw BadMetadata(subject, "seam.options", "names another network");
  return ModelOptions::FromJson(json, subject);
}

Graph BuildGraph(const ModelOptions& options, const std::string& subject) {
  try {
    return MakeGraph(options);
  } catch (const Error& error) {
    throw BadMetadata(subject, "seam.options", fmt::format("asks for what there is not: {}", error.what()));
  }
}

// Weights of half precision become float32, exactly.
bool IsWeightType(std::optional<DType> type) {
  return type == DType::kFloat32 || type == DType::kFloat16 || type == DType::kBfloat16;
}

// How `given` differs from what the network has, in words, or "".
std::string Difference(const OfferedWeight& given, const std::vector<std::int64_t>& wanted) {
  if (given.shape != wanted) {
    return fmt::format("has the shape [{}], not [{}]", fmt::join(given.shape, ", "), fmt::join(wanted, ", "));
  }
  if (!IsWeightType(given.type)) {
    return given.type ? fmt::format("has the type {}, not float32", GetName(*given.type))
                      : "is not of type float32";
  }
  return given.is_finite() ? "" : "holds numbers that are not finite";
}

// The float32 of number `i` of a tensor of a weight's type.
float NumberAt(std::string_view bytes, DType type, std::size_t i) {
  if (type == DType::kFloat32) {
    float value = 0;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, bytes.data() + i * sizeof bits, sizeof bits);
  return type == DType::kFloat16 ? FromFloat16(bits) : FromBfloat16(bits);
}

std::vector<float> Numbers(std::string_view bytes, DType type) {
  std::vector<float> numbers(bytes.size() / FindSize(type));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = NumberAt(bytes, type, i);
  return numbers;
}

}  // namespace

void CheckInfo(const CheckpointInfo& info, const std::string& model, int input_size,
               const std::string& subject) {
  if (info.crop.size() != static_cast<std::uint32_t>(input_size)) {
    throw BadMetadata(
        subject, "seam.crop",
        fmt::format("has crops of {} pixels, but {} takes {}", info.crop.size(), model, input_size));
  }
  const std::string problem = FindProblem(info.crop);
  if (!problem.empty()) throw BadMetadata(subject, "seam.crop", "has " + problem);
  if (info.epoch < 0) throw BadMetadata(subject, "seam.epoch", fmt::format("is {}", info.epoch));
  if (!(info.threshold >= 0 && info.threshold <= 1)) {
    throw BadMetadata(subject, "seam.threshold", fmt::format("is {}, not from 0 to 1", info.threshold));
  }
  if (info.calibration) {
    const std::string odd = FindProblem(*info.calibration);
    if (!odd.empty()) throw BadMetadata(subject, "seam.calibration", odd);
  }
  if (ParseJsonText(info.metrics).is_discarded()) throw BadMetadata(subject, "seam.metrics", "is not JSON");
  if (ParseJsonText(info.recipe).is_discarded()) throw BadMetadata(subject, "seam.recipe", "is not JSON");
}

void CheckWeights(const std::map<std::string, OfferedWeight>& offered, const Graph& graph,
                  const std::string& subject) {
  constexpr std::size_t kListed = 10;
  std::map<std::string, std::vector<std::int64_t>> wanted;
  for (const WeightSpec& weight : ListWeights(graph)) wanted[weight.name] = weight.shape;
  std::vector<std::string> differences;
  for (const auto& [name, shape] : wanted) {
    const auto found = offered.find(name);
    const std::string difference = found == offered.end() ? "is missing" : Difference(found->second, shape);
    if (!difference.empty()) differences.push_back(Shown(name) + " " + difference);
  }
  for (const auto& [name, given] : offered) {
    if (wanted.count(name) == 0) differences.push_back(Shown(name) + " is left over");
  }
  if (differences.empty()) return;
  const std::size_t listed = std::min(differences.size(), kListed);
  std::string text = fmt::format("{}", fmt::join(differences.begin(), differences.begin() + listed, "; "));
  if (differences.size() > listed) text += fmt::format("; and {} more", differences.size() - listed);
  throw Error(subject, "its weights do not fit the network: " + text,
              "the file was written for another network or by another version of Seam");
}

std::map<std::string, std::string> CheckpointMetadata(const ModelOptions& options,
                                                      const CheckpointInfo& info) {
  const nlohmann::json chosen = options.ToJson();
  Metadata metadata = CheckpointMetadata(info);
  metadata["seam.model"] = options.model;
  if (chosen.size() > 1) {
    metadata["seam.format"] = "2";
    metadata["seam.options"] = chosen.dump();
  }
  return metadata;
}

Metadata CheckpointMetadata(const CheckpointInfo& info) {
  Metadata metadata = {
      {"seam.format", "1"},
      {"seam.model", info.model},
      {"seam.crop", CropSpecJson(info.crop)},
      {"seam.epoch", std::to_string(info.epoch)},
      {"seam.threshold", fmt::format("{}", info.threshold)},
      {"seam.notice", info.notice},
      {"seam.metrics", info.metrics},
      {"seam.recipe", info.recipe},
      {"seam.version", Version()},
  };
  if (info.calibration) metadata["seam.calibration"] = CalibrationJson(*info.calibration).dump();
  return metadata;
}

CheckpointHeader ReadCheckpointHeader(const fs::path& path) {
  const std::string subject = path.string();
  const MappedFile file(path);
  CheckKind(file.bytes(), subject);
  Metadata metadata = ParseSafetensorsHeader(file.bytes(), subject).metadata;
  CheckFormat(metadata, subject);
  CheckpointInfo info = ParseInfo(metadata, subject);
  return {std::move(info), std::move(metadata)};
}

StoredNetwork LoadNetwork(const fs::path& path) {
  const MappedFile file(path);
  return LoadNetwork(file.bytes(), path.string());
}

StoredNetwork LoadNetwork(std::string_view file, const std::string& subject) {
  CheckKind(file, subject);
  const SafetensorsHeader header = ParseSafetensorsHeader(file, subject);
  const std::string_view data = file.substr(header.data_offset);
  CheckFormat(header.metadata, subject);
  if (header.metadata.contains(kSpectrumKey)) {
    throw Error(subject, "holds a classifier of the frequency domain, not a network",
                "`seam infer`, `seam score`, `seam models show` and `seam spectrum` read it");
  }
  StoredNetwork network;
  network.info = ParseInfo(header.metadata, subject);
  network.options = ParseOptions(network.info, header.metadata, subject);
  network.graph = BuildGraph(network.options, subject);
  CheckInfo(network.info, network.options.model, network.graph[0].shape.side(), subject);
  std::map<std::string, OfferedWeight> offered;
  for (const TensorEntry& entry : header.tensors) {
    std::vector<float>& numbers = network.weights[entry.name];
    if (IsWeightType(entry.dtype))
      numbers = Numbers(data.substr(entry.begin, entry.end - entry.begin), entry.dtype);
    offered[entry.name] = {entry.shape, entry.dtype, [&numbers] {
                             return std::all_of(numbers.begin(), numbers.end(),
                                                [](float number) { return std::isfinite(number); });
                           }};
  }
  CheckWeights(offered, network.graph, subject);
  return network;
}

}  // namespace seam

#include "models/zoo/ensemble_file.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/version.h"
#include "models/weights/json_text.h"
#include "models/weights/safetensors.h"
#include "models/weights/safetensors_header.h"
#include "scores/calibration_json.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr int kEnsembleFormat = 1;
constexpr const char* kHint = "`seam models fuse` writes such files";

// Score files keep names and scores apart by these.
std::string Plain(std::string name) {
  std::replace(name.begin(), name.end(), ';', '_');
  std::replace(name.begin(), name.end(), '=', '_');
  return name;
}

Error Bad(const std::string& subject, const std::string& problem) {
  return Error(subject, "bad ensemble: " + problem, kHint);
}

// So that the tensors, which the format sorts, are in the members' order.
std::string TensorName(std::size_t member) { return fmt::format("network.{:02}", member); }

}  // namespace

std::vector<std::string> NetworkNames(const std::vector<fs::path>& checkpoints) {
  std::vector<std::string> names;
  for (const fs::path& path : checkpoints) {
    const std::string stem = Plain(path.stem().string());
    std::string name = stem;
    for (int next = 2; std::find(names.begin(), names.end(), name) != names.end(); ++next)
      name = fmt::format("{}-{}", stem, next);
    names.push_back(name);
  }
  return names;
}

EnsembleInfo ComputeMean(const std::vector<std::string>& names) {
  EnsembleInfo info;
  for (const std::string& name : names)
    info.members.push_back({name, 1.0 / static_cast<double>(names.size())});
  return info;
}

void CheckEnsemble(const EnsembleInfo& info, const std::string& subject) {
  if (info.members.size() < 2) throw Error(subject, "an ensemble has two networks or more", "name several");
  if (info.members.size() > kMostNetworks)
    throw Error(subject, fmt::format("an ensemble has {} networks at most", kMostNetworks), "leave some out");
  std::set<std::string> names;
  double sum = 0;
  for (const EnsembleInfo::Member& member : info.members) {
    if (member.name.empty() || !names.insert(member.name).second)
      throw Bad(subject, fmt::format("two networks are called {}", Shown(member.name)));
    if (!(member.weight >= 0) || !std::isfinite(member.weight))
      throw Bad(subject, fmt::format("{} has the weight {}", Shown(member.name), member.weight));
    sum += member.weight;
  }
  if (!(sum > 0)) throw Bad(subject, "all weights are 0");
  if (!std::isfinite(info.bias)) throw Bad(subject, fmt::format("the bias is {}", info.bias));
  if (!(info.threshold >= 0 && info.threshold <= 1))
    throw Bad(subject, fmt::format("the threshold is {}, not from 0 to 1", info.threshold));
  const std::string odd = info.calibration ? FindProblem(*info.calibration) : "";
  if (!odd.empty()) throw Bad(subject, "its calibration " + odd);
}

std::string EnsembleJson(const EnsembleInfo& info) {
  nlohmann::json json = {{"format", kEnsembleFormat},
                         {"seam", Version()},
                         {"bias", info.bias},
                         {"threshold", info.threshold},
                         {"networks", nlohmann::json::array()}};
  for (const EnsembleInfo::Member& member : info.members)
    json["networks"].push_back({{"name", member.name}, {"weight", member.weight}});
  if (info.calibration) json["calibration"] = CalibrationJson(*info.calibration);
  return json.dump();
}

EnsembleInfo ParseEnsemble(const std::string& text, const std::string& subject,
                           const std::vector<std::string>& names) {
  const nlohmann::json json = ParseJsonText(text);
  EnsembleInfo info;
  try {
    const int format = json.at("format").get<int>();
    if (format != kEnsembleFormat) {
      throw Error(subject,
                  fmt::format("is an ensemble of format {}, and this Seam reads {}", format, kEnsembleFormat),
                  "use a newer Seam");
    }
    for (const nlohmann::json& member : json.at("networks")) {
      const std::size_t number = info.members.size();
      const std::string name = member.value("name", number < names.size() ? names[number] : "");
      info.members.push_back({name, member.at("weight").get<double>()});
    }
    info.bias = json.at("bias").get<double>();
    info.threshold = json.at("threshold").get<double>();
  } catch (const nlohmann::json::exception&) {
    throw Bad(subject, "it does not say how its networks are fused: " + Shown(text));
  }
  if (json.contains("calibration")) {
    info.calibration = ParseCalibration(json["calibration"]);
    if (!info.calibration) throw Bad(subject, "its calibration is none");
  }
  CheckEnsemble(info, subject);
  return info;
}

void CheckTogether(const std::vector<std::string>& names, const std::vector<const CheckpointInfo*>& infos,
                   const std::vector<int>& frames) {
  const auto words = [&](std::size_t i) {
    std::string clip = "single frames";
    if (frames[i] > 1) {
      clip = fmt::format("windows of {} frames, {} apart", frames[i],
                         std::max(1U, infos[i]->crop.window_stride()));
    }
    const CropSpec& crop = infos[i]->crop;
    if (crop.align() == "tiles") {
      return fmt::format("{} of tiles of {} pixels that overlap by {}", clip,
                         std::lround((1 + crop.margin()) * crop.size()), crop.overlap());
    }
    return crop.detector() == "whole" ? clip + " of whole pictures" : clip;
  };
  for (std::size_t i = 1; i < infos.size(); ++i) {
    if (words(i) == words(0)) continue;
    throw Error(names[i],
                fmt::format("takes {}, and {} takes {}: together they cannot look at the same clips",
                            words(i), names[0], words(0)),
                "score with each by itself");
  }
}

void WriteEnsemble(const fs::path& path, const EnsembleInfo& info, const std::vector<fs::path>& checkpoints) {
  CheckEnsemble(info, path.string());
  if (info.members.size() != checkpoints.size())
    throw Bad(path.string(), fmt::format("{} networks are described, and {} checkpoints are named",
                                         info.members.size(), checkpoints.size()));
  Safetensors file{{}, {{kEnsembleKey, EnsembleJson(info)}}};
  std::vector<CheckpointInfo> infos;
  std::vector<std::string> names;
  std::vector<int> frames;
  for (std::size_t i = 0; i < checkpoints.size(); ++i) {
    const MappedFile checkpoint(checkpoints[i]);
    StoredNetwork network = LoadNetwork(checkpoint.bytes(), checkpoints[i].string());
    infos.push_back(std::move(network.info));
    names.push_back(checkpoints[i].string());
    frames.push_back(network.graph.frames());
    file.tensors[TensorName(i)] =
        CopyTensor(DType::kUint8, {static_cast<std::int64_t>(checkpoint.bytes().size())}, checkpoint.bytes());
  }
  std::vector<const CheckpointInfo*> all;
  for (const CheckpointInfo& each : infos) all.push_back(&each);
  CheckTogether(names, all, frames);
  SaveSafetensors(path, file);
}

EnsembleFile::EnsembleFile(const fs::path& path) : path_(path), file_(std::make_unique<MappedFile>(path)) {
  const std::string subject = path.string();
  const SafetensorsHeader header = ParseSafetensorsHeader(file_->bytes(), subject);
  const auto found = header.metadata.find(kEnsembleKey);
  if (found == header.metadata.end()) throw Error(subject, "is no ensemble", kHint);
  info_ = ParseEnsemble(found->second, subject);
  const std::string_view data = file_->bytes().substr(header.data_offset);
  for (std::size_t i = 0; i < info_.members.size(); ++i) {
    const auto entry = std::find_if(header.tensors.begin(), header.tensors.end(),
                                    [&](const TensorEntry& each) { return each.name == TensorName(i); });
    if (entry == header.tensors.end() || entry->dtype != DType::kUint8)
      throw Bad(subject, fmt::format("the network {} is missing", Shown(info_.members[i].name)));
    checkpoints_.push_back(data.substr(entry->begin, entry->end - entry->begin));
  }
}

EnsembleFile::~EnsembleFile() = default;

std::string EnsembleFile::Subject(std::size_t i) const {
  return fmt::format("{} ({})", path_.string(), info_.members.at(i).name);
}

bool IsEnsemble(const fs::path& path) {
  try {
    const MappedFile file(path);
    return LooksLikeSafetensors(file.bytes()) &&
           ParseSafetensorsHeader(file.bytes(), path.string()).metadata.count(kEnsembleKey) > 0;
  } catch (const Error&) {
    return false;  // what is wrong with it is told by who reads it
  }
}

}  // namespace seam

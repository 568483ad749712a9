#include "serve/model_json.h"

#include <fmt/format.h>

#include "base/sha256.h"
#include "models/zoo/ensemble_file.h"
#include "models/zoo/stored_network.h"

namespace seam::serve {

namespace {

// Of an ensemble what its first network looks at, and how the fused score is read.
CheckpointInfo ReadInfo(const std::filesystem::path& path) {
  if (!IsEnsemble(path)) return LoadNetwork(path).info;
  const EnsembleFile file(path);
  CheckpointInfo info = LoadNetwork(file.Checkpoint(0), file.Subject(0)).info;
  info.model = fmt::format("ensemble of {} networks", file.info().members.size());
  info.threshold = file.info().threshold;
  info.calibration = file.info().calibration;
  info.metrics = "{}";
  return info;
}

}  // namespace

nlohmann::ordered_json ModelJson(const ServedModel& model) {
  const CheckpointInfo info = ReadInfo(model.file);
  nlohmann::ordered_json json = {{"name", model.name},
                                 {"file", model.file.filename().string()},
                                 {"sha256", Sha256OfFile(model.file)},
                                 {"network", info.model},
                                 {"threshold", info.threshold},
                                 {"notice", info.notice},
                                 {"face_pixels", info.crop.size()},
                                 {"metrics", nlohmann::ordered_json::parse(info.metrics, nullptr, false)}};
  if (json["metrics"].is_discarded()) json["metrics"] = nullptr;
  if (info.calibration) {
    json["band"] = {info.calibration->band_low, info.calibration->band_high};
    json["calibrated_on"] = {{"real", info.calibration->real}, {"fake", info.calibration->fake}};
  } else {
    json["band"] = nullptr;
    json["calibrated_on"] = nullptr;
  }
  return json;
}

}  // namespace seam::serve

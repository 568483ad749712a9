#include "serve/model_json.h"

#include "base/sha256.h"
#include "models/networks/stored_network.h"

namespace seam::serve {

nlohmann::ordered_json ModelJson(const ServedModel& model) {
  const CheckpointInfo info = LoadNetwork(model.file).info;
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

#include "tests/infer/checkpoint.h"

#include <ATen/Context.h>

#include "models/checkpoint.h"

namespace seam {

std::filesystem::path MakeCheckpoint(const std::filesystem::path& path) {
  at::manual_seed(3);
  CheckpointInfo info;
  info.model = "meso4";
  info.crop.set_size(256);
  info.crop.set_margin(0.3);
  info.crop.set_align("none");
  info.crop.set_detector("hog");
  info.crop.set_detect_size(400);
  info.crop.set_encoding("jpeg");
  info.crop.set_quality(95);
  info.epoch = 1;
  info.threshold = 0.5;
  info.notice = "random weights";
  SaveCheckpoint(path, *MakeModel("meso4"), info);
  return path;
}

}  // namespace seam

#include "tests/infer/checkpoint.h"

#include <ATen/Context.h>

namespace seam {

std::filesystem::path MakeCheckpoint(const std::filesystem::path& path, const TestCheckpoint& what) {
  at::manual_seed(static_cast<std::uint64_t>(what.seed));
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
  info.calibration = what.calibration;
  info.notice = "random weights";
  ModelOptions options;
  if (what.window > 1) {
    options.temporal.head = "lstm";
    options.temporal.frames = what.window;
    options.temporal.hidden = 8;
    info.crop.set_window_stride(static_cast<std::uint32_t>(what.window_step));
  }
  SaveCheckpoint(path, *MakeModel(options), info);
  return path;
}

}  // namespace seam

#pragma once

#include <filesystem>

#include <opencv2/core.hpp>

#include "extract/media/media_limits.h"

namespace seam {

// Reads the pictures that spectra are taken of. JPEG and PNG are decoded by libjpeg-turbo and libpng, as
// published features were: FFmpeg's JPEG differs in the last bit. All else goes to the isolated decoder.
// Any thread.
class PictureReader {
 public:
  explicit PictureReader(MediaLimits limits = {});

  // 8-bit grey or RGB, upright. Grey of a JPEG is its luma plane. An Error names the file.
  cv::Mat Read(const std::filesystem::path& path, bool grey) const;

 private:
  MediaLimits limits_;
};

}  // namespace seam

#pragma once

#include <opencv2/core.hpp>

#include "extract/av.h"

namespace seam {

// The quarter turns and flips that a display matrix asks for: transpose first, then the flips.
struct Orientation {
  bool transpose = false, flip_x = false, flip_y = false;
};

// Of a display matrix as libavutil/display.h describes it (nine 16.16 numbers); angles between are rounded to
// the nearest quarter. None for nullptr.
Orientation OrientationOf(const std::int32_t* display_matrix);

// Turns decoded frames of one video into upright 8-bit RGB. One thread.
class PictureConverter {
 public:
  // `orientation` is the stream's; a frame that carries a display matrix of its own (pictures with EXIF)
  // wins.
  explicit PictureConverter(Orientation orientation) : orientation_(orientation) {}

  // `frame` as RGB [height, width, 3], upright. The colour matrix and range are the frame's own; where it
  // does not say, BT.709 from 1280 columns or more than 576 lines on and BT.601 below. Alpha is dropped.
  cv::Mat Convert(const AVFrame& frame);

 private:
  Orientation orientation_;
  AvPtr<SwsContext> scaler_;
};

}  // namespace seam

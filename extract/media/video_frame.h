#pragma once

#include <cstdint>
#include <memory>

#include <opencv2/core.hpp>

struct AVFrame;

namespace seam {

// The quarter turns and flips that a display matrix asks for: transpose first, then the flips.
struct Orientation {
  bool transpose = false, flip_x = false, flip_y = false;
  bool operator==(const Orientation&) const = default;
};

// Of a display matrix as libavutil/display.h describes it (nine 16.16 numbers); angles between are rounded to
// the nearest quarter. None for nullptr.
Orientation ReadOrientation(const std::int32_t* display_matrix);

// `second` done after `first`.
Orientation Combined(Orientation first, Orientation second);

// How a film's brightness is coded: as always, or for screens that show more (high dynamic range).
enum class DynamicRange : std::uint8_t { kStandard, kPq, kHlg };

// A frame that another process holds. Any thread may use one.
class DistantFrame {
 public:
  virtual ~DistantFrame() = default;
  virtual cv::Size size() const = 0;
  virtual DynamicRange dynamic_range() const = 0;
  // What VideoFrame::Turned(turn) gives.
  virtual cv::Mat Part(Orientation turn, const cv::Rect& area) const = 0;
  virtual cv::Mat Shrunk(Orientation turn, int side) const = 0;
};

// A frame as it is shown: upright, with square pixels. It becomes 8-bit RGB only where and as large as it is
// asked for, since that costs more than finding a face in it. Copies share the decoder's memory; any thread
// may use one.
//
// The colour matrix and range are the frame's own; where it does not say, BT.709 from 1280 columns or more
// than 576 lines on and BT.601 below. Alpha is dropped. High dynamic range is mapped to the standard one
// (tone_mapping.h). What cannot be converted is an Error.
class VideoFrame {
 public:
  VideoFrame() = default;
  // RGB [height, width, 3].
  VideoFrame(cv::Mat picture);  // NOLINT(google-explicit-constructor): a picture is a frame
  // `orientation` is the stream's; a frame that carries a display matrix of its own (pictures with EXIF)
  // wins. `pixel_aspect` is the width of a stored pixel in heights: its columns are stretched by it.
  VideoFrame(std::shared_ptr<const AVFrame> frame, Orientation orientation, double pixel_aspect);
  explicit VideoFrame(std::shared_ptr<const DistantFrame> frame);

  const cv::Size& size() const { return size_; }
  // As it is stored: Picture() is always of standard range.
  DynamicRange dynamic_range() const;
  // The frame turned further.
  VideoFrame Turned(Orientation turn) const;

  // All of it, RGB [height, width, 3].
  cv::Mat Picture() const { return Part({{}, size_}); }
  // Picture()(area), bit by bit; `area` must lie inside.
  cv::Mat Part(const cv::Rect& area) const;
  // The whole made smaller by area averaging, so that its longer side is at most `side`.
  cv::Mat Shrunk(int side) const;
  // The size of that.
  static cv::Size ShrunkSize(const cv::Size& size, int side);

 private:
  // The size before turning.
  cv::Size Unturned(const cv::Size& size) const {
    return orientation_.transpose ? cv::Size(size.height, size.width) : size;
  }
  cv::Rect Unturned(const cv::Rect& area) const;
  // Whether a part of the stored frame is converted to the same pixels as that part of the whole.
  bool IsCuttable() const;

  cv::Mat picture_;
  std::shared_ptr<const AVFrame> frame_;
  std::shared_ptr<const DistantFrame> distant_;
  Orientation orientation_;  // of a distant frame: how it was turned here
  cv::Size size_;
};

}  // namespace seam

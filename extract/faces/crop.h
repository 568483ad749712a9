#pragma once

#include <array>
#include <string>

#include <opencv2/core.hpp>

#include "base/options.h"
#include "extract/faces/face_detector.h"
#include "extract/media/video_frame.h"
#include "proto/clip.pb.h"

namespace seam {

struct CropOptions {
  double margin = 0.3;
  int size = 256;
  std::string align = "none";
  double overlap = 0;  // of "tiles": neighbours share at least this part of a tile's side
  void Register(Options* options);
  void Check() const;
};

// The picture of `face` as `options` say: the square around its box ("none"), aligned by its landmarks
// ("similarity"), or twice the box as "shorter" of whole_picture.h cuts it ("portrait"). Of whole pictures
// what whole_picture.h says; of "tiles" the box is the tile. What lies outside `frame` is black; of a
// portrait it is left out. This is the only way from a face to what a network sees, in training and in
// inference.
cv::Mat CropFace(const VideoFrame& frame, const Face& face, const CropOptions& options);

// Where the five landmarks of `face`, which must have them, lie in that picture: in its pixels, to about one
// of them; of "portrait" only where twice the box lies within the frame.
std::array<cv::Point2f, 5> LandmarksInCrop(const Face& face, const CropOptions& options);

// The square around `box`, of side (1 + margin) * the box's longer side, as size x size RGB: by area
// averaging when it shrinks, bilinear when it grows.
cv::Mat CropSquare(const VideoFrame& frame, const cv::Rect2f& box, double margin, int size);

// The face rotated, scaled and moved, never mirrored or sheared. Its five landmarks then lie as near as
// possible, by least squares, to those of ArcFace's template of 112 x 112 pixels (InsightFace,
// face_align.py). The template's point p comes to s * (p - 56) + size / 2 with s = size / (112 * (1 +
// margin)): a margin of 0 is the usual aligned face made `size` pixels wide, a greater one shows as much more
// around the same centre. Bilinear, averaged when it shrinks. Landmarks that all coincide say nothing: then
// it is CropSquare().
cv::Mat CropAligned(const VideoFrame& frame, const Face& face, double margin, int size);

}  // namespace seam

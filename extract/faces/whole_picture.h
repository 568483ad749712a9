#pragma once

#include <memory>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "extract/faces/face_detector.h"

namespace seam {

// Pictures that no face is cut out of, since all of them was made by a machine. The detector "whole" finds
// one thing in every frame, the frame, and CropOptions::align says what of it the network sees.
inline constexpr const char* kWholePicture = "whole";

class WholePicture : public FaceDetector {
 public:
  explicit WholePicture(const DetectorSettings& settings);
  std::vector<Face> Detect(const cv::Mat& picture) override;
};

// The ways to bring a picture to size x size. As torchvision does it on Pillow's pictures: bilinear, smoothed
// where it shrinks.
//
//   centre   the middle, in its own pixels; black around where the picture is smaller (CenterCrop)
//   shorter  the middle of the picture whose shorter side became (1 + margin) * size (Resize, CenterCrop)
//   square   all of it, squeezed (Resize to a square)
const std::vector<std::string>& WholePictureAligns();
bool IsWholePictureAlign(const std::string& align);

// A fourth way, "tiles", takes all of a large picture in its own pixels: it is covered by squares, and each
// is a thing that the detector finds. See TilesIn().
inline constexpr const char* kTiles = "tiles";

// lround((1 + margin) * size), in pixels of the picture.
int TileSide(double margin, int size);
// The tiles of a picture, row by row: squares of that side. Along each side the first
// and the last touch the picture's ends, and the others lie evenly between. They are as few as let neighbours
// share `overlap` of a tile's side. A picture that is smaller than a tile has one along that side, which
// holds all of it.
std::vector<cv::Rect> TilesIn(const cv::Size& picture, double margin, int size, double overlap);
// What the network sees of a tile, the part of a picture that TilesIn() says: in its own pixels, with black
// around where the picture is smaller than a tile, and resized where `margin` is not 0.
cv::Mat CutTile(const cv::Mat& tile, double margin, int size);

// `picture`: 8-bit RGB. `align`: one of the first three.
cv::Mat CutWholePicture(const cv::Mat& picture, const std::string& align, double margin, int size);

// As Pillow resizes with BILINEAR: a triangle as wide as two pixels of the smaller picture, first across,
// then down, rounded to 8 bits after each. `picture`: 8-bit RGB.
cv::Mat ResizeAsPillow(const cv::Mat& picture, const cv::Size& size);

}  // namespace seam

#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include <opencv2/core.hpp>

#include "train/data/face_points.h"

namespace seam {

// Where one picture of a face is blended into another: a soft mask made of the face's landmarks, as in
// self-blended images (Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022,
// section 3.2). Lengths are in widths of the face (of its 68 points), so that neither the crop's size nor its
// margin matters; the numbers are the published ones, for a face that takes half of the picture's width.

// Which parts of the face the mask covers; the shapes' points are our own.
enum class MaskShape {
  kHull,      // the convex hull of all points
  kForehead,  // the same with the brows pushed up to the middle of the forehead
  kParts,     // halves of the jaw, cheeks, eyes with brows and nose, each a hull of its own
  kFeatures,  // what lies below the eyes, the eyes with brows, and the ridge of the nose
  kLower,     // the hull of the jaw up to the ridge of the nose; DrawMask() draws none of it
};
constexpr int kMaskShapes = 4;  // that DrawMask() draws

// What is drawn for one mask.
struct MaskDraw {
  MaskShape shape = MaskShape::kHull;
  double scale = 1;            // of the mask, and of the picture blended in, around the face's middle
  double x = 0, y = 0;         // how far both are moved
  std::uint64_t field = 0;     // seed of the deformation
  double erosion = 0;          // width of the square that the mask is worn off with
  double blur = 0, sigma = 0;  // width and sigma of the Gaussian that softens it
  bool operator==(const MaskDraw&) const = default;
};
MaskDraw DrawMask(std::mt19937_64* engine);

// The masks of a clip, of one draw: each lies where its frame's points lie.
class BlendMask {
 public:
  // `size`: of the crops, in pixels. At least one frame.
  BlendMask(const MaskDraw& draw, const std::vector<FacePoints>& points, int size);

  // [size, size] uint8: 255 where all of the other picture shows.
  cv::Mat Mask(std::size_t frame) const;
  const FacePoints& Points(std::size_t frame) const { return points_[frame]; }
  // How the picture blended in is scaled and moved: from its pixels to the crop's.
  cv::Matx23d Move(std::size_t frame) const;

 private:
  cv::Mat Shape(std::size_t frame) const;
  cv::Mat Deformed(const cv::Mat& shape, std::size_t frame) const;

  MaskDraw draw_;
  std::vector<FacePoints> points_;
  std::vector<cv::Point2d> middles_;  // of the frames' points
  cv::Point2d middle_;                // of all
  int size_, small_size_;             // of the crop; of the picture that the mask is made in
  double small_;                      // pixels of the latter in one of the crop
  double face_;                       // width of the face in pixels of the small picture
  cv::Mat field_;                     // of displacements, by kFieldStep, in pixels of the small picture
};

}  // namespace seam

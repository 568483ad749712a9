#include "extract/faces/crop.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "extract/faces/whole_picture.h"
#include "proto/crop_spec.h"

namespace seam {
namespace {

// Of the eyes, the nose and the corners of the mouth in a picture of 112 x 112: `arcface_src` in
// InsightFace's python-package/insightface/utils/face_align.py.
constexpr double kTemplateSide = 112;
const std::array<std::complex<double>, 5> kTemplate = {
    {{38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}}};

// Where the template's point comes to in an aligned crop.
std::complex<double> InAlignedCrop(const std::complex<double>& point, double margin, int size) {
  const double scale = size / (kTemplateSide * (1 + margin));
  return scale * (point - std::complex<double>(56, 56)) + std::complex<double>(size / 2.0, size / 2.0);
}

// A turn and scale (the factor) and a shift of the plane: to = turn * from + shift.
struct Similarity {
  std::complex<double> turn, shift;
};

// The one that brings `from` nearest to `to` in the sum of squares: Umeyama, "Least-squares estimation of
// transformation parameters between two point patterns" (1991), equation 42, which in the plane and without
// mirroring is one complex division. Zero where all of `from` is one point.
Similarity Fit(const std::array<std::complex<double>, 5>& from,
               const std::array<std::complex<double>, 5>& to) {
  std::complex<double> from_centre, to_centre, product;
  for (std::size_t i = 0; i < from.size(); ++i) {
    from_centre += from[i] / 5.0;
    to_centre += to[i] / 5.0;
  }
  double spread = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    product += (to[i] - to_centre) * std::conj(from[i] - from_centre);
    spread += std::norm(from[i] - from_centre);
  }
  constexpr double kLeastSpread = 1e-3;  // square pixels
  if (!(spread > kLeastSpread) || !std::isfinite(spread)) return {};
  const std::complex<double> turn = product / spread;
  return {turn, to_centre - turn * from_centre};
}

// `square` of the frame, black where it lies outside.
cv::Mat Cut(const VideoFrame& frame, const cv::Rect& square) {
  const cv::Rect inside = square & cv::Rect({}, frame.size());
  if (inside == square) return frame.Part(square);
  cv::Mat cut = cv::Mat::zeros(square.size(), CV_8UC3);
  if (!inside.empty()) frame.Part(inside).copyTo(cut(inside - square.tl()));
  return cut;
}

// A face may come out of a network: the side of its crop is kept within what a frame can hold.
double LongestSide(const VideoFrame& frame) {
  return 2.0 * std::max(frame.size().width, frame.size().height);
}

cv::Rect SquareAround(const cv::Point2d& centre, int side) {
  return {cvRound(centre.x - side / 2.0), cvRound(centre.y - side / 2.0), side, side};
}

// The frame within a box of the same middle, as wide and as high again as `box` (RetinaFace's
// expand_face_area of 100). What lies beyond the frame is left out.
constexpr const char* kPortrait = "portrait";
cv::Rect PortraitBox(const cv::Size& frame, const cv::Rect2f& box) {
  const double longest = 2.0 * std::max(frame.width, frame.height);
  const auto side = [&](double length) { return std::max(1, cvRound(std::clamp(2 * length, 1.0, longest))); };
  const int width = side(box.width), height = side(box.height);
  const cv::Rect grown(cvRound(box.x + box.width / 2.0 - width / 2.0),
                       cvRound(box.y + box.height / 2.0 - height / 2.0), width, height);
  const cv::Rect inside = grown & cv::Rect({}, frame);
  return inside.empty() ? cv::Rect({}, frame) : inside;
}

cv::Mat ShrunkBy(int factor, const cv::Mat& picture) {
  if (factor == 1) return picture;
  cv::Mat small;
  cv::resize(picture, small, {std::max(1, picture.cols / factor), std::max(1, picture.rows / factor)}, 0, 0,
             cv::INTER_AREA);
  return small;
}

}  // namespace

void CropOptions::Register(Options* options) {
  options->Add("margin", &margin, "the crop's side is 1 + margin times the face's longer side",
               Between(0, 10, "0.3 is usual"));
  options->Add("size", &size, "side of the crops in pixels", Between(16, 2048, "256 is usual"));
  options->Add(
      "align", &align,
      "similarity: turn and scale faces so that eyes, nose and mouth fit a template; portrait: twice "
      "the box, then as shorter; of whole "
      "pictures the middle in its own pixels (centre) or after the shorter side became 1 + margin "
      "times the size (shorter), all, squeezed (square), or all, cut into tiles of 1 + margin times the "
      "size (tiles)",
      {"none", "similarity", "portrait", "centre", "shorter", "square", "tiles"});
  options->Add("overlap", &overlap, "of tiles: neighbours share at least this part of a tile's side",
               Between(0, kMostOverlap, "0.25 is usual"));
}

void CropOptions::Check() const { CheckDeclared(*this); }

cv::Mat CropFace(const VideoFrame& frame, const Face& face, const CropOptions& options) {
  if (options.align == kTiles)
    return CutTile(frame.Part(cv::Rect(face.box) & cv::Rect({}, frame.size())), options.margin, options.size);
  if (IsWholePictureAlign(options.align))
    return CutWholePicture(frame.Picture(), options.align, options.margin, options.size);
  if (options.align == kPortrait) {
    return CutWholePicture(frame.Part(PortraitBox(frame.size(), face.box)), "shorter", options.margin,
                           options.size);
  }
  return options.align == "similarity" && face.has_landmarks
             ? CropAligned(frame, face, options.margin, options.size)
             : CropSquare(frame, face.box, options.margin, options.size);
}

std::array<cv::Point2f, 5> LandmarksInCrop(const Face& face, const CropOptions& options) {
  std::array<cv::Point2f, 5> points = face.landmarks;
  const double half = options.size / 2.0;
  const cv::Point2d centre(face.box.x + face.box.width / 2.0, face.box.y + face.box.height / 2.0);
  const double side =
      options.align == kPortrait
          ? 2.0 * std::min(face.box.width, face.box.height) / (1 + options.margin)
          : (1 + options.margin) * static_cast<double>(std::max(face.box.width, face.box.height));
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::complex<double> aligned = InAlignedCrop(kTemplate[i], options.margin, options.size);
    const cv::Point2d point =
        options.align == "similarity"
            ? cv::Point2d(aligned.real(), aligned.imag())
            : (cv::Point2d(points[i]) - centre) * (options.size / side) + cv::Point2d(half, half);
    points[i] = point;
  }
  return points;
}

cv::Mat CropSquare(const VideoFrame& frame, const cv::Rect2f& box, double margin, int size) {
  const double wanted = (1 + margin) * static_cast<double>(std::max(box.width, box.height));
  const int side = std::max(1, cvRound(std::clamp(wanted, 1.0, LongestSide(frame))));
  const cv::Point2d centre(box.x + box.width / 2.0, box.y + box.height / 2.0);
  const cv::Mat cut = Cut(frame, SquareAround(centre, side));
  cv::Mat crop;
  cv::resize(cut, crop, {size, size}, 0, 0, side > size ? cv::INTER_AREA : cv::INTER_LINEAR);
  return crop;
}

cv::Mat CropAligned(const VideoFrame& frame, const Face& face, double margin, int size) {
  std::array<std::complex<double>, 5> points, wanted;
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i] = {face.landmarks[i].x, face.landmarks[i].y};
    wanted[i] = InAlignedCrop(kTemplate[i], margin, size);
  }
  const Similarity fit = Fit(points, wanted);
  const double grown = std::abs(fit.turn);
  if (!(grown * LongestSide(frame) >= size)) return CropSquare(frame, face.box, margin, size);

  // Around the turned square of the frame that becomes the crop.
  const std::complex<double> half(size / 2.0, size / 2.0), centre = (half - fit.shift) / fit.turn;
  constexpr double kFarAway = 1e6;
  if (!(std::abs(centre) < kFarAway)) return cv::Mat::zeros(size, size, CV_8UC3);
  const int side = cvCeil(size / grown * std::sqrt(2.0)) + 4;
  const cv::Rect around = SquareAround({centre.real(), centre.imag()}, side) & cv::Rect({}, frame.size());
  if (around.empty()) return cv::Mat::zeros(size, size, CV_8UC3);
  const cv::Mat cut = ShrunkBy(std::max(1, cvFloor(1 / grown)), frame.Part(around));
  const double across = static_cast<double>(cut.cols) / around.width,
               down = static_cast<double>(cut.rows) / around.height;

  // Drawn twice as large where it still shrinks, and averaged. The centre of a pixel lies half a pixel from
  // its corner, where warpAffine() counts from.
  const int finer = grown < 1 ? 2 : 1;
  const std::complex<double> turn = fit.turn * static_cast<double>(finer);
  const std::complex<double> first(around.x + 0.5 / across, around.y + 0.5 / down);
  const std::complex<double> shift =
      turn * first + fit.shift * static_cast<double>(finer) - std::complex<double>(0.5, 0.5);
  const cv::Matx23d matrix(turn.real() / across, -turn.imag() / down, shift.real(),  //
                           turn.imag() / across, turn.real() / down, shift.imag());
  cv::Mat crop;
  cv::warpAffine(cut, crop, matrix, cv::Size(size, size) * finer, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
  if (finer > 1) cv::resize(crop, crop, {size, size}, 0, 0, cv::INTER_AREA);
  return crop;
}

}  // namespace seam

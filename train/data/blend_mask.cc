#include "train/data/blend_mask.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "base/random.h"

namespace seam {
namespace {

using Hull = std::vector<std::size_t>;  // numbers of points

// The face in the small picture is so many pixels wide, as in the published pictures of 192 to 256 pixels.
constexpr double kFaceWidth = 112;
// Pixels of the small picture between neighbours in the field of displacements.
constexpr int kFieldStep = 2;

Hull Range(std::size_t first, std::size_t last, const Hull& more = {}) {
  Hull numbers;
  for (std::size_t i = first; i <= last; ++i) numbers.push_back(i);
  numbers.insert(numbers.end(), more.begin(), more.end());
  return numbers;
}

Hull Joined(const Hull& a, const Hull& b) {
  Hull both = a;
  both.insert(both.end(), b.begin(), b.end());
  return both;
}

std::vector<Hull> ListHulls(MaskShape shape) {
  const Hull left_eye = Joined(Range(17, 21), Range(36, 41)),
             right_eye = Joined(Range(22, 26), Range(42, 47));
  switch (shape) {
    case MaskShape::kHull:
    case MaskShape::kForehead:
      break;
    case MaskShape::kParts:
      return {Range(1, 8, {33, 48, 57}),
              Range(8, 15, {33, 54, 57}),        // halves of the jaw, up to the nose
              {0, 1, 2, 3, 31, 36, 39, 40, 41},  // cheeks
              {13, 14, 15, 16, 35, 42, 45, 46, 47},
              left_eye,
              right_eye,
              Range(27, 35),
              {39, 42, 27, 28}};  // between the eyes
    case MaskShape::kFeatures:
      return {Joined(Range(0, 16), Range(31, 35)), left_eye, right_eye, {21, 22, 27, 31, 35, 39, 42}};
    case MaskShape::kLower:
      return {Range(2, 14, {29, 31, 35})};
  }
  return {Range(0, 67)};
}

// The brows move away from the chin, as far as the middle of most foreheads.
void PushUpBrows(FacePoints* points) {
  constexpr float kUp = 0.25F;  // of the way from the chin to the ridge of the nose
  const cv::Point2f up = kUp * ((*points)[27] - (*points)[8]);
  for (std::size_t i = 17; i <= 26; ++i) (*points)[i] += up;
}

cv::Point2d MiddleTime(const cv::Rect2d& bounds) { return (bounds.tl() + bounds.br()) / 2; }

// The odd number nearest to `width`, at least 1.
int Odd(double width) { return 2 * std::max(0, cvRound((width - 1) / 2)) + 1; }

// Smooth noise: displacements of the published alpha 50 and sigma 7 for a picture of 380 pixels, where the
// face is 190 wide. White noise within +-1, smoothed by a Gaussian of sigma s, has the deviation
// 1 / (sqrt(3) * 2 * sqrt(pi) * s).
cv::Mat MakeField(std::uint64_t seed, int side, double face) {
  constexpr double kPublishedFace = 190, kAlpha = 50, kSigma = 7;
  cv::RNG random(seed);
  cv::Mat field(side, side, CV_32FC2);
  random.fill(field, cv::RNG::UNIFORM, -1, 1);
  const double sigma = kSigma / kPublishedFace * face / kFieldStep;
  cv::GaussianBlur(field, field, {}, sigma, sigma, cv::BORDER_REFLECT_101);
  // The noise here has fewer pixels to be averaged over, so its deviation is greater by that ratio.
  field *= kAlpha / kPublishedFace * face * (sigma / kSigma);
  return field;
}

}  // namespace

MaskDraw DrawMask(std::mt19937_64* engine) {
  constexpr double kSide = 2;      // of the published picture, in widths of the face
  constexpr double kHeight = 2.4;  // its height, taking the face to be as high as wide
  MaskDraw draw;
  draw.shape = static_cast<MaskShape>(Draw(engine, kMaskShapes));
  draw.scale = DrawBetween(engine, 0.95, 1 / 0.95);
  draw.x = kSide * DrawBetween(engine, -0.03, 0.03);
  draw.y = kHeight * DrawBetween(engine, -0.015, 0.015);
  draw.field = (*engine)();
  // Kernels of 5, 7 ... 25 pixels in a mask of 192 to 256.
  const double face = DrawBetween(engine, 192, 256) / kSide;
  draw.erosion = (5 + 2 * static_cast<double>(Draw(engine, 11))) / face;
  draw.blur = (5 + 2 * static_cast<double>(Draw(engine, 11))) / face;
  draw.sigma = DrawBetween(engine, 5, 45) / face;
  return draw;
}

BlendMask::BlendMask(const MaskDraw& draw, const std::vector<FacePoints>& points, int size)
    : draw_(draw), points_(points), size_(size) {
  double width = 0;
  for (const FacePoints& face : points_) {
    const cv::Rect2d bounds = FindBounds(face);
    middles_.push_back(MiddleTime(bounds));
    middle_ += middles_.back() / static_cast<double>(points_.size());
    width += bounds.width / static_cast<double>(points_.size());
  }
  small_ = std::min(1.0, kFaceWidth / std::max(1.0, width));
  face_ = small_ * width;
  small_size_ = std::max(1, cvRound(small_ * size_));
  field_ = MakeField(draw_.field, small_size_ / kFieldStep + 1, face_);
}

cv::Matx23d BlendMask::Move(std::size_t frame) const {
  const cv::Point2d moved(draw_.x * face_ / small_, draw_.y * face_ / small_);
  const cv::Point2d shift = middles_[frame] * (1 - draw_.scale) + moved;
  return {draw_.scale, 0, shift.x, 0, draw_.scale, shift.y};
}

// [small, small] uint8, 0 and 255.
cv::Mat BlendMask::Shape(std::size_t frame) const {
  constexpr int kFractionBits = 4;
  FacePoints points = points_[frame];
  if (draw_.shape == MaskShape::kForehead) PushUpBrows(&points);
  const cv::Matx23d move = Move(frame);
  cv::Mat shape = cv::Mat::zeros(small_size_, small_size_, CV_8U);
  for (const Hull& numbers : ListHulls(draw_.shape)) {
    std::vector<cv::Point> corners, hull;
    for (const std::size_t number : numbers) {
      const cv::Vec2d moved = move * cv::Vec3d(points[number].x, points[number].y, 1);
      // The centre of a pixel lies half a pixel from its corner, which scaling keeps in place.
      const cv::Vec2d small = (moved + cv::Vec2d::all(0.5)) * small_ - cv::Vec2d::all(0.5);
      corners.emplace_back(cvRound(small[0] * (1 << kFractionBits)),
                           cvRound(small[1] * (1 << kFractionBits)));
    }
    cv::convexHull(corners, hull);
    cv::fillConvexPoly(shape, hull, cv::Scalar::all(255), cv::LINE_8, kFractionBits);
  }
  return shape;
}

// The field moves with the face, so that a window's masks have the same edge.
cv::Mat BlendMask::Deformed(const cv::Mat& shape, std::size_t frame) const {
  const cv::Point2d offset = (middles_[frame] - middle_) * small_;
  const double step = 1.0 / kFieldStep;
  const cv::Matx23d to_field(step, 0, -offset.x * step, 0, step, -offset.y * step);
  cv::Mat map;
  cv::warpAffine(field_, map, to_field, shape.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_REFLECT_101);
  for (int y = 0; y < map.rows; ++y) {
    auto* row = map.ptr<cv::Vec2f>(y);
    for (int x = 0; x < map.cols; ++x) row[x] += cv::Vec2f(static_cast<float>(x), static_cast<float>(y));
  }
  cv::Mat deformed;
  cv::remap(shape, deformed, map, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return deformed;
}

// Published as: blur, set what is below 1 to 0, blur again. A Gaussian of k pixels stays at 1 just where all
// of k x k is 1, which is an erosion. Where the face is cut off by the crop, the crop's border is no edge.
cv::Mat BlendMask::Mask(std::size_t frame) const {
  const cv::Mat sharp = Deformed(Shape(frame), frame) == 255;
  const int worn = Odd(draw_.erosion * face_), blur = Odd(draw_.blur * face_);
  cv::Mat mask;
  cv::erode(sharp, mask, cv::Mat(), {-1, -1}, worn / 2);
  constexpr int kLeast = 4;
  if (cv::countNonZero(mask) * kLeast < cv::countNonZero(sharp)) mask = sharp;  // too thin to be worn off
  const double sigma = std::max(draw_.sigma * face_, 0.1);
  cv::GaussianBlur(mask, mask, {blur, blur}, sigma, sigma, cv::BORDER_REPLICATE);
  double most = 0;
  cv::minMaxLoc(mask, nullptr, &most);
  if (most > 0) mask.convertTo(mask, CV_8U, 255 / most);
  cv::Mat whole;
  cv::resize(mask, whole, {size_, size_}, 0, 0, cv::INTER_LINEAR);
  return whole;
}

}  // namespace seam

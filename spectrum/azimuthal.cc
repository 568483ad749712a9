#include "spectrum/azimuthal.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "transforms/fourier.h"

namespace seam {
namespace {

constexpr double kOffset = 1e-8;  // keeps the logarithm finite

// Which ring each coefficient belongs to, for pictures of one size.
struct Rings {
  // [height * width], in the order of the transform: frequency 0 first.
  std::vector<std::int32_t> ring;
  std::vector<double> pixels;  // of each ring
  std::size_t last = 0;        // that holds a pixel
};

std::shared_ptr<const Rings> MakeRings(int height, int width) {
  auto rings = std::make_shared<Rings>();
  rings->ring.resize(static_cast<std::size_t>(height) * static_cast<std::size_t>(width));
  const double middle_y = (height - 1) / 2.0, middle_x = (width - 1) / 2.0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      // Where the shifted spectrum has this coefficient.
      const int shifted_y = Shifted(y, height), shifted_x = Shifted(x, width);
      const auto ring = static_cast<std::size_t>(std::hypot(shifted_x - middle_x, shifted_y - middle_y));
      rings->ring[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)] = static_cast<std::int32_t>(ring);
      if (ring >= rings->pixels.size()) rings->pixels.resize(ring + 1);
      ++rings->pixels[ring];
      rings->last = std::max(rings->last, ring);
    }
  }
  return rings;
}

// Made once a size: folders of pictures mostly have one.
std::shared_ptr<const Rings> FindRings(int height, int width) {
  static std::mutex mutex;
  static std::map<std::pair<int, int>, std::shared_ptr<const Rings>> made;
  constexpr std::size_t kMaxSizes = 64;
  {
    const std::lock_guard lock(mutex);
    const auto found = made.find({height, width});
    if (found != made.end()) return found->second;
  }
  auto rings = MakeRings(height, width);
  const std::lock_guard lock(mutex);
  if (made.size() >= kMaxSizes) made.clear();
  return made[{height, width}] = std::move(rings);
}

double ComputeLog(const cv::Vec2d& coefficient) {
  const double real = coefficient[0] + kOffset, imaginary = coefficient[1];
  return 10 * std::log(real * real + imaginary * imaginary);
}

// The spline's slopes at its knots, which lie 1 apart: s[i-1] + 4 s[i] + s[i+1] = 3 (y[i+1] - y[i-1]) inside;
// at the ends the third derivative is continuous at the second knot, which gives s[0] + 2 s[1] = (5 d[0] +
// d[1]) / 2 with the differences d.
std::vector<double> Slopes(std::span<const double> y) {
  const std::size_t n = y.size();
  std::vector<double> upper(n), slope(n);
  upper[0] = 2;
  slope[0] = (5 * (y[1] - y[0]) + (y[2] - y[1])) / 2;
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const double pivot = 4 - upper[i - 1];
    upper[i] = 1 / pivot;
    slope[i] = (3 * (y[i + 1] - y[i - 1]) - slope[i - 1]) / pivot;
  }
  const double end = (5 * (y[n - 1] - y[n - 2]) + (y[n - 2] - y[n - 3])) / 2;
  slope[n - 1] = (end - 2 * slope[n - 2]) / (1 - 2 * upper[n - 2]);
  for (std::size_t i = n - 1; i-- > 0;) slope[i] -= upper[i] * slope[i + 1];
  return slope;
}

}  // namespace

cv::Mat LogMagnitude(const cv::Mat& grey) {
  const cv::Mat transform = ComputeFourier(grey);
  cv::Mat result(grey.size(), CV_64F);
  for (int y = 0; y < grey.rows; ++y) {
    auto* to = result.ptr<double>(Shifted(y, grey.rows));
    for (int x = 0; x < grey.cols; ++x) to[Shifted(x, grey.cols)] = ComputeLog(transform.at<cv::Vec2d>(y, x));
  }
  return result;
}

std::vector<double> AzimuthalMean(const cv::Mat& grey) {
  if (grey.empty()) return {};
  const int height = grey.rows, width = grey.cols;
  const auto rings = FindRings(height, width);
  if (rings->last < 2) return {};
  const cv::Mat transform = ComputeFourier(grey);
  std::vector<double> sums(rings->pixels.size());
  // The transform of real numbers is its own mirror image, so that half of the logarithms are enough.
  for (int y = 0; y < height; ++y) {
    const auto* row = transform.ptr<cv::Vec2d>(y);
    const auto* ring = &rings->ring[static_cast<std::size_t>(y) * static_cast<std::size_t>(width)];
    const int mirrored = y == 0 ? 0 : height - y;
    const auto* mirror = &rings->ring[static_cast<std::size_t>(mirrored) * static_cast<std::size_t>(width)];
    for (int x = 0; x <= width / 2; ++x) {
      const double value = ComputeLog(row[x]);
      sums[static_cast<std::size_t>(ring[x])] += value;
      const int other = x == 0 ? 0 : width - x;
      if (other > width / 2) sums[static_cast<std::size_t>(mirror[other])] += value;
    }
  }
  std::vector<double> means;
  means.reserve(rings->last - 1);
  for (std::size_t ring = 1; ring < rings->last; ++ring) means.push_back(sums[ring] / rings->pixels[ring]);
  return means;
}

std::vector<double> ResampleSpline(std::span<const double> values, std::size_t count) {
  const std::size_t n = values.size();
  if (n < 4 || count < 1) return {};
  const std::vector<double> slopes = Slopes(values);
  std::vector<double> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double place =
        count == 1 ? 0 : static_cast<double>(i) * static_cast<double>(n - 1) / static_cast<double>(count - 1);
    const std::size_t knot = std::min(static_cast<std::size_t>(place), n - 2);
    const double t = place - static_cast<double>(knot), rise = values[knot + 1] - values[knot];
    // The cubic of Hermite's form.
    const double a = slopes[knot], b = slopes[knot + 1];
    result[i] = values[knot] + t * (a + t * (3 * rise - 2 * a - b + t * (a + b - 2 * rise)));
  }
  return result;
}

cv::Mat CentralThird(const cv::Mat& picture) {
  const int y = picture.rows / 3, x = picture.cols / 3;
  return picture(cv::Range(y, picture.rows - y), cv::Range(x, picture.cols - x));
}

std::vector<double> AzimuthalFeatures(const cv::Mat& grey, std::size_t count) {
  std::vector<double> mean = AzimuthalMean(grey);
  if (count == 0) return mean;
  std::vector<double> features = ResampleSpline(mean, count);
  if (features.empty()) return features;
  const double first = features[0];
  for (double& value : features) value /= first;
  return features;
}

}  // namespace seam

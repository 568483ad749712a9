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

// Which coefficients each ring holds, for pictures of one size.
struct Rings {
  // Of the numbers of a HalfSpectrum, ring by ring. Those whose mirror images it lacks stand for them, too.
  std::vector<std::int32_t> numbers;
  std::vector<std::size_t> begin;  // of each ring in `numbers`, and its end; the last ring holds a pixel
  std::size_t count() const { return begin.size() - 1; }
};

std::shared_ptr<const Rings> MakeRings(int height, int width, int columns) {
  std::vector<std::vector<std::int32_t>> members;
  const double middle_y = (height - 1) / 2.0, middle_x = (width - 1) / 2.0;
  for (int u = 0; u < width; ++u) {
    for (int v = 0; v < height; ++v) {
      // Where the shifted spectrum has this coefficient.
      const auto ring =
          static_cast<std::size_t>(std::hypot(Shifted(u, width) - middle_x, Shifted(v, height) - middle_y));
      if (ring >= members.size()) members.resize(ring + 1);
      const bool mirrored = v > height / 2;
      members[ring].push_back(mirrored ? (width - u) % width * columns + height - v : u * columns + v);
    }
  }
  auto rings = std::make_shared<Rings>();
  for (const auto& ring : members) {
    rings->begin.push_back(rings->numbers.size());
    rings->numbers.insert(rings->numbers.end(), ring.begin(), ring.end());
  }
  rings->begin.push_back(rings->numbers.size());
  return rings;
}

// Made once a size: folders of pictures mostly have one.
std::shared_ptr<const Rings> FindRings(const HalfSpectrum& half) {
  static std::mutex mutex;
  static std::map<std::pair<int, int>, std::shared_ptr<const Rings>> made;
  constexpr std::size_t kMaxSizes = 64;
  {
    const std::lock_guard lock(mutex);
    const auto found = made.find({half.height, half.width});
    if (found != made.end()) return found->second;
  }
  auto rings = MakeRings(half.height, half.width, half.real.cols);
  const std::lock_guard lock(mutex);
  if (made.size() >= kMaxSizes) made.clear();
  return made[{half.height, half.width}] = std::move(rings);
}

// 20 ln |F + 1e-8|, as the numbers of `half` stand.
void LogMagnitudes(const HalfSpectrum& half, cv::Mat* logs) {
  logs->create(half.real.size(), CV_64F);
  const std::size_t count = half.real.total();
  const auto* real = half.real.ptr<double>();
  const auto* imaginary = half.imaginary.ptr<double>();
  auto* power = logs->ptr<double>();
  for (std::size_t i = 0; i < count; ++i)
    power[i] = (real[i] + kOffset) * (real[i] + kOffset) + imaginary[i] * imaginary[i];
  cv::log(*logs, *logs);
  *logs *= 10;
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
  HalfSpectrum half;
  TransformPicture(grey, &half);
  cv::Mat logs;
  LogMagnitudes(half, &logs);
  return UnfoldSpectrum(logs, grey.rows, grey.cols);
}

std::vector<double> AzimuthalMean(const cv::Mat& grey) {
  if (grey.empty()) return {};
  // Kept from picture to picture, since new memory costs as much as the transform.
  thread_local HalfSpectrum half;
  thread_local cv::Mat logs;
  TransformPicture(grey, &half);
  const auto rings = FindRings(half);
  if (rings->count() < 3) return {};
  LogMagnitudes(half, &logs);
  const auto* values = logs.ptr<double>();
  std::vector<double> means;
  means.reserve(rings->count() - 2);
  for (std::size_t ring = 1; ring + 1 < rings->count(); ++ring) {
    const std::size_t begin = rings->begin[ring], end = rings->begin[ring + 1];
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += values[rings->numbers[i]];
    means.push_back(sum / static_cast<double>(end - begin));
  }
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

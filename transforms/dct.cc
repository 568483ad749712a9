#include "transforms/dct.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <map>
#include <memory>
#include <numbers>
#include <vector>

#include "transforms/column_fourier.h"

namespace seam {
namespace {

constexpr int kLanes = ColumnFourier::kLanes;

// The cosine transform by a Fourier transform of the same length (Makhoul 1980): of the even elements
// followed by the odd ones backwards. X[k] is the real part of exp(-pi i k / 2N) times its coefficient k.
class ColumnDct {
 public:
  explicit ColumnDct(int length)
      : fourier_(ColumnFourier::ForLength(length)), memory_(2 * length, kLanes, CV_64F) {
    for (int k = 0; k < length; ++k) {
      const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / length) / 2;
      const double angle = std::numbers::pi * k / (2.0 * length);
      cosine_.push_back(scale * std::cos(angle));
      sine_.push_back(scale * std::sin(angle));
    }
  }

  // Of the columns of `from` (doubles, one channel). Coefficient k of column c becomes to[place(c) + k *
  // step].
  template <class Place>
  void Transform(const cv::Mat& from, const Place& place, std::ptrdiff_t step, double* to) {
    const int length = fourier_->length();
    double* first = memory_.ptr<double>();
    double* second = memory_.ptr<double>(length);
    for (int x = 0; x < from.cols; x += 2 * kLanes) {
      const int firsts = std::min(kLanes, from.cols - x),
                seconds = std::clamp(from.cols - x - kLanes, 0, kLanes);
      if (seconds < kLanes) memory_.setTo(0);
      for (int i = 0; i < length; ++i) {
        const auto* row = from.ptr<double>(i) + x;
        const std::ptrdiff_t slot =
            std::ptrdiff_t{fourier_->slot(i % 2 == 0 ? i / 2 : length - 1 - i / 2)} * kLanes;
        if (seconds == kLanes) {
          std::memcpy(first + slot, row, sizeof(double) * kLanes);
          std::memcpy(second + slot, row + kLanes, sizeof(double) * kLanes);
        } else {
          std::copy_n(row, firsts, first + slot);
          std::copy_n(row + firsts, seconds, second + slot);
        }
      }
      fourier_->Run(first, second);
      fourier_->RotatePairs(cosine_, sine_, first, second);
      for (int lane = 0; lane < firsts; ++lane) CopyColumn(first + lane, step, to + place(x + lane));
      for (int lane = 0; lane < seconds; ++lane)
        CopyColumn(second + lane, step, to + place(x + firsts + lane));
    }
  }

 private:
  void CopyColumn(const double* from, std::ptrdiff_t step, double* to) const {
    const int length = fourier_->length();
    for (int k = 0; k < length; ++k) to[k * step] = from[std::ptrdiff_t{k} * kLanes];
  }

  std::shared_ptr<const ColumnFourier> fourier_;
  std::vector<double> cosine_, sine_;
  cv::Mat memory_;
};

// Made once for each length on each thread.
ColumnDct& DctForLength(int length) {
  thread_local std::map<int, ColumnDct> made;
  constexpr std::size_t kMostLengths = 16;
  if (made.size() >= kMostLengths && !made.contains(length)) made.clear();
  return made.try_emplace(length, length).first->second;
}

}  // namespace

cv::Mat OrthonormalDct(const cv::Mat& picture) {
  const std::ptrdiff_t height = picture.rows, width = picture.cols, channels = picture.channels();
  cv::Mat result(picture.size(), CV_64FC(picture.channels()));
  if (picture.empty()) return result;
  // Kept from picture to picture, since new memory costs more than the transform.
  thread_local cv::Mat numbers, turned;
  turned.create(picture.cols, picture.channels() * picture.rows, CV_64F);
  picture.reshape(1).convertTo(numbers, CV_64F);
  // Down: each column of a channel becomes part of a row of `turned`, [width, channels, height].
  DctForLength(picture.rows)
      .Transform(
          numbers, [&](std::ptrdiff_t column) { return column * height; }, 1, turned.ptr<double>());
  // Across, and back to [height, width, channels].
  DctForLength(picture.cols)
      .Transform(
          turned, [&](std::ptrdiff_t column) { return column % height * width * channels + column / height; },
          channels, result.ptr<double>());
  return result;
}

void LogScale(cv::Mat* coefficients, double offset) {
  const int numbers = coefficients->cols * coefficients->channels();
  for (int y = 0; y < coefficients->rows; ++y) {
    auto* row = coefficients->ptr<double>(y);
    for (int i = 0; i < numbers; ++i) row[i] = std::abs(row[i]) + offset;
  }
  cv::log(*coefficients, *coefficients);
}

}  // namespace seam

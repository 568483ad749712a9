#include "transforms/fourier.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "transforms/column_fourier.h"

namespace seam {
namespace {

constexpr int kLanes = ColumnFourier::kLanes;

void CopyRow(const double* from, double* to) { std::memcpy(to, from, sizeof(double) * kLanes); }

// Room for columns of complex numbers.
struct Columns {
  cv::Mat memory;
  double *real = nullptr, *imaginary = nullptr;
  explicit Columns(int length) : memory(2 * length, kLanes, CV_64F) {
    real = memory.ptr<double>();
    imaginary = memory.ptr<double>(length);
  }
};

// Writes the transforms of two real columns, a and b, that were transformed as a + ib.
void SplitPair(const Columns& columns, int lane, int height, int a, int b, HalfSpectrum* half) {
  auto* a_real = half->real.ptr<double>(a);
  auto* a_imaginary = half->imaginary.ptr<double>(a);
  auto* b_real = half->real.ptr<double>(b);
  auto* b_imaginary = half->imaginary.ptr<double>(b);
  for (int v = 0; v <= height / 2; ++v) {
    const std::ptrdiff_t z = std::ptrdiff_t{v} * kLanes + lane;
    const std::ptrdiff_t mirror = std::ptrdiff_t{v == 0 ? 0 : height - v} * kLanes + lane;
    const double re = columns.real[z], im = columns.imaginary[z];
    const double mirror_re = columns.real[mirror], mirror_im = columns.imaginary[mirror];
    // b first: a lone column is its own partner.
    b_real[v] = (im + mirror_im) / 2;
    b_imaginary[v] = (mirror_re - re) / 2;
    a_real[v] = (re + mirror_re) / 2;
    a_imaginary[v] = (im - mirror_im) / 2;
  }
  for (int v = height / 2 + 1; v < half->real.cols; ++v)
    a_real[v] = a_imaginary[v] = b_real[v] = b_imaginary[v] = 0;
}

void TransformDown(const cv::Mat& numbers, HalfSpectrum* half) {
  const int height = numbers.rows, width = numbers.cols;
  const auto fourier = ColumnFourier::ForLength(height);
  Columns columns(height);
  for (int x = 0; x < width; x += 2 * kLanes) {
    const int first = std::min(kLanes, width - x), second = std::clamp(width - x - kLanes, 0, kLanes);
    if (second < kLanes) columns.memory.setTo(0);
    for (int y = 0; y < height; ++y) {
      const auto* from = numbers.ptr<double>(y) + x;
      const std::ptrdiff_t to = std::ptrdiff_t{fourier->slot(y)} * kLanes;
      if (second == kLanes) {
        CopyRow(from, columns.real + to);
        CopyRow(from + kLanes, columns.imaginary + to);
      } else {
        std::copy_n(from, first, columns.real + to);
        std::copy_n(from + first, second, columns.imaginary + to);
      }
    }
    fourier->Run(columns.real, columns.imaginary);
    for (int lane = 0; lane < first; ++lane)
      SplitPair(columns, lane, height, x + lane, lane < second ? x + first + lane : x + lane, half);
  }
}

void TransformAcross(HalfSpectrum* half) {
  const int width = half->width;
  const auto fourier = ColumnFourier::ForLength(width);
  Columns columns(width);
  for (int v = 0; v < half->real.cols; v += kLanes) {
    for (int x = 0; x < width; ++x) {
      const std::ptrdiff_t to = std::ptrdiff_t{fourier->slot(x)} * kLanes;
      CopyRow(half->real.ptr<double>(x) + v, columns.real + to);
      CopyRow(half->imaginary.ptr<double>(x) + v, columns.imaginary + to);
    }
    fourier->Run(columns.real, columns.imaginary);
    for (int u = 0; u < width; ++u) {
      const std::ptrdiff_t from = std::ptrdiff_t{u} * kLanes;
      CopyRow(columns.real + from, half->real.ptr<double>(u) + v);
      CopyRow(columns.imaginary + from, half->imaginary.ptr<double>(u) + v);
    }
  }
}

}  // namespace

void TransformPicture(const cv::Mat& grey, HalfSpectrum* half) {
  half->height = grey.rows;
  half->width = grey.cols;
  const int columns = (grey.rows / 2 + kLanes) / kLanes * kLanes;  // height / 2 + 1, rounded up
  half->real.create(grey.cols, columns, CV_64F);
  half->imaginary.create(grey.cols, columns, CV_64F);
  thread_local cv::Mat numbers;
  grey.convertTo(numbers, CV_64F);
  TransformDown(numbers, half);
  TransformAcross(half);
}

cv::Mat UnfoldSpectrum(const cv::Mat& values, int height, int width) {
  cv::Mat plane(height, width, CV_64F);
  for (int v = 0; v < height; ++v) {
    auto* to = plane.ptr<double>(Shifted(v, height));
    for (int u = 0; u < width; ++u) {
      to[Shifted(u, width)] =
          v <= height / 2 ? values.at<double>(u, v) : values.at<double>((width - u) % width, height - v);
    }
  }
  return plane;
}

}  // namespace seam

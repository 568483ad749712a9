#include "spectrum/dct.h"

#include <cmath>
#include <numbers>

namespace seam {
namespace {

// Row k: the weights of coefficient k.
cv::Mat CosineMatrix(int n) {
  cv::Mat matrix(n, n, CV_64F);
  for (int k = 0; k < n; ++k) {
    const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / n);
    for (int i = 0; i < n; ++i)
      matrix.at<double>(k, i) = scale * std::cos(std::numbers::pi * (2 * i + 1) * k / (2.0 * n));
  }
  return matrix;
}

cv::Mat DctOfChannel(const cv::Mat& channel) {
  cv::Mat result;
  if (channel.rows % 2 == 0 && channel.cols % 2 == 0) {
    cv::dct(channel, result);
  } else {  // which OpenCV does not take
    result = CosineMatrix(channel.rows) * channel * CosineMatrix(channel.cols).t();
  }
  return result;
}

}  // namespace

cv::Mat OrthonormalDct(const cv::Mat& picture) {
  cv::Mat numbers;
  picture.convertTo(numbers, CV_64F);
  if (numbers.channels() == 1) return DctOfChannel(numbers);
  std::vector<cv::Mat> channels;
  cv::split(numbers, channels);
  for (cv::Mat& channel : channels) channel = DctOfChannel(channel);
  cv::merge(channels, numbers);
  return numbers;
}

void LogScale(cv::Mat* coefficients, double offset) {
  const int numbers = coefficients->cols * coefficients->channels();
  for (int y = 0; y < coefficients->rows; ++y) {
    auto* row = coefficients->ptr<double>(y);
    for (int i = 0; i < numbers; ++i) row[i] = std::log(std::abs(row[i]) + offset);
  }
}

template <class Number>
void RunningMoments::AddRow(std::span<const Number> row) {
  mean_.resize(row.size());
  squares_.resize(row.size());
  ++count_;
  const double weight = 1.0 / static_cast<double>(count_);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double value = row[i], before = value - mean_[i];
    mean_[i] += before * weight;
    squares_[i] += before * (value - mean_[i]);
  }
}

void RunningMoments::Add(std::span<const double> row) { AddRow(row); }
void RunningMoments::Add(std::span<const float> row) { AddRow(row); }

void RunningMoments::Merge(const RunningMoments& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  const auto mine = static_cast<double>(count_), theirs = static_cast<double>(other.count_);
  for (std::size_t i = 0; i < mean_.size(); ++i) {
    const double apart = other.mean_[i] - mean_[i];
    mean_[i] += apart * theirs / (mine + theirs);
    squares_[i] += other.squares_[i] + apart * apart * mine * theirs / (mine + theirs);
  }
  count_ += other.count_;
}

std::vector<double> RunningMoments::PopulationVariance() const {
  std::vector<double> variance = squares_;
  for (double& value : variance) value /= static_cast<double>(count_);
  return variance;
}

std::vector<double> RunningMoments::PopulationDeviation() const {
  std::vector<double> deviation = PopulationVariance();
  for (double& value : deviation) value = std::sqrt(value);
  return deviation;
}

}  // namespace seam

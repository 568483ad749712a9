#include "transforms/dct.h"

#include <cmath>
#include <numbers>
#include <vector>

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

}  // namespace seam

#include "transforms/fourier.h"

namespace seam {

cv::Mat ComputeFourier(const cv::Mat& grey) {
  cv::Mat numbers, transform;
  grey.convertTo(numbers, CV_64F);
  cv::dft(numbers, transform, cv::DFT_COMPLEX_OUTPUT);
  return transform;
}

}  // namespace seam

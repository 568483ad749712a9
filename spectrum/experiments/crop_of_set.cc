#include "spectrum/experiments/crop_of_set.h"

#include <algorithm>

#include <opencv2/imgproc.hpp>

namespace seam {

cv::Mat CropOfSet(const cv::Mat& picture, const std::string& crop, int size) {
  if (crop == "none") return picture;
  if (crop == "celeba") {
    const int bottom = std::min(185, picture.rows), right = std::min(153, picture.cols);
    if (bottom < size || right < size) return {};
    return picture(cv::Rect(right - size, bottom - size, size, size));
  }
  const int side = std::min(picture.rows, picture.cols);
  const cv::Mat square = picture(cv::Rect((picture.cols - side) / 2, (picture.rows - side) / 2, side, side));
  cv::Mat result;
  cv::resize(square, result, {size, size}, 0, 0, side > size ? cv::INTER_AREA : cv::INTER_LINEAR);
  return result;
}

}  // namespace seam

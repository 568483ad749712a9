#include "extract/faces/thumbnail.h"

#include <opencv2/imgproc.hpp>

namespace seam {

cv::Mat MakeThumbnail(const cv::Mat& picture, int side) {
  cv::Mat grey, look;
  cv::cvtColor(picture, grey, cv::COLOR_RGB2GRAY);
  cv::resize(grey, grey, {side, side}, 0, 0, cv::INTER_AREA);
  grey.convertTo(look, CV_32F);
  look -= cv::mean(look);
  const double length = cv::norm(look);
  return length > 0 ? cv::Mat(look / length) : look;
}

}  // namespace seam

#include "retrieve/corners.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

namespace seam {
namespace {

// Where the pixels of a row of kCornerSide lie between those of one of `size`: centres on half pixels.
struct Place {
  int low = 0, high = 0;
  float part = 0;  // of `high`
};

std::vector<Place> PlacesIn(int size) {
  std::vector<Place> places(kCornerSide);
  const float scale = static_cast<float>(size) / kCornerSide;
  for (int i = 0; i < kCornerSide; ++i) {
    const float at = std::max(0.0F, (static_cast<float>(i) + 0.5F) * scale - 0.5F);
    Place& place = places[static_cast<std::size_t>(i)];
    place.low = std::min(static_cast<int>(at), size - 1);
    place.high = std::min(place.low + 1, size - 1);
    place.part = at - static_cast<float>(place.low);
  }
  return places;
}

}  // namespace

std::vector<float> FindCorners(const cv::Mat& picture) {
  const std::vector<Place> columns = PlacesIn(picture.cols), rows = PlacesIn(picture.rows);
  cv::Mat turned(kCornerSide, kCornerSide, CV_8UC3);  // [x][y]
  for (int y = 0; y < kCornerSide; ++y) {
    const Place& row = rows[static_cast<std::size_t>(y)];
    const auto* above = picture.ptr<cv::Vec3b>(row.low);
    const auto* below = picture.ptr<cv::Vec3b>(row.high);
    for (int x = 0; x < kCornerSide; ++x) {
      const Place& column = columns[static_cast<std::size_t>(x)];
      for (int c = 0; c < 3; ++c) {
        const auto between = [&](const cv::Vec3b* line) {
          return static_cast<float>(line[column.low][c]) * (1 - column.part) +
                 static_cast<float>(line[column.high][c]) * column.part;
        };
        turned.at<cv::Vec3b>(x, y)[c] =
            static_cast<unsigned char>(between(above) * (1 - row.part) + between(below) * row.part);
      }
    }
  }
  cv::Mat grey, wide, corners;
  cv::cvtColor(turned, grey, cv::COLOR_RGB2GRAY);
  grey.convertTo(wide, CV_32F);
  cv::cornerHarris(wide, corners, 2, 3, 0.04);
  return {corners.ptr<float>(), corners.ptr<float>() + corners.total()};
}

}  // namespace seam

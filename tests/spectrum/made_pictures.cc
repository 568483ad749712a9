#include "tests/spectrum/made_pictures.h"

#include <algorithm>
#include <cmath>

#include "base/files.h"

namespace seam {

cv::Mat PatternPicture(int height, int width, int channels, int seed) {
  cv::Mat picture(height, width, CV_8UC(channels));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int k = 0; k < channels; ++k) {
        const int value = 7 * x + 13 * y + 29 * k + ((x * y + 31 * seed) % 17) * 5 +
                          ((x * x + 3 * y * k) % 23) * 3 + 101 * seed;
        picture.ptr(y)[x * channels + k] = static_cast<unsigned char>(value % 256);
      }
    }
  }
  return picture;
}

cv::Mat SourcePicture(int height, int width, int source, int number, int top) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double b =
            120 + 60 * std::sin(0.031 * (x + 3 * number) + 0.4 * c) * std::cos(0.027 * (y + 5 * number)) +
            20 * std::sin(0.11 * x * (1 + 0.02 * number) + 0.07 * y);
        const double q =
            6.0 *
            (((x * (3 + 4 * source) + y * (5 + 2 * source) + 7 * ((x * y) % (11 + 2 * source))) % 13) - 6) /
            6;
        const double n =
            0.5 * ((37 * x + 57 * y + 91 * c + 131 * number + 17 * ((x * y + number) % 29)) % 23 - 11);
        picture.ptr(y)[x * 3 + c] =
            static_cast<unsigned char>(std::clamp<double>(std::floor(b + q + n + 0.5), 0, top));
      }
    }
  }
  return picture;
}

nlohmann::json ReadJson(const std::string& path) { return nlohmann::json::parse(ReadFile(path)); }

}  // namespace seam

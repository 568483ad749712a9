#include "extract/faces/whole_picture.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/error.h"

namespace seam {
namespace {

// Pillow's weights are whole numbers of 2^-22.
constexpr int kWeightBits = 22;

// The pixels that one of the new pixels is made of, and their weights.
struct Taps {
  int first = 0;
  std::vector<std::int64_t> weights;
};

std::vector<Taps> ListTaps(int from, int to) {
  const double scale = static_cast<double>(from) / to, reach = std::max(scale, 1.0);
  std::vector<Taps> all;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    Taps taps;
    taps.first = std::max(0, static_cast<int>(centre - reach + 0.5));
    const int end = std::min(from, static_cast<int>(centre + reach + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int x = taps.first; x < end; ++x) {
      weights.push_back(std::max(0.0, 1 - std::abs((x - centre + 0.5) / reach)));
      sum += weights.back();
    }
    for (const double weight : weights)
      taps.weights.push_back(static_cast<std::int64_t>(std::lround(weight / sum * (1 << kWeightBits))));
    all.push_back(std::move(taps));
  }
  return all;
}

// Each row of `picture` made `width` wide.
cv::Mat ResizeRows(const cv::Mat& picture, int width) {
  cv::Mat wide(picture.rows, width, CV_8UC3);
  const std::vector<Taps> all = ListTaps(picture.cols, width);
  for (int y = 0; y < picture.rows; ++y) {
    const auto* row = picture.ptr<cv::Vec3b>(y);
    auto* made = wide.ptr<cv::Vec3b>(y);
    for (int x = 0; x < width; ++x) {
      const Taps& taps = all[static_cast<std::size_t>(x)];
      for (int channel = 0; channel < 3; ++channel) {
        std::int64_t sum = std::int64_t{1} << (kWeightBits - 1);
        for (std::size_t i = 0; i < taps.weights.size(); ++i)
          sum += taps.weights[i] * row[taps.first + static_cast<int>(i)][channel];
        made[x][channel] = cv::saturate_cast<uchar>(sum >> kWeightBits);
      }
    }
  }
  return wide;
}

// Whose middle is to be cut out: torchvision rounds halves to even.
int Middle(int side, int size) { return static_cast<int>(std::nearbyint((side - size) / 2.0)); }

cv::Mat CutCentre(const cv::Mat& picture, int size) {
  const int width = std::max(picture.cols, size), height = std::max(picture.rows, size);
  cv::Mat padded = picture;
  if (width > picture.cols || height > picture.rows) {
    padded = cv::Mat::zeros(height, width, CV_8UC3);
    picture.copyTo(
        padded({(width - picture.cols) / 2, (height - picture.rows) / 2, picture.cols, picture.rows}));
  }
  return padded({Middle(width, size), Middle(height, size), size, size}).clone();
}

cv::Mat ResizeShorter(const cv::Mat& picture, int side) {
  const auto longer = [&](int one, int other) {
    return static_cast<int>(static_cast<std::int64_t>(side) * one / other);
  };
  return picture.cols <= picture.rows ? ResizeAsPillow(picture, {side, longer(picture.rows, picture.cols)})
                                      : ResizeAsPillow(picture, {longer(picture.cols, picture.rows), side});
}

// Where tiles begin along a side of the picture.
std::vector<int> TileStarts(int length, int tile, double overlap) {
  if (length <= tile) return {0};
  const double step = std::max(1.0, tile * (1 - overlap));
  const int gaps = static_cast<int>(std::ceil((length - tile) / step));
  std::vector<int> starts;
  for (int i = 0; i <= gaps; ++i)
    starts.push_back(
        static_cast<int>(std::lround(static_cast<double>(length - tile) * i / static_cast<double>(gaps))));
  return starts;
}

}  // namespace

WholePicture::WholePicture(const DetectorSettings& /*settings*/) {}

std::vector<Face> WholePicture::Detect(const cv::Mat& picture) {
  return {{{0, 0, static_cast<float>(picture.cols), static_cast<float>(picture.rows)}, 1}};
}

const std::vector<std::string>& WholePictureAligns() {
  static const std::vector<std::string> aligns = {"centre", "shorter", "square", kTiles};
  return aligns;
}

bool IsWholePictureAlign(const std::string& align) {
  const auto& all = WholePictureAligns();
  return std::find(all.begin(), all.end(), align) != all.end();
}

cv::Mat CutWholePicture(const cv::Mat& picture, const std::string& align, double margin, int size) {
  if (align == "centre") return CutCentre(picture, size);
  if (align == "square") return ResizeAsPillow(picture, {size, size});
  if (align == "shorter")
    return CutCentre(ResizeShorter(picture, static_cast<int>(std::lround((1 + margin) * size))), size);
  throw UsageError("--align", "'" + align + "' is for faces", "centre, shorter or square");
}

int TileSide(double margin, int size) { return static_cast<int>(std::lround((1 + margin) * size)); }

std::vector<cv::Rect> TilesIn(const cv::Size& picture, double margin, int size, double overlap) {
  const int side = TileSide(margin, size);
  std::vector<cv::Rect> tiles;
  for (const int y : TileStarts(picture.height, side, overlap)) {
    for (const int x : TileStarts(picture.width, side, overlap))
      tiles.push_back(cv::Rect(x, y, side, side) & cv::Rect({}, picture));
  }
  return tiles;
}

cv::Mat CutTile(const cv::Mat& tile, double margin, int size) {
  const cv::Mat square = CutCentre(tile, TileSide(margin, size));
  return square.cols == size ? square : ResizeAsPillow(square, {size, size});
}

cv::Mat ResizeAsPillow(const cv::Mat& picture, const cv::Size& size) {
  cv::Mat across = ResizeRows(picture, size.width), turned, down;
  cv::transpose(across, turned);
  cv::transpose(ResizeRows(turned, size.height), down);
  return down;
}

}  // namespace seam

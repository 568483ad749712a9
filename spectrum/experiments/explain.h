#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <opencv2/core.hpp>

namespace seam {

// Which parts of a picture speak for a class: LIME (Ribeiro, Singh and Guestrin, "Why Should I Trust You?",
// KDD 2016, sections 3.3 and 3.4). Parts are hidden at random, and the classifier scores what is left. Then a
// linear model, of which parts are visible, is fitted to its scores.

// The shares of all classes that a classifier gives a picture.
using PictureScorer = std::function<std::vector<double>(const cv::Mat& picture)>;

// About `count` superpixels of an 8-bit RGB or grey picture, numbered from 0 (CV_32S): SLIC (Achanta et al.,
// PAMI 2012) with a compactness of 10; pieces smaller than a quarter of the usual size join a neighbour.
cv::Mat Superpixels(const cv::Mat& picture, int count);

// Squares of `side` pixels, row by row.
cv::Mat GridSegments(const cv::Size& size, int side);

// The picture with the segments hidden whose bit is 0: under the grey level `hide`, or under their own mean
// where there is none.
cv::Mat HideSegments(const cv::Mat& picture, const cv::Mat& segments, const std::vector<std::uint8_t>& bits,
                     std::optional<int> hide);

struct LimeFit {
  std::vector<double> weights;  // of each segment
  double intercept = 0;
  double r2 = 0;     // how well the linear model fits, weighted
  double local = 0;  // what it says of the whole picture
};

// Of rows of bits (1: the segment is there) and the share of one class for each. A row counts
// sqrt(exp(-d^2 / 0.25^2)), d its cosine distance to the row of ones; ridge regression with a penalty of 1
// on the weights.
LimeFit FitLime(const std::vector<std::vector<std::uint8_t>>& bits, const std::vector<double>& shares);

struct LimeOptions {
  int samples = 1000;
  std::optional<int> hide = 0;
  std::uint64_t seed = 1;
};

struct LimeExplanation {
  std::vector<double> shares;  // of the picture itself
  std::vector<LimeFit> fits;   // of each class
};

// On all cores; `scorer` is called from several threads. The first sample hides nothing.
LimeExplanation ExplainPicture(const cv::Mat& picture, const cv::Mat& segments, const PictureScorer& scorer,
                               const LimeOptions& options);

// The picture with the segments that speak for the class green and those against it red, the more the
// stronger.
cv::Mat PaintWeights(const cv::Mat& picture, const cv::Mat& segments, const std::vector<double>& weights);

// Numbers as a heat map, RGB: from dark (0) to bright (the greatest).
cv::Mat HeatMap(const cv::Mat& numbers);

}  // namespace seam

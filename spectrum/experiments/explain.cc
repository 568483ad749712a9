#include "spectrum/experiments/explain.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include <tbb/parallel_for.h>
#include <opencv2/imgproc.hpp>

namespace seam {
namespace {

// A superpixel's colour and place.
struct Centre {
  cv::Vec3d colour;
  double x = 0, y = 0;
};

// Numbers the connected pieces of `labels` anew; a small one takes the number of the piece beside it.
cv::Mat ConnectedPieces(const cv::Mat& labels, int smallest) {
  cv::Mat pieces(labels.size(), CV_32S, cv::Scalar(-1));
  int next = 0;
  std::vector<cv::Point> piece;
  for (int y = 0; y < labels.rows; ++y) {
    for (int x = 0; x < labels.cols; ++x) {
      if (pieces.at<int>(y, x) >= 0) continue;
      const int beside = x > 0 ? pieces.at<int>(y, x - 1) : y > 0 ? pieces.at<int>(y - 1, x) : -1;
      const int label = labels.at<int>(y, x);
      piece.assign(1, {x, y});
      pieces.at<int>(y, x) = next;
      for (std::size_t i = 0; i < piece.size(); ++i) {
        for (const cv::Point step : {cv::Point(1, 0), cv::Point(-1, 0), cv::Point(0, 1), cv::Point(0, -1)}) {
          const cv::Point to = piece[i] + step;
          if (to.x < 0 || to.y < 0 || to.x >= labels.cols || to.y >= labels.rows) continue;
          if (pieces.at<int>(to) >= 0 || labels.at<int>(to) != label) continue;
          pieces.at<int>(to) = next;
          piece.push_back(to);
        }
      }
      if (std::ssize(piece) >= smallest || beside < 0) {
        ++next;
      } else {
        for (const cv::Point& at : piece) pieces.at<int>(at) = beside;
      }
    }
  }
  return pieces;
}

std::size_t DescribeCount(const cv::Mat& segments) {
  double greatest = 0;
  cv::minMaxLoc(segments, nullptr, &greatest);
  return static_cast<std::size_t>(greatest) + 1;
}

cv::Mat AsColour(const cv::Mat& picture) {
  cv::Mat colour = picture.clone();
  if (picture.channels() == 1) cv::cvtColor(picture, colour, cv::COLOR_GRAY2RGB);
  return colour;
}

}  // namespace

cv::Mat Superpixels(const cv::Mat& picture, int count) {
  constexpr double kCompactness = 10;
  constexpr int kRounds = 10;
  cv::Mat lab;
  AsColour(picture).convertTo(lab, CV_32FC3, 1 / 255.0);
  cv::cvtColor(lab, lab, cv::COLOR_RGB2Lab);
  const double step = std::max(1.0, std::sqrt(static_cast<double>(picture.total()) / count));
  std::vector<Centre> centres;
  for (double y = step / 2; y < picture.rows; y += step) {
    for (double x = step / 2; x < picture.cols; x += step)
      centres.push_back({lab.at<cv::Vec3f>(static_cast<int>(y), static_cast<int>(x)), x, y});
  }
  cv::Mat labels(picture.size(), CV_32S);
  for (int round = 0; round < kRounds; ++round) {
    labels.setTo(0);
    cv::Mat nearest(picture.size(), CV_64F, cv::Scalar(std::numeric_limits<double>::infinity()));
    for (std::size_t c = 0; c < centres.size(); ++c) {
      const Centre& centre = centres[c];
      const int top = std::max(0, static_cast<int>(centre.y - step));
      const int bottom = std::min(picture.rows, static_cast<int>(centre.y + step) + 1);
      const int left = std::max(0, static_cast<int>(centre.x - step));
      const int right = std::min(picture.cols, static_cast<int>(centre.x + step) + 1);
      for (int y = top; y < bottom; ++y) {
        for (int x = left; x < right; ++x) {
          const cv::Vec3d colour = cv::Vec3d(lab.at<cv::Vec3f>(y, x)) - centre.colour;
          const double place = std::hypot(x - centre.x, y - centre.y) / step * kCompactness;
          const double distance = colour.dot(colour) + place * place;
          if (distance >= nearest.at<double>(y, x)) continue;
          nearest.at<double>(y, x) = distance;
          labels.at<int>(y, x) = static_cast<int>(c);
        }
      }
    }
    std::vector<Centre> sums(centres.size());
    std::vector<double> pixels(centres.size());
    for (int y = 0; y < picture.rows; ++y) {
      for (int x = 0; x < picture.cols; ++x) {
        const auto c = static_cast<std::size_t>(labels.at<int>(y, x));
        sums[c].colour += cv::Vec3d(lab.at<cv::Vec3f>(y, x));
        sums[c].x += x;
        sums[c].y += y;
        ++pixels[c];
      }
    }
    for (std::size_t c = 0; c < centres.size(); ++c) {
      if (pixels[c] > 0)
        centres[c] = {sums[c].colour / pixels[c], sums[c].x / pixels[c], sums[c].y / pixels[c]};
    }
  }
  return ConnectedPieces(labels, static_cast<int>(step * step / 4));
}

cv::Mat GridSegments(const cv::Size& size, int side) {
  cv::Mat segments(size, CV_32S);
  const int across = (size.width + side - 1) / side;
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) segments.at<int>(y, x) = y / side * across + x / side;
  }
  return segments;
}

cv::Mat HideSegments(const cv::Mat& picture, const cv::Mat& segments, const std::vector<std::uint8_t>& bits,
                     std::optional<int> hide) {
  cv::Mat result = picture.clone();
  const int channels = picture.channels();
  // Sums of each segment's channels, and its pixels.
  std::vector<double> means(bits.size() * static_cast<std::size_t>(channels), hide.value_or(0));
  if (!hide) {
    std::vector<double> pixels(bits.size());
    for (int y = 0; y < picture.rows; ++y) {
      for (int x = 0; x < picture.cols; ++x) {
        const auto s = static_cast<std::size_t>(segments.at<int>(y, x));
        ++pixels[s];
        for (int c = 0; c < channels; ++c)
          means[s * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)] +=
              picture.ptr<std::uint8_t>(y)[x * channels + c];
      }
    }
    for (std::size_t i = 0; i < means.size(); ++i) means[i] /= pixels[i / static_cast<std::size_t>(channels)];
  }
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      const auto s = static_cast<std::size_t>(segments.at<int>(y, x));
      if (bits[s] != 0) continue;
      for (int c = 0; c < channels; ++c) {
        result.ptr<std::uint8_t>(y)[x * channels + c] = static_cast<std::uint8_t>(
            means[s * static_cast<std::size_t>(channels) + static_cast<std::size_t>(c)]);
      }
    }
  }
  return result;
}

LimeFit FitLime(const std::vector<std::vector<std::uint8_t>>& bits, const std::vector<double>& shares) {
  constexpr double kWidth = 0.25, kPenalty = 1;
  const int rows = static_cast<int>(bits.size()), columns = static_cast<int>(bits.at(0).size());
  cv::Mat x(rows, columns, CV_64F), y(rows, 1, CV_64F), weights(rows, 1, CV_64F);
  for (int r = 0; r < rows; ++r) {
    const auto& row = bits[static_cast<std::size_t>(r)];
    for (int c = 0; c < columns; ++c) x.at<double>(r, c) = row[static_cast<std::size_t>(c)];
    const double there = std::accumulate(row.begin(), row.end(), 0.0);
    const double distance = there > 0 ? 1 - std::sqrt(there / columns) : 1;
    weights.at<double>(r) = std::sqrt(std::exp(-distance * distance / (kWidth * kWidth)));
    y.at<double>(r) = shares[static_cast<std::size_t>(r)];
  }
  // The intercept goes free: both sides less their weighted means.
  const double total = cv::sum(weights)[0];
  const cv::Mat mean_x = weights.t() * x / total;
  const double mean_y = weights.dot(y) / total;
  cv::Mat centred = x.clone();
  for (int r = 0; r < rows; ++r) centred.row(r) -= mean_x;
  const cv::Mat centred_y = y - mean_y;
  cv::Mat weighted = centred.clone();
  for (int r = 0; r < rows; ++r) weighted.row(r) *= weights.at<double>(r);
  cv::Mat solution;
  const cv::Mat products = weighted.t() * centred + kPenalty * cv::Mat::eye(columns, columns, CV_64F);
  cv::solve(products, weighted.t() * centred_y, solution, cv::DECOMP_CHOLESKY);
  LimeFit fit;
  fit.weights.assign(solution.begin<double>(), solution.end<double>());
  fit.intercept = mean_y - mean_x.dot(solution.t());
  fit.local = fit.intercept + cv::sum(solution)[0];
  const cv::Mat residual = centred_y - centred * solution;
  const double left = weights.dot(residual.mul(residual)), all = weights.dot(centred_y.mul(centred_y));
  fit.r2 = all > 0 ? 1 - left / all : 0;
  return fit;
}

LimeExplanation ExplainPicture(const cv::Mat& picture, const cv::Mat& segments, const PictureScorer& scorer,
                               const LimeOptions& options) {
  const std::size_t count = DescribeCount(segments), samples = static_cast<std::size_t>(options.samples);
  std::mt19937_64 random(options.seed);
  std::vector<std::vector<std::uint8_t>> bits(samples, std::vector<std::uint8_t>(count, 1));
  for (std::size_t i = 1; i < samples; ++i) {
    for (std::uint8_t& bit : bits[i]) bit = random() >> 63;
  }
  std::vector<std::vector<double>> shares(samples);
  tbb::parallel_for(std::size_t{0}, samples, [&](std::size_t i) {
    shares[i] = scorer(HideSegments(picture, segments, bits[i], options.hide));
  });
  LimeExplanation explanation{shares[0], {}};
  for (std::size_t c = 0; c < shares[0].size(); ++c) {
    std::vector<double> of_class;
    for (const auto& row : shares) of_class.push_back(row[c]);
    explanation.fits.push_back(FitLime(bits, of_class));
  }
  return explanation;
}

cv::Mat PaintWeights(const cv::Mat& picture, const cv::Mat& segments, const std::vector<double>& weights) {
  constexpr double kStrongest = 0.7;
  double greatest = 0;
  for (const double weight : weights) greatest = std::max(greatest, std::abs(weight));
  cv::Mat painted = AsColour(picture);
  if (greatest == 0) return painted;
  for (int y = 0; y < painted.rows; ++y) {
    for (int x = 0; x < painted.cols; ++x) {
      const double weight = weights[static_cast<std::size_t>(segments.at<int>(y, x))];
      const double share = kStrongest * std::abs(weight) / greatest;
      const cv::Vec3d paint = weight > 0 ? cv::Vec3d(0, 200, 0) : cv::Vec3d(230, 0, 0);
      auto& pixel = painted.at<cv::Vec3b>(y, x);
      pixel = cv::Vec3b((1 - share) * cv::Vec3d(pixel) + share * paint);
    }
  }
  return painted;
}

cv::Mat HeatMap(const cv::Mat& numbers) {
  double least = 0, greatest = 0;
  cv::minMaxLoc(numbers, &least, &greatest);
  cv::Mat grey, coloured;
  numbers.convertTo(grey, CV_8U, greatest > 0 ? 255 / greatest : 0);
  cv::applyColorMap(grey, coloured, cv::COLORMAP_INFERNO);
  cv::cvtColor(coloured, coloured, cv::COLOR_BGR2RGB);
  return coloured;
}

}  // namespace seam

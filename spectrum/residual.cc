#include "spectrum/residual.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include <opencv2/imgproc.hpp>

namespace seam {
namespace {

// The low-pass decomposition filter of Daubechies' wavelet with four vanishing moments (Ten Lectures on
// Wavelets, table 6.1), backwards.
constexpr std::array kLow = {-0.010597401785069032, 0.0328830116668852,    0.030841381835560764,
                             -0.18703481171909309,  -0.027983769416859854, 0.6308807679298589,
                             0.7148465705529157,    0.2303778133088965};
constexpr int kTaps = static_cast<int>(kLow.size());

// The high-pass filter is the low-pass one mirrored, with alternating signs.
double High(int tap) {
  const double value = kLow[static_cast<std::size_t>(kTaps - 1 - tap)];
  return tap % 2 == 0 ? -value : value;
}
double Low(int tap) { return kLow[static_cast<std::size_t>(tap)]; }

// Where a row of `n` goes on behind its ends: mirrored, with the end itself repeated.
int Mirrored(int i, int n) {
  i %= 2 * n;
  if (i < 0) i += 2 * n;
  return i < n ? i : 2 * n - 1 - i;
}

struct Halves {
  cv::Mat low, high;
};

// One step of the transform along the rows.
Halves SplitRows(const cv::Mat& x) {
  const int n = x.cols, half = (n + kTaps - 1) / 2;
  Halves halves = {cv::Mat(x.rows, half, CV_64F), cv::Mat(x.rows, half, CV_64F)};
  for (int y = 0; y < x.rows; ++y) {
    const auto* from = x.ptr<double>(y);
    auto *low = halves.low.ptr<double>(y), *high = halves.high.ptr<double>(y);
    for (int k = 0; k < half; ++k) {
      double low_sum = 0, high_sum = 0;
      for (int tap = 0; tap < kTaps; ++tap) {
        const int place = 2 * k + 1 - tap;
        const double value = from[place >= 0 && place < n ? place : Mirrored(place, n)];
        low_sum += Low(tap) * value;
        high_sum += High(tap) * value;
      }
      low[k] = low_sum;
      high[k] = high_sum;
    }
  }
  return halves;
}

// The inverse of SplitRows(), whose result may be one column longer than what was split.
cv::Mat JoinRows(const cv::Mat& low, const cv::Mat& high) {
  const int half = low.cols, n = 2 * half - kTaps + 2;
  cv::Mat x(low.rows, n, CV_64F);
  for (int y = 0; y < x.rows; ++y) {
    const auto *a = low.ptr<double>(y), *b = high.ptr<double>(y);
    auto* to = x.ptr<double>(y);
    for (int i = 0; i < n; ++i) {
      // The synthesis filters are the analysis filters backwards.
      double sum = 0;
      const int shifted = i + kTaps - 2;
      for (int k = (shifted - kTaps + 2) / 2; 2 * k <= shifted && k < half; ++k) {
        const int tap = kTaps - 1 - (shifted - 2 * k);
        if (tap >= 0) sum += a[k] * Low(tap) + b[k] * High(tap);
      }
      to[i] = sum;
    }
  }
  return x;
}

// The least of the local powers over windows of four sizes; outside of the picture is 0.
cv::Mat LocalPower(const cv::Mat& x) {
  const cv::Mat squares = x.mul(x);
  cv::Mat least;
  for (const int side : {3, 5, 7, 9}) {
    cv::Mat mean;
    cv::boxFilter(squares, mean, CV_64F, {side, side}, {-1, -1}, true, cv::BORDER_CONSTANT);
    least = least.empty() ? mean : cv::Mat(cv::min(least, mean));
  }
  return least;
}

// What a local Wiener filter for noise of this variance takes for noise.
cv::Mat NoisePart(const cv::Mat& x, double variance) {
  const cv::Mat signal = cv::max(LocalPower(x) - variance, 0.0);
  cv::Mat result;
  cv::divide(x * variance, signal + variance, result);
  return result;
}

cv::Mat Transposed(const cv::Mat& x) { return x.t(); }

// The picture whose wavelet bands are those of `x` with noise alone in the details and nothing in the rest.
cv::Mat DetailNoise(const cv::Mat& x, int levels, double variance) {
  const Halves columns = SplitRows(x);
  const Halves low = SplitRows(Transposed(columns.low)), high = SplitRows(Transposed(columns.high));
  cv::Mat rest = cv::Mat::zeros(low.low.size(), CV_64F);
  if (levels > 1) {
    rest = DetailNoise(low.low, levels - 1, variance);
    rest = rest(cv::Range(0, low.low.rows), cv::Range(0, low.low.cols));
  }
  const cv::Mat left = JoinRows(rest, NoisePart(low.high, variance));
  const cv::Mat right = JoinRows(NoisePart(high.low, variance), NoisePart(high.high, variance));
  return JoinRows(Transposed(left), Transposed(right));
}

cv::Mat ToGrey(const cv::Mat& noise) {
  cv::Mat grey;
  cv::transform(noise, grey, cv::Matx13d(0.29893602, 0.58704307, 0.11402090));
  return grey;
}

// Takes the means of rows and columns out of the pixels of each of the four phases of a 2 x 2 grid.
void TakeOutMeans(cv::Mat* x) {
  for (int phase = 0; phase < 4; ++phase) {
    const int from_y = phase / 2, from_x = phase % 2;
    const int rows = (x->rows - from_y + 1) / 2, columns = (x->cols - from_x + 1) / 2;
    if (rows < 1 || columns < 1) continue;
    std::vector<double> row_means(static_cast<std::size_t>(rows)),
        column_means(static_cast<std::size_t>(columns));
    double mean = 0;
    const auto at = [&](int y, int i) -> double& { return x->at<double>(from_y + 2 * y, from_x + 2 * i); };
    for (int y = 0; y < rows; ++y) {
      for (int i = 0; i < columns; ++i) {
        const double share = at(y, i) / rows / columns;
        mean += share;
        row_means[static_cast<std::size_t>(y)] += share * rows;
        column_means[static_cast<std::size_t>(i)] += share * columns;
      }
    }
    for (int y = 0; y < rows; ++y) {
      for (int i = 0; i < columns; ++i) {
        at(y, i) -= row_means[static_cast<std::size_t>(y)] + column_means[static_cast<std::size_t>(i)] - mean;
      }
    }
  }
}

cv::Mat FilterInFourierDomain(const cv::Mat& x) {
  cv::Scalar mean, deviation;
  cv::meanStdDev(x, mean, deviation);
  const double count = static_cast<double>(x.total());
  if (deviation[0] == 0 || count < 2) return x.clone();
  const double variance = deviation[0] * deviation[0] * count / (count - 1);
  cv::Mat transform;
  cv::dft(x, transform, cv::DFT_COMPLEX_OUTPUT);
  std::vector<cv::Mat> parts;
  cv::split(transform, parts);
  cv::Mat magnitude;
  cv::magnitude(parts[0], parts[1], magnitude);
  magnitude /= std::sqrt(count);
  // NoisePart() is its input times a factor; the factor alone is wanted.
  cv::Mat factor;
  cv::divide(variance, cv::max(LocalPower(magnitude) - variance, 0.0) + variance, factor);
  for (cv::Mat& part : parts) part = part.mul(factor);
  cv::merge(parts, transform);
  cv::Mat result;
  cv::dft(transform, result, cv::DFT_INVERSE | cv::DFT_SCALE | cv::DFT_REAL_OUTPUT);
  return result;
}

cv::Mat Finish(const cv::Mat& noise) {
  cv::Mat grey = ToGrey(noise);
  TakeOutMeans(&grey);
  return FilterInFourierDomain(grey);
}

// How far a pixel can carry the fingerprint: less where it is nearly saturated.
cv::Mat ToIntensity(const cv::Mat& picture) {
  cv::Mat table(1, 256, CV_64F);
  for (int i = 0; i < 256; ++i)
    table.at<double>(i) = i <= 252 ? i / 252.0 : std::exp(-(i - 252.0) * (i - 252.0) / 6);
  cv::Mat intensity;
  cv::LUT(picture, table, intensity);
  return intensity;
}

}  // namespace

cv::Mat ComputeNoise(const cv::Mat& picture, const ResidualOptions& options) {
  cv::Mat numbers;
  picture.convertTo(numbers, CV_64F);
  std::vector<cv::Mat> channels;
  cv::split(numbers, channels);
  for (cv::Mat& channel : channels) {
    const cv::Mat noise = DetailNoise(channel, options.levels, options.sigma * options.sigma);
    channel = noise(cv::Range(0, picture.rows), cv::Range(0, picture.cols)).clone();
  }
  cv::merge(channels, numbers);
  return numbers;
}

cv::Mat ComputeResidual(const cv::Mat& picture, const ResidualOptions& options) {
  return Finish(ComputeNoise(picture, options));
}

void FingerprintMaker::Add(const cv::Mat& picture) {
  cv::Mat numbers;
  picture.convertTo(numbers, CV_64F);
  const cv::Mat intensity = ToIntensity(picture).mul(SaturationMask(picture));
  const cv::Mat weighted = ComputeNoise(picture, options_).mul(numbers) / 255;
  if (weighted_.empty()) {
    weighted_ = cv::Mat::zeros(weighted.size(), weighted.type());
    squares_ = weighted_.clone();
  }
  weighted_ += weighted;
  squares_ += intensity.mul(intensity);
}

void FingerprintMaker::Merge(const FingerprintMaker& other) {
  if (other.weighted_.empty()) return;
  if (weighted_.empty()) {
    weighted_ = other.weighted_.clone();
    squares_ = other.squares_.clone();
    return;
  }
  weighted_ += other.weighted_;
  squares_ += other.squares_;
}

cv::Mat FingerprintMaker::Fingerprint() const {
  cv::Mat quotient;
  cv::divide(weighted_, squares_ + cv::Scalar::all(1), quotient);
  return Finish(quotient);
}

double NormalisedCorrelation(const cv::Mat& a, const cv::Mat& b) {
  const cv::Mat x = a - cv::mean(a)[0], y = b - cv::mean(b)[0];
  const double lengths = cv::norm(x) * cv::norm(y);
  return lengths > 0 ? x.dot(y) / lengths : 0;
}

cv::Mat SaturationMask(const cv::Mat& picture) {
  std::vector<cv::Mat> channels, masks;
  cv::split(picture, channels);
  double greatest = 0;
  for (const cv::Mat& channel : channels) {
    double value = 0;
    cv::minMaxLoc(channel, nullptr, &value);
    greatest = std::max(greatest, value);
  }
  for (const cv::Mat& channel : channels) {
    cv::Mat mask = cv::Mat::ones(channel.size(), CV_64F);
    double value = 0;
    cv::minMaxLoc(channel, nullptr, &value);
    const int rows = channel.rows, columns = channel.cols;
    for (int y = 0; greatest >= 250 && y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        const auto at = [&](int dy, int dx) {
          return channel.at<std::uint8_t>((y + dy + rows) % rows, (x + dx + columns) % columns);
        };
        const auto here = at(0, 0);
        if (here == value && (at(0, 1) == here || at(0, -1) == here || at(1, 0) == here || at(-1, 0) == here))
          mask.at<double>(y, x) = 0;
      }
    }
    masks.push_back(mask);
  }
  cv::Mat result;
  cv::merge(masks, result);
  return result;
}

}  // namespace seam

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <opencv2/core.hpp>

namespace seam {

// The 2-D type-II discrete cosine transform, orthonormal, of each channel by itself (Frank et al.,
// "Leveraging Frequency Analysis for Deep Fake Image Recognition", ICML 2020): doubles of the picture's size
// and channels. X[k] = c(k) sum_n x[n] cos(pi (2n + 1) k / 2N) along both axes, c(0) = sqrt(1/N), else
// sqrt(2/N).
cv::Mat OrthonormalDct(const cv::Mat& picture);

// ln(|x| + offset) of each element, in place. Published data sets were made with 1e-12.
constexpr double kDctOffset = 1e-12;
void LogScale(cv::Mat* coefficients, double offset = kDctOffset);

// Mean and variance of rows that come one by one (Welford, Technometrics 1962), so that memory does not grow
// with their number. Merge() takes another's rows as well (Chan, Golub and LeVeque 1983).
class RunningMoments {
 public:
  void Add(std::span<const double> row);
  void Add(std::span<const float> row);
  void Merge(const RunningMoments& other);

  std::int64_t count() const { return count_; }
  const std::vector<double>& mean() const { return mean_; }
  // Divided by the number of rows, as the published data sets are.
  std::vector<double> PopulationVariance() const;
  std::vector<double> PopulationDeviation() const;

 private:
  template <class Number>
  void AddRow(std::span<const Number> row);

  std::int64_t count_ = 0;
  std::vector<double> mean_, squares_;
};

}  // namespace seam

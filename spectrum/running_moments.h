#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace seam {

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

#include "spectrum/running_moments.h"

#include <cmath>

namespace seam {

template <class Number>
void RunningMoments::AddRow(std::span<const Number> row) {
  mean_.resize(row.size());
  squares_.resize(row.size());
  ++count_;
  const double weight = 1.0 / static_cast<double>(count_);
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double value = row[i], before = value - mean_[i];
    mean_[i] += before * weight;
    squares_[i] += before * (value - mean_[i]);
  }
}

void RunningMoments::Add(std::span<const double> row) { AddRow(row); }
void RunningMoments::Add(std::span<const float> row) { AddRow(row); }

void RunningMoments::Merge(const RunningMoments& other) {
  if (other.count_ == 0) return;
  if (count_ == 0) {
    *this = other;
    return;
  }
  const auto mine = static_cast<double>(count_), theirs = static_cast<double>(other.count_);
  for (std::size_t i = 0; i < mean_.size(); ++i) {
    const double apart = other.mean_[i] - mean_[i];
    mean_[i] += apart * theirs / (mine + theirs);
    squares_[i] += other.squares_[i] + apart * apart * mine * theirs / (mine + theirs);
  }
  count_ += other.count_;
}

std::vector<double> RunningMoments::PopulationVariance() const {
  std::vector<double> variance = squares_;
  for (double& value : variance) value /= static_cast<double>(count_);
  return variance;
}

std::vector<double> RunningMoments::PopulationDeviation() const {
  std::vector<double> deviation = PopulationVariance();
  for (double& value : deviation) value = std::sqrt(value);
  return deviation;
}

}  // namespace seam

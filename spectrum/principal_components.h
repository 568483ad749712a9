#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace seam {

// The directions in which rows vary most (Turk and Pentland, "Eigenfaces for Recognition", 1991).
struct PrincipalComponents {
  std::vector<double> mean;        // [width]
  std::vector<double> components;  // [count, width], each of length 1, the greatest variance first
  std::vector<double> variance;    // along each, divided by rows - 1
  double total_variance = 0;

  std::size_t count() const { return variance.size(); }
  // Of rows [rows, width], their coordinates [rows, count].
  std::vector<double> Project(std::span<const double> rows) const;
};

// As few components as together keep more than `share` of the variance of `rows` [count, width]. Takes memory
// and time of the smaller of both sides squared and cubed.
PrincipalComponents FindPrincipalComponents(std::span<const double> rows, std::size_t width, double share);

}  // namespace seam

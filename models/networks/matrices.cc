#include "models/networks/matrices.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace seam {
namespace {

// [n, n]: row i is the wave of frequency i.
std::vector<float> Cosines(int n) {
  std::vector<float> matrix;
  for (int i = 0; i < n; ++i) {
    const double factor = std::sqrt((i == 0 ? 1.0 : 2.0) / n);
    for (int k = 0; k < n; ++k)
      matrix.push_back(static_cast<float>(factor * std::cos((k + 0.5) * std::numbers::pi * i / n)));
  }
  return matrix;
}

std::vector<float> Transposed(const std::vector<float>& square, int n) {
  const auto side = static_cast<std::size_t>(n);
  std::vector<float> matrix(square.size());
  for (std::size_t i = 0; i < square.size(); ++i) matrix[i % side * side + i / side] = square[i];
  return matrix;
}

// [to, from]
std::vector<float> Resizing(int from, int to) {
  const auto columns = static_cast<std::size_t>(from);
  std::vector<float> matrix(static_cast<std::size_t>(to) * columns, 0);
  for (int i = 0; i < to; ++i) {
    const double at = to == 1 ? 0 : static_cast<double>(i) * (from - 1) / (to - 1);
    const int before = std::min(static_cast<int>(at), from - 1), after = std::min(before + 1, from - 1);
    const auto share = static_cast<float>(at - before);
    float* row = &matrix[static_cast<std::size_t>(i) * columns];
    row[before] += 1 - share;
    row[after] += share;
  }
  return matrix;
}

}  // namespace

MatrixSpec CosineTransform(int height, int width) { return {Cosines(height), Cosines(width)}; }

MatrixSpec InverseCosineTransform(int height, int width) {
  return {Transposed(Cosines(height), height), Transposed(Cosines(width), width)};
}

MatrixSpec LinearResizing(std::array<int, 2> from, std::array<int, 2> to) {
  return {Resizing(from[0], to[0]), Resizing(from[1], to[1])};
}

}  // namespace seam

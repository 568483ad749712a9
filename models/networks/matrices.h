#pragma once

#include <array>
#include <vector>

#include "models/networks/graph.h"

namespace seam {

// Matrices for Graph::Transform(), of maps of height x width.

// The orthonormal cosine transform (DCT-II) of each channel, and its inverse.
MatrixSpec CosineTransform(int height, int width);
MatrixSpec InverseCosineTransform(int height, int width);

// To other sides, bilinear; the middles of the corner pixels stay where they are.
MatrixSpec LinearResizing(std::array<int, 2> from, std::array<int, 2> to);

}  // namespace seam

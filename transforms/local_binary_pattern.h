#pragma once

#include <opencv2/core.hpp>

namespace seam {

// The points lie at (row, column) of (0, 6) and (-+ 5.19615, -3): 6 sin and cos of thirds of a circle, to
// five digits.
inline constexpr double kPatternRow = 5.19615;

// The "uniform" local binary pattern of three points at a distance of 6 pixels: how many of the points are at
// least as bright as their middle, 0 to 3. Ojala, Pietikainen, Maenpaa, "Multiresolution gray-scale and
// rotation invariant texture classification with local binary patterns", PAMI 2002. `grey`: 8-bit, one
// channel; beyond its edges lies black. Between pixels it is bilinear, rounded as scikit-image 0.19 does. ->
// 8-bit [height, width].
cv::Mat LocalBinaryPattern(const cv::Mat& grey);

}  // namespace seam

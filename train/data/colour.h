#pragma once

#include <opencv2/core.hpp>

namespace seam {

// Colours changed by a matrix: a pixel (R, G, B) becomes matrix * (R, G, B).

// Between grey (0) and the picture (1), and beyond; keeps the luma of ITU-R BT.601.
cv::Matx33f SaturationMatrix(double factor);

// A turn around the grey axis, which keeps the luma nearly (Haeberli, "Matrix Operations for Image
// Processing", 1993).
cv::Matx33f HueMatrix(double degrees);

}  // namespace seam

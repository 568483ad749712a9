#pragma once

#include <opencv2/core.hpp>

namespace seam {

// Local binary patterns (Ojala et al. 2002) of an 8-bit grey picture, of three samples at a distance of 6,
// "uniform": of each pixel how many samples are not darker than it, 0 to 3, as CV_64F. Samples lie at (row,
// column) +(0, 6), +(-5.19615, -3), +(5.19615, -3) and are bilinear, 0 outside of the picture. The order of
// the arithmetic is scikit-image's, since in flat areas the rounding decides.
cv::Mat LocalPattern(const cv::Mat& grey);

}  // namespace seam

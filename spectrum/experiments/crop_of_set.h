#pragma once

#include <string>

#include <opencv2/core.hpp>

namespace seam {

// The published crops. "celeba": `size` rows and columns that end at row 185 and column 153, or at the edge.
// "lsun": the middle square, made `size` pixels wide; the published code takes another width by mistake.
// "none": the picture. Empty where it is too small.
cv::Mat CropOfSet(const cv::Mat& picture, const std::string& crop, int size);

}  // namespace seam

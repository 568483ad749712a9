#pragma once

#include <string>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

namespace seam {

// A picture full of detail, 8-bit with `channels`, another for each seed; the fixtures' README gives the
// formula.
cv::Mat PatternPicture(int height, int width, int channels, int seed);

// A picture of a source with a pattern of its own; the fixtures' README gives the formula as made().
cv::Mat SourcePicture(int height, int width, int source, int number, int top = 235);

nlohmann::json ReadJson(const std::string& path);

}  // namespace seam

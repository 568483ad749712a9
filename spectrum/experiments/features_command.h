#pragma once

#include <string>
#include <vector>

namespace seam {

// `seam spectrum features`: the features of pictures, videos and shards as one file.
int SpectrumFeatures(const std::vector<std::string>& arguments);

}  // namespace seam

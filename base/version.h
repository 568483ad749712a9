#pragma once

#include <string>

namespace seam {

// The release, e.g. "0.2.0".
std::string Version();

}  // namespace seam

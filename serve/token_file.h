#pragma once

#include <filesystem>
#include <string>

namespace seam::serve {

// The token in a file of at most 4096 bytes, without the line ends behind it. Throws Error.
std::string ReadTokenFile(const std::filesystem::path& file);

}  // namespace seam::serve

#pragma once

#include <cstdint>
#include <string>

namespace seam {

// Bytes of this process that lie in memory (its resident set); 0 where the system does not tell.
std::uint64_t ResidentBytes();

// "512 MB", "3.4 GB"; decimal.
std::string BytesText(std::uint64_t bytes);

}  // namespace seam

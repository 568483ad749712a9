#pragma once

#include <string>
#include <string_view>

namespace seam {

// RFC 4648, section 4, padded, in one line.
std::string Base64(std::string_view bytes);

}  // namespace seam

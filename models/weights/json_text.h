#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace seam {

// The JSON in `text`, or a discarded value when it is none or nests deeper than a file of Seam's ever does:
// copying and printing go as deep as it, on the stack.
nlohmann::json ParseJsonText(const std::string& text);

}  // namespace seam

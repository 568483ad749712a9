#pragma once

#include <string_view>

namespace seam {

// The style sheet of all pages, and the script of those with a table of inputs. Nothing is loaded; without
// scripts a page shows the same, but cannot be sorted or filtered.
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace seam

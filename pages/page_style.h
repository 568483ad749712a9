#pragma once

#include <string_view>

namespace seam {

// The style sheet and the script that stand inside the report's page. Nothing is loaded; without scripts the
// page shows the same, but cannot be sorted or filtered.
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace seam

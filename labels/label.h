#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/csv_table.h"
#include "proto/clip.pb.h"

namespace seam {

// FAKE for "1", "1.0", "fake" and "true", REAL for "0", "0.0", "real" and "false", in upper or lower case;
// nothing for other texts.
std::optional<Label> ParseLabel(std::string_view text);
// "real", "fake"
std::string_view NameOf(Label label);

// The column of a table that names its files: path, or else filename, file or video. An Error where there is
// none.
std::string PathColumn(const CsvTable& table);

}  // namespace seam

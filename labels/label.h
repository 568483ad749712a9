#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/csv_table.h"
#include "proto/clip.pb.h"

namespace seam {

// Words for a label, in lower case: "real", "original", "pristine", "fake", "deepfake", "synthetic", ...
std::optional<Label> LabelOfWord(const std::string& word);
// FAKE for "1", "1.0", "true" and the words of fakes, REAL for "0", "0.0", "false" and the words of reals, in
// upper or lower case; nothing for other texts.
std::optional<Label> ParseLabel(std::string_view text);
// "real", "fake"
std::string_view NameOf(Label label);

// The column of a table that names its files: path, or else filename, file or video. An Error where there is
// none.
std::string PathColumn(const CsvTable& table);

}  // namespace seam

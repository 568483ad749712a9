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
std::string_view GetName(Label label);

// The columns of a table that name its files and their labels: path and label, or what other programs call
// them (filename, file, video, ...; target, class, is_fake, ...). An Error where there is none.
std::string PathColumn(const CsvTable& table);
std::string LabelColumn(const CsvTable& table);

}  // namespace seam

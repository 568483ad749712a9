#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seam {

// One line of a CSV file as RFC 4180 has it, with its line end: fields with commas, quotes or line ends are
// quoted.
std::string CsvLine(const std::vector<std::string>& fields);

// The rows of a CSV file; quoted fields may hold commas, doubled quotes and line ends; a byte-order mark,
// CRLF and empty lines are accepted. `subject` names the file in the Error that an unclosed quote is.
// `lines`, where given, gets the line at which each row begins, from 1.
std::vector<std::vector<std::string>> ParseCsv(std::string_view text, const std::string& subject,
                                               std::vector<std::size_t>* lines = nullptr,
                                               char separator = ',');

}  // namespace seam

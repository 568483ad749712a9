#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace seam {

// What a program says of itself with --help-json: its options, or its commands.
using ProgramHelp = nlohmann::ordered_json;

// The words behind `seam` for each program, as Manual() found them: {"infer"}, {"models", "show"}.
struct ManualEntry {
  std::vector<std::string> words;
  ProgramHelp help;
};

// The page of section 1: `man seam-models-show`. `version` and `date` (YYYY-MM-DD) stand in its foot.
std::string ManPage(const ManualEntry& entry, const std::string& version, const std::string& date);

// Completions of verbs, commands, options, their choices, and files, of all programs at once.
std::string BashCompletion(const std::vector<ManualEntry>& entries);
std::string ZshCompletion(const std::vector<ManualEntry>& entries);

// The commands that a program has besides its own options: those that its synopsis begins further lines with.
std::vector<std::string> CommandsIn(const ManualEntry& entry);

}  // namespace seam

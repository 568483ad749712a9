// make_manual PROGRAMS OUTPUT: asks every program in the folder PROGRAMS for its options and writes man pages
// and completions below OUTPUT. A part of the build; not installed.

#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/files.h"
#include "base/program.h"
#include "base/version.h"
#include "cli/manual.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

ProgramHelp Ask(const fs::path& seam, const std::vector<std::string>& words) {
  const std::string line = fmt::format("'{}' {} --help-json", seam.string(), fmt::join(words, " "));
  std::FILE* const pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) throw Error(line, "cannot be run");
  std::string text;
  std::array<char, 4096> buffer{};
  for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    text.append(buffer.data(), got);
  const int status = pclose(pipe);
  ProgramHelp help = ProgramHelp::parse(text, nullptr, false);
  if (status != 0 || !help.is_object()) throw Error(line, "does not tell its options");
  return help;
}

// The program of `words`, and all below it.
void Collect(const fs::path& seam, const std::vector<std::string>& words, std::vector<ManualEntry>* entries) {
  const ManualEntry entry = {words, Ask(seam, words)};
  entries->push_back(entry);
  std::vector<std::string> below = CommandsIn(entry);
  if (entry.help.contains("commands")) {
    for (const auto& command : entry.help.at("commands"))
      if (command.at("built").get<bool>()) below.push_back(command.at("name"));
  }
  for (const std::string& name : below) {
    std::vector<std::string> longer = words;
    longer.push_back(name);
    Collect(seam, longer, entries);
  }
}

// As $SOURCE_DATE_EPOCH says, so that equal sources give equal pages; else today.
std::string Date() {
  const char* fixed = std::getenv("SOURCE_DATE_EPOCH");
  const std::time_t time =
      fixed != nullptr ? static_cast<std::time_t>(std::stoll(fixed)) : std::time(nullptr);
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2) throw UsageError("make_manual", "takes PROGRAMS and OUTPUT");
  const fs::path programs = arguments[0], output = arguments[1];
  std::vector<ManualEntry> entries;
  Collect(programs / "seam", {}, &entries);
  fs::remove_all(output / "man1");
  for (const char* folder : {"man1", "bash", "zsh"}) fs::create_directories(output / folder);
  for (const ManualEntry& entry : entries) {
    const std::string name =
        entry.words.empty() ? "seam" : fmt::format("seam-{}", fmt::join(entry.words, "-"));
    WriteFile(output / "man1" / (name + ".1"), ManPage(entry, Version(), Date()));
  }
  WriteFile(output / "bash" / "seam", BashCompletion(entries));
  WriteFile(output / "zsh" / "_seam", ZshCompletion(entries));
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }

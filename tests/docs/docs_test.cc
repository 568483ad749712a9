// The documentation against the programs: commands name options that exist, links lead somewhere, and the
// tutorial runs.

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

struct Line {
  std::string where;  // FILE:NUMBER
  std::string text;
};

std::vector<fs::path> Pages() {
  std::vector<fs::path> pages = {fs::path(SEAM_SOURCE) / "README.md",
                                 fs::path(SEAM_SOURCE) / "CONTRIBUTING.md"};
  for (const auto& entry : fs::directory_iterator(fs::path(SEAM_SOURCE) / "docs"))
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  std::sort(pages.begin(), pages.end());
  return pages;
}

// The lines of code: those that are indented by four spaces, and those between fences. A backslash at the end
// joins the next.
std::vector<Line> CodeOf(const fs::path& page) {
  std::vector<Line> code;
  std::istringstream text(ReadFile(page));
  bool fenced = false, joined = false;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.starts_with("```")) {
      fenced = !fenced;
      continue;
    }
    if (!fenced && !line.starts_with("    ")) {
      joined = false;
      continue;
    }
    std::string part = fenced ? line : line.substr(4);
    const bool more = part.ends_with('\\');
    if (more) part.pop_back();
    if (joined) {
      code.back().text += part;
    } else {
      code.push_back({page.filename().string() + ":" + std::to_string(number), part});
    }
    joined = more;
  }
  return code;
}

// What a program says with --help-json; null where it is not built.
const nlohmann::json& HelpOf(const std::string& words) {
  static std::map<std::string, nlohmann::json> known;
  const auto found = known.find(words);
  if (found != known.end()) return found->second;
  const auto result = RunCommand("seam " + words + " --help-json");
  return known[words] =
             result.status == 0 ? nlohmann::json::parse(result.out, nullptr, false) : nlohmann::json();
}

bool HasOption(const nlohmann::json& help, std::string name) {
  for (const auto& option : help.at("options")) {
    if (option.at("name") == name ||
        (option.at("flag") && "no-" + option.at("name").get<std::string>() == name))
      return true;
  }
  return false;
}

TEST(DocsTest, CommandsNameVerbsAndOptionsThatExist) {
  const std::regex command(R"((?:[A-Z_]+=\S+ )*(?:\S*/)?seam ([a-z]+)( [a-z]+)?(?: .*)?)"),
      option(R"((?:^| )--([a-z][a-z0-9_-]*))");
  std::set<std::string> verbs;
  const nlohmann::json verb_list = HelpOf("");
  for (const auto& verb : verb_list.at("commands")) verbs.insert(verb.at("name"));
  std::size_t checked = 0;
  for (const fs::path& page : Pages()) {
    for (const Line& line : CodeOf(page)) {
      const std::string text = line.text.substr(0, line.text.find(" #"));
      std::smatch match;
      if (!std::regex_match(text, match, command)) continue;
      const std::string verb = match[1];
      if (verb == "help") continue;
      EXPECT_EQ(verbs.count(verb), 1u) << line.where << ": " << line.text;
      const nlohmann::json* help = &HelpOf(verb);
      const bool has_commands = help->is_object() && (help->contains("commands") || verb == "extract");
      const std::string second = match[2];
      const bool second_is_command =
          has_commands && (help->contains("commands") || second == " merge" || second == " export");
      if (second_is_command) help = &HelpOf(verb + second);
      if (!help->is_object() || !help->contains("options")) continue;  // not built here
      // The end of a pipe is another program's.
      const std::string own = text.substr(0, text.find(" | "));
      for (std::sregex_iterator found(own.begin(), own.end(), option), end; found != end; ++found) {
        EXPECT_TRUE(HasOption(*help, (*found)[1]))
            << line.where << ": seam " << verb << " has no --" << (*found)[1];
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 100u);
}

TEST(DocsTest, LinksLeadToFiles) {
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  for (const fs::path& page : Pages()) {
    const std::string text = ReadFile(page);
    for (std::sregex_iterator found(text.begin(), text.end(), link), end; found != end; ++found)
      EXPECT_TRUE(fs::exists(page.parent_path() / (*found)[1].str()))
          << page.filename() << ": " << (*found)[1];
  }
}

TEST(TutorialTest, EveryCommandRunsInOrder) {
  SEAM_NEEDS_DEMO_CLIP();
  if (!HelpOf("train").is_object()) GTEST_SKIP() << "needs seam train";
  const TemporaryFolder folder;
  std::size_t commands = 0;
  for (const Line& line : CodeOf(fs::path(SEAM_SOURCE) / "docs/tutorial.md")) {
    if (line.text.empty()) continue;
    const CommandResult result =
        RunCommand("cd " + Quoted(folder.path().string()) + " && export SEAM_SHARE=" +
                   Quoted((fs::path(SEAM_SOURCE) / "share").string()) + " && " + line.text);
    ASSERT_EQ(result.status, 0) << line.where << ": " << line.text << "\n" << result.out << result.err;
    ++commands;
  }
  EXPECT_GT(commands, 10u);
  for (const char* file : {"report.html", "evaluation.html", "scores.csv", "runs/first/best.safetensors"})
    EXPECT_TRUE(fs::exists(folder / file)) << file;
}

}  // namespace
}  // namespace seam

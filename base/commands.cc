#include "base/commands.h"

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/error.h"
#include "base/options.h"
#include "base/version.h"

namespace seam {
namespace {

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

std::string Help(const CommandTable& table) {
  const std::string kind = Upper(table.kind), help_row = "help " + kind;
  std::string help = fmt::format("{}: {}\n\nusage: {} {} [ARGUMENT...]\n\n{}s:\n", table.program,
                                 table.summary, table.program, kind, table.kind);
  std::size_t width = help_row.size() + 1;
  for (const Command& command : table.commands) width = std::max(width, command.name.size() + 1);
  for (const Command& command : table.commands) {
    help += fmt::format("  {:<{}}{}{}\n", command.name, width, command.summary,
                        command.built ? "" : " (not built)");
  }
  help += fmt::format("  {:<{}}the options of a {}, as {} {} --help\n", help_row, width, table.kind,
                      table.program, kind);
  return help + fmt::format("\n{} --version prints the version.\n", table.program);
}

// What man pages and completions are made from: cli/manual.h.
std::string HelpJson(const CommandTable& table) {
  nlohmann::ordered_json help = {{"program", table.program},
                                 {"summary", table.summary},
                                 {"kind", table.kind},
                                 {"commands", nlohmann::json::array()}};
  for (const Command& command : table.commands)
    help["commands"].push_back(
        {{"name", command.name}, {"summary", command.summary}, {"built", command.built}});
  return help.dump(1) + "\n";
}

const Command& Find(const CommandTable& table, const std::string& name) {
  std::vector<std::string> names = {"help"};
  for (const Command& command : table.commands) {
    if (command.name == name) return command;
    names.push_back(command.name);
  }
  const std::string near = Nearest(name, names);
  throw UsageError("'" + name + "'", "no such " + table.kind,
                   near.empty() ? fmt::format("{} --help lists them", table.program)
                                : fmt::format("did you mean {} {}?", table.program, near));
}

}  // namespace

int RunCommands(const CommandTable& table, const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << Help(table);
    return kExitUsage;
  }
  const std::string& first = arguments[0];
  const bool help = first == "help" || first == "--help" || first == "-h";
  if (help && arguments.size() > 1) return Find(table, arguments[1]).run({"--help"});
  if (help) {
    std::cout << Help(table);
    return kExitGood;
  }
  if (first == "--help-json") {
    std::cout << HelpJson(table);
    return kExitGood;
  }
  if (first == "--version") {
    std::cout << fmt::format("seam {}\n", Version());
    return kExitGood;
  }
  return Find(table, first).run({arguments.begin() + 1, arguments.end()});
}

}  // namespace seam

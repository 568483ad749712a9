#pragma once

#include <functional>
#include <string>
#include <vector>

namespace seam {

// One command of a program that has several.
struct Command {
  std::string name;
  std::string summary;  // as in its own --help
  std::function<int(const std::vector<std::string>& arguments)> run;
  bool built = true;  // false: this build leaves it out
};

// A program of several commands: "seam", or "seam models".
struct CommandTable {
  std::string program;
  std::string summary;
  std::string kind;  // what a command is called here: "verb"
  std::vector<Command> commands;
};

// Runs the command that the first argument names with the rest. `help`, --help and -h show the table, `help
// COMMAND` is COMMAND --help, and --version prints the version. -> the exit status; a UsageError where there
// is no such command.
int RunCommands(const CommandTable& table, const std::vector<std::string>& arguments);

}  // namespace seam

#include <array>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/options.h"
#include "base/program.h"
#include "base/version.h"
#include "models/export_command.h"
#include "models/import_command.h"
#include "models/list_command.h"
#include "models/show_command.h"

namespace seam {
namespace {

struct Command {
  const char* name;
  const char* summary;  // as in its own --help
  int (*run)(const std::vector<std::string>& arguments);
};

constexpr std::array kCommands = {
    Command{"list", "the networks that Seam knows", &ListModels},
    Command{"show", "what a checkpoint says of itself", &ShowModel},
    Command{"import", "make a checkpoint of weights that another library wrote", &ImportModel},
    Command{"export", "write a network for other programs: ONNX, or safetensors", &ExportModel},
};

std::string Help() {
  std::string help =
      "seam models: the networks and their checkpoints\n\nusage: seam models COMMAND "
      "[ARGUMENT...]\n\ncommands:\n";
  for (const auto& command : kCommands) help += fmt::format("  {:<8}{}\n", command.name, command.summary);
  return help + "\nseam models COMMAND --help lists a command's options.\n";
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << Help();
    return kExitUsage;
  }
  const std::string& first = arguments[0];
  if (first == "--help" || first == "-h") {
    std::cout << Help();
    return kExitGood;
  }
  if (first == "--version") {
    std::cout << fmt::format("seam {}\n", Version());
    return kExitGood;
  }
  std::vector<std::string> names;
  for (const auto& command : kCommands) {
    if (first == command.name) return command.run({arguments.begin() + 1, arguments.end()});
    names.emplace_back(command.name);
  }
  const std::string near = Nearest(first, names);
  throw UsageError(
      "'" + first + "'", "no such command",
      near.empty() ? "seam models --help lists them" : fmt::format("did you mean seam models {}?", near));
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }

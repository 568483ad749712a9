// The front door: `seam VERB ...` becomes the program seam-VERB that lies beside it, as git does.

#include <array>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/options.h"
#include "base/program.h"
#include "base/sibling.h"
#include "base/version.h"

namespace seam {
namespace {

struct Verb {
  const char* name;
  const char* summary;  // as in the verb's own --help
};

constexpr std::array kVerbs = {
    Verb{"extract", "cut the faces out of a dataset of videos, as labelled shards"},
    Verb{"train", "train a network on shards"},
    Verb{"infer", "score videos: how likely is each a deepfake?"},
    Verb{"score", "score the clips of a dataset folder"},
    Verb{"evaluate", "what the scores of videos are worth, against their labels"},
    Verb{"serve", "a web page and an HTTP API that score videos on this machine"},
    Verb{"client", "have a server score files, or a folder of pictures by the RescueBox schema"},
    Verb{"models", "the networks and their checkpoints"},
};

std::string Help() {
  std::string help = "seam: find deepfakes in video\n\nusage: seam VERB [ARGUMENT...]\n\nverbs:\n";
  for (const auto& [name, summary] : kVerbs) {
    help += fmt::format("  {:<10}{}{}\n", name, summary, HasSibling(name) ? "" : " (not built)");
  }
  help += fmt::format("  {:<10}{}\n", "help VERB", "the options of a verb, as seam VERB --help");
  return help + "\nseam --version prints the version.\n";
}

void CheckVerb(const std::string& verb) {
  std::vector<std::string> names = {"help"};
  for (const auto& [name, summary] : kVerbs) {
    if (verb == name) return;
    names.emplace_back(name);
  }
  const auto near = Nearest(verb, names);
  throw UsageError("'" + verb + "'", "no such verb",
                   near.empty() ? "seam --help lists them" : fmt::format("did you mean seam {}?", near));
}

// Never returns.
[[noreturn]] void Become(const std::string& verb, const std::vector<std::string>& arguments) {
  CheckVerb(verb);
  BecomeSibling(verb, arguments);
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::cerr << Help();
    return kExitUsage;
  }
  const auto& first = arguments[0];
  const bool help = first == "help" || first == "--help" || first == "-h";
  if (help && arguments.size() > 1) Become(arguments[1], {"--help"});
  if (help) {
    std::cout << Help();
    return kExitGood;
  }
  if (first == "--version") {
    std::cout << fmt::format("seam {}\n", Version());
    return kExitGood;
  }
  Become(first, {arguments.begin() + 1, arguments.end()});
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }

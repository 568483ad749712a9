// The front door: `seam VERB ...` becomes the program seam-VERB that lies beside it, as git does.

#include <array>
#include <string>
#include <vector>

#include "base/commands.h"
#include "base/program.h"
#include "base/sibling.h"

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
    Verb{"retrieve", "find files that look alike: sources of fakes, copies, leaks between splits"},
    Verb{"spectrum", "detectors that look at frequencies"},
    Verb{"models", "the networks and their checkpoints"},
    Verb{"doctor", "what this installation can do, and what is missing"},
    Verb{"verify", "check files against their digests and the public lists"},
};

int Run(const std::vector<std::string>& arguments) {
  CommandTable table{"seam", "find deepfakes in video", "verb", {}};
  for (const auto& [name, summary] : kVerbs) {
    const std::string verb = name;
    table.commands.push_back(
        {verb, summary, [verb](const auto& rest) -> int { BecomeSibling(verb, rest); }, HasSibling(verb)});
  }
  return RunCommands(table, arguments);
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }

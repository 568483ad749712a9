#include <string>
#include <vector>

#include "base/commands.h"
#include "base/program.h"
#include "retrieve/commands.h"

namespace seam {
namespace {

int Main(const std::vector<std::string>& arguments) {
  return RunCommands(
      {"seam retrieve",
       "find files that look alike: sources of fakes, copies, leaks between splits",
       "command",
       {{"index", "put the faces or frames of pictures and videos into an index", &RetrieveIndex},
        {"query", "which files of an index are most alike?", &RetrieveQuery},
        {"duplicates", "pairs of files that show nearly the same", &RetrieveDuplicates},
        {"remove", "take files out of an index", &RetrieveRemove}}},
      arguments);
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }

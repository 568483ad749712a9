#include <string>
#include <vector>

#include "base/commands.h"
#include "base/program.h"
#include "models/export_command.h"
#include "models/fuse_command.h"
#include "models/import_command.h"
#include "models/list_command.h"
#include "models/show_command.h"
#include "models/torch_command.h"

namespace seam {
namespace {

int Main(const std::vector<std::string>& arguments) {
  return RunCommands({"seam models",
                      "the networks and their checkpoints",
                      "command",
                      {{"list", "the networks that Seam knows", &ListModels},
                       {"show", "what a checkpoint says of itself", &ShowModel},
                       {"import", "make a checkpoint of weights that another library wrote", &ImportModel},
                       {"fuse", "put several networks into one file that fuses their scores", &FuseModels},
                       {"export", "write a network for other programs: ONNX, or safetensors", &ExportModel},
                       {"torch", "what LibTorch can do on this machine", &ShowTorch}}},
                     arguments);
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }

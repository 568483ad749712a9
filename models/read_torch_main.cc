// seam-read-torch FILE [KEY]: the weights of a PyTorch file for `seam models import`, on standard output
// (models/weights/weights_pipe.h). Pickles and archives of strangers are read here, in a process of its own,
// in a sandbox, with bounds on its time and memory.

#include <unistd.h>

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/program.h"
#include "base/sandbox.h"
#include "models/weights/torch_file.h"
#include "models/weights/weights_pipe.h"

namespace seam {
namespace {

constexpr std::uint64_t kCpuSeconds = 300, kAddressBytes = std::uint64_t{64} << 30;

int Read(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.size() > 2)
    throw UsageError("seam-read-torch", "takes a file and a key; it is run by `seam models import`");
  const std::string& path = arguments[0];
  LimitProcess({kAddressBytes, kCpuSeconds, 0});
  WeightsSender sender(STDOUT_FILENO);
  try {
    const MappedFile file(path);
    if (SandboxProblem().empty()) EnterSandbox();
    const StateDict dict = ReadTorchFile(file.bytes(), path, arguments.size() > 1 ? arguments[1] : "");
    sender.Key(dict.key);
    for (const std::string& other : dict.others) sender.Other(other);
    for (const auto& [name, tensor] : dict.tensors)
      sender.Tensor(name, tensor.dtype, tensor.shape, tensor.bytes());
    sender.End();
  } catch (const Error& error) {
    const std::string what = error.what(), subject = Printable(path) + ": ";
    sender.Problem(what.starts_with(subject) ? what.substr(subject.size()) : what, error.hint(),
                   error.exit_code());
  } catch (const std::exception&) {
    sender.Problem("asks for more memory than there is", "");
  }
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Read); }

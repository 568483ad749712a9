#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "models/weights/plain_tensor.h"

namespace seam {

// How a process that reads another library's file (seam-read-h5, seam-read-torch) hands the weights over to
// the one that wants them: messages one after the other through a pipe. What the one does not send the other
// does not take.

constexpr int kMaxPipeTensors = 100'000, kMaxPipeRank = 64;
constexpr std::size_t kMaxPipeText = 16'384;

class WeightsSender {
 public:
  explicit WeightsSender(int out) : out_(out) {}

  // `bytes`: those of the elements, as many as type and shape ask for. Each name once.
  void Tensor(const std::string& name, DType dtype, const std::vector<std::int64_t>& shape,
              std::string_view bytes);
  // Where the tensors lay, and where others do.
  void Key(const std::string& key);
  void Other(const std::string& words);
  // Instead of what would follow.
  void Problem(const std::string& problem, const std::string& hint, ExitCode exit_code = kExitFailed);
  // After all, where all went well.
  void End();

 private:
  void Write(const void* data, std::size_t size) const;
  void Number(std::uint64_t number) const;
  void Text(std::string_view text) const;

  int out_;
};

struct ReceivedWeights {
  PlainTensors tensors;
  std::string key;
  std::vector<std::string> others;
};

// Up to `max_bytes` of tensors. The sender is as little trusted as the file `subject`: a problem that it
// tells, nonsense and a sender that is gone are Errors. `said_of` stands before a problem: "bad HDF5 file: ".
ReceivedWeights ReceiveWeights(int in, const std::string& subject, const std::string& said_of,
                               std::uint64_t max_bytes);

}  // namespace seam

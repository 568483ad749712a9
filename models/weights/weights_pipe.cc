#include "models/weights/weights_pipe.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace seam {
namespace {

// A text is its length and its bytes; lengths, types, ranks and sides are 64 bits.
enum class Message : std::uint64_t {
  kTensor = 1,   // name, type, rank, sides, elements
  kKey = 2,      // a text
  kOther = 3,    // a text
  kProblem = 4,  // exit code, problem, hint
  kEnd = 5
};

constexpr std::uint64_t kLastType = static_cast<std::uint64_t>(DType::kFloat64);

class Receiver {
 public:
  Receiver(int in, const std::string& subject, const std::string& said_of, std::uint64_t max_bytes)
      : in_(in), subject_(subject), said_of_(said_of), left_(max_bytes) {}

  ReceivedWeights Receive() {
    ReceivedWeights weights;
    for (int others = 0;;) {
      switch (static_cast<Message>(Number(~std::uint64_t{0}))) {
        case Message::kTensor:
          if (weights.tensors.size() >= kMaxPipeTensors) throw Broken();
          Tensor(&weights.tensors);
          break;
        case Message::kKey:
          weights.key = Text();
          break;
        case Message::kOther:
          if (++others > kMaxPipeTensors) throw Broken();
          weights.others.push_back(Text());
          break;
        case Message::kProblem:
          throw Told();
        case Message::kEnd:
          return weights;
        default:
          throw Broken();
      }
    }
  }

 private:
  Error Broken() const {
    return Error(subject_, said_of_ + "its reader broke down, as damaged or hostile files make it",
                 "fetch the file again");
  }
  Error Told() {
    const std::uint64_t exit_code = Number(kExitVerdict);
    const std::string problem = Printable(Text()), hint = Printable(Text());
    // A problem of the command line names the option itself.
    if (exit_code == kExitUsage) {
      const std::size_t colon = std::min(problem.find(": "), problem.size());
      return UsageError(problem.substr(0, colon), problem.substr(std::min(colon + 2, problem.size())), hint);
    }
    return Error(subject_, said_of_ + problem, hint);
  }

  void Tensor(PlainTensors* tensors) {
    const std::string name = Text();
    const auto dtype = static_cast<DType>(Number(kLastType));
    std::vector<std::int64_t> shape(Number(kMaxPipeRank));
    std::uint64_t bytes = FindSize(dtype);
    for (auto& side : shape) {
      const std::uint64_t length = Number(bytes == 0 ? kMaxPipeText : left_ / bytes);
      side = static_cast<std::int64_t>(length);
      bytes *= length;
    }
    if (bytes > left_) throw Broken();
    left_ -= bytes;
    const std::shared_ptr<char> elements = AllocateElements(bytes);
    Read(elements.get(), bytes);
    if (!tensors->emplace(name, PlainTensor{dtype, std::move(shape), elements}).second) throw Broken();
  }

  void Read(void* data, std::size_t size) const {
    auto* bytes = static_cast<char*>(data);
    while (size > 0) {
      const ssize_t got = read(in_, bytes, size);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw Broken();
      bytes += got;
      size -= static_cast<std::size_t>(got);
    }
  }
  std::uint64_t Number(std::uint64_t limit) const {
    std::uint64_t number = 0;
    Read(&number, sizeof(number));
    if (number > limit) throw Broken();
    return number;
  }
  std::string Text() const {
    std::string text(Number(kMaxPipeText), '\0');
    Read(text.data(), text.size());
    return text;
  }

  int in_;
  const std::string& subject_;
  const std::string& said_of_;
  std::uint64_t left_;
};

}  // namespace

void WeightsSender::Tensor(const std::string& name, DType dtype, const std::vector<std::int64_t>& shape,
                           std::string_view bytes) {
  Number(static_cast<std::uint64_t>(Message::kTensor));
  Text(name);
  Number(static_cast<std::uint64_t>(dtype));
  Number(shape.size());
  for (const std::int64_t side : shape) Number(static_cast<std::uint64_t>(side));
  Write(bytes.data(), bytes.size());
}

void WeightsSender::Key(const std::string& key) {
  Number(static_cast<std::uint64_t>(Message::kKey));
  Text(key);
}

void WeightsSender::Other(const std::string& words) {
  Number(static_cast<std::uint64_t>(Message::kOther));
  Text(words);
}

void WeightsSender::Problem(const std::string& problem, const std::string& hint, ExitCode exit_code) {
  Number(static_cast<std::uint64_t>(Message::kProblem));
  Number(static_cast<std::uint64_t>(exit_code));
  Text(problem);
  Text(hint);
}

void WeightsSender::End() { Number(static_cast<std::uint64_t>(Message::kEnd)); }

// Whoever reads has gone: nobody is left to tell.
void WeightsSender::Write(const void* data, std::size_t size) const {
  const auto* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = write(out_, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) _exit(kExitFailed);
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

void WeightsSender::Number(std::uint64_t number) const { Write(&number, sizeof(number)); }

void WeightsSender::Text(std::string_view text) const {
  const std::string_view sent = text.substr(0, kMaxPipeText);
  Number(sent.size());
  Write(sent.data(), sent.size());
}

ReceivedWeights ReceiveWeights(int in, const std::string& subject, const std::string& said_of,
                               std::uint64_t max_bytes) {
  return Receiver(in, subject, said_of, max_bytes).Receive();
}

}  // namespace seam

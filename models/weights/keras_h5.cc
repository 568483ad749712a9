#include "models/weights/keras_h5.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <regex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/sibling.h"
#include "models/weights/h5_pipe.h"
#include "models/weights/safetensors_header.h"

namespace seam {
namespace {

// What comes out of the pipe is as little trusted as the file.
class Receiver {
 public:
  Receiver(int in, std::string subject) : in_(in), subject_(std::move(subject)) {}

  PlainTensors Receive() {
    PlainTensors tensors;
    std::uint64_t elements = 0;
    while (true) {
      H5Message message{};
      Read(&message, sizeof(message));
      if (message == H5Message::kEnd) return tensors;
      if (message == H5Message::kProblem) throw Bad(Text(4 * kMaxH5NameBytes));
      if (message != H5Message::kTensor || tensors.size() >= kMaxH5Objects) throw Broken();
      const std::string name = Text(kMaxH5Depth * (kMaxH5NameBytes + 1) * 2);
      std::vector<std::int64_t> shape(Number(kMaxH5Rank));
      std::uint64_t count = 1;
      for (auto& side : shape) {
        const std::uint64_t length = Number(kMaxH5Elements / count);
        if (length == 0) throw Broken();
        side = static_cast<std::int64_t>(length);
        count *= length;
      }
      elements += count;
      if (elements > kMaxH5Elements) throw Broken();
      const std::shared_ptr<char> numbers = AllocateElements(count * sizeof(float));
      Read(numbers.get(), count * sizeof(float));
      tensors[name] = {DType::kFloat32, std::move(shape), numbers};
    }
  }

 private:
  Error Bad(const std::string& what) const {
    return Error(subject_, "bad HDF5 file: " + Printable(what), "name a file of Keras' save_weights()");
  }
  Error Broken() const { return Bad("its reader broke down, as damaged or hostile files make it"); }

  void Read(void* data, std::size_t size) {
    auto* bytes = static_cast<char*>(data);
    while (size > 0) {
      const ssize_t got = read(in_, bytes, size);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw Broken();
      bytes += got;
      size -= static_cast<std::size_t>(got);
    }
  }
  std::uint64_t Number(std::uint64_t limit) {
    std::uint64_t number = 0;
    Read(&number, sizeof(number));
    if (number > limit) throw Broken();
    return number;
  }
  std::string Text(std::size_t limit) {
    std::string text(Number(limit), '\0');
    Read(text.data(), text.size());
    return text;
  }

  int in_;
  std::string subject_;
};

// Keras 3 numbers a layer's weights: "layers/conv2d_5/vars/0". Their names by the layer's class, which its
// group is called after; "" for another path.
std::string Keras3Name(const std::string& path) {
  static const std::regex pattern("(.*/)?([^/]+)/vars/([0-9]{1,3})");
  static const std::vector<std::pair<std::regex, std::vector<std::string>>> classes = {
      {std::regex("separable_conv[0-9]d(_[0-9]+)?"), {"depthwise_kernel", "pointwise_kernel", "bias"}},
      {std::regex("depthwise_conv[0-9]d(_[0-9]+)?"), {"depthwise_kernel", "bias"}},
      {std::regex("batch_normalization(_[0-9]+)?"), {"gamma", "beta", "moving_mean", "moving_variance"}},
      {std::regex("layer_normalization(_[0-9]+)?"), {"gamma", "beta"}},
      {std::regex(".*"), {"kernel", "bias"}}};
  std::smatch match;
  if (!std::regex_match(path, match, pattern)) return "";
  const std::string layer = match[2];
  const auto number = static_cast<std::size_t>(std::stoi(match[3]));
  for (const auto& [type, names] : classes) {
    if (!std::regex_match(layer, type)) continue;
    return layer + "/" + (number < names.size() ? names[number] : match[3].str()) + ":0";
  }
  return "";
}

// "conv2d_5/conv2d_5/kernel:0" and "model_1/conv2d_5/kernel:0" -> "conv2d_5/kernel:0".
std::string LayerAndWeight(const std::string& path) {
  if (std::string name = Keras3Name(path); !name.empty()) return name;
  const auto last = path.rfind('/');
  const auto before = last == std::string::npos || last == 0 ? std::string::npos : path.rfind('/', last - 1);
  return before == std::string::npos ? path : path.substr(before + 1);
}

}  // namespace

PlainTensors LoadKerasH5(const std::filesystem::path& path) {
  const SiblingOutput reader("read-h5", {path.string()});
  PlainTensors tensors;
  for (const auto& [name, tensor] : Receiver(reader.fd(), path.string()).Receive()) {
    if (!tensors.emplace(LayerAndWeight(name), tensor).second) {
      throw Error(path.string(), fmt::format("bad HDF5 file: {} stands twice", Shown(LayerAndWeight(name))));
    }
  }
  return tensors;
}

}  // namespace seam

#include "models/weights/keras_h5.h"

#include <cstdint>
#include <regex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/sibling.h"
#include "models/weights/safetensors_header.h"
#include "models/weights/weights_pipe.h"

namespace seam {
namespace {

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
  constexpr std::uint64_t kMaxBytes = std::uint64_t{2} << 30;
  PlainTensors tensors;
  for (const auto& [name, tensor] :
       ReceiveWeights(reader.fd(), path.string(), "bad HDF5 file: ", kMaxBytes).tensors) {
    if (!tensors.emplace(LayerAndWeight(name), tensor).second) {
      throw Error(path.string(), fmt::format("bad HDF5 file: {} stands twice", Shown(LayerAndWeight(name))));
    }
  }
  return tensors;
}

}  // namespace seam

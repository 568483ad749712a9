#include "models/torch/network_sizes.h"

#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace seam {
namespace {

constexpr std::size_t kStages = 7;  // of an EfficientNet

// Side `at` of a convolution's weight; none where there is no such weight.
std::optional<std::int64_t> Side(const TorchTensors& tensors, const std::string& name, std::int64_t at) {
  const auto found = tensors.find(name + ".weight");
  if (found == tensors.end() || found->second.dim() != 4) return std::nullopt;
  return found->second.size(at);
}

std::optional<std::int64_t> Channels(const TorchTensors& tensors, const std::string& name) {
  return Side(tensors, name, 0);
}

std::string Text(const std::vector<std::int64_t>& numbers) {
  return fmt::format("{}", fmt::join(numbers, "/"));
}

nlohmann::json OfXception(const TorchTensors& tensors) {
  std::vector<std::int64_t> widths;
  for (const char* layer : {"conv1", "conv2", "block1.skip", "block2.skip", "block3.skip", "block12.skip",
                            "conv3.pointwise", "conv4.pointwise"}) {
    const auto channels = Channels(tensors, layer);
    if (!channels) return {};
    widths.push_back(*channels);
  }
  nlohmann::json sizes = {{"widths", Text(widths)}};
  const auto hidden = tensors.find("mlp.weight");
  const auto adjusted = Channels(tensors, "adjust"), shared = Channels(tensors, "shared.0");
  if (adjusted && shared && hidden != tensors.end() && hidden->second.dim() == 2)
    sizes["ucf_widths"] = Text({*adjusted, *shared, hidden->second.size(0)});
  return sizes;
}

// An Xception within a network, of names that begin with `prefix`.
TorchTensors Within(const TorchTensors& tensors, const std::string& prefix) {
  TorchTensors found;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix)) found.emplace(name.substr(prefix.size()), tensor);
  }
  return found;
}

nlohmann::json OfSrm(const TorchTensors& tensors) {
  nlohmann::json sizes = OfXception(Within(tensors, "rgb."));
  const auto keys = Channels(tensors, "dual_cma0.key_conv1"),
             hidden = Channels(tensors, "fusion.ca.sharedMLP.0");
  if (keys) sizes["keys"] = *keys;
  if (hidden) sizes["hidden"] = *hidden;
  return sizes;
}

nlohmann::json OfRecce(const TorchTensors& tensors) {
  nlohmann::json sizes = OfXception(Within(tensors, "xception."));
  if (const auto joined = Channels(tensors, "reasoning.va_embedding.0")) sizes["joined"] = *joined;
  return sizes;
}

nlohmann::json OfCapsules(const TorchTensors& tensors) {
  const auto first = Channels(tensors, "vgg.0"), second = Channels(tensors, "vgg.5"),
             third = Channels(tensors, "vgg.10"), all = Channels(tensors, "capsules.0"),
             inputs = Side(tensors, "capsules.3", 1), maps = Channels(tensors, "capsules.3"),
             numbers = Channels(tensors, "capsules.means");
  if (!first || !second || !third || !all || !inputs || !maps || !numbers || *inputs == 0) return {};
  const std::int64_t capsules = *all / *inputs;
  if (capsules == 0) return {};
  return {{"widths", Text({*first, *second, *third, *inputs, *maps / capsules, *numbers / capsules})},
          {"capsules", capsules}};
}

// Channels and layers of the seven stages, of the names of timm.
bool StagesOfTimm(const TorchTensors& tensors, std::vector<std::int64_t>* widths,
                  std::vector<std::int64_t>* depths) {
  for (std::size_t stage = 0; stage < kStages; ++stage) {
    std::int64_t layers = 0;
    std::optional<std::int64_t> out;
    while (true) {
      const std::string block = fmt::format("blocks.{}.{}.", stage, layers);
      // The last convolution of a block that does not widen is called conv_pw.
      const auto last = Channels(tensors, block + "conv_pwl");
      const auto channels = last ? last : Channels(tensors, block + "conv_pw");
      if (!channels) break;
      out = channels;
      ++layers;
    }
    if (!out) return false;
    widths->push_back(*out);
    depths->push_back(layers);
  }
  return true;
}

// The same of lukemelas', which counts blocks through all stages: one begins where the kernel or the channels
// change, and after the first block, which alone does not widen.
bool StagesOfLukemelas(const TorchTensors& tensors, std::vector<std::int64_t>* widths,
                       std::vector<std::int64_t>* depths) {
  std::int64_t kernel = 0;
  bool widened = false;
  for (int number = 0;; ++number) {
    const std::string block = fmt::format("_blocks.{}.", number);
    const auto out = Channels(tensors, block + "_project_conv");
    const auto side = Side(tensors, block + "_depthwise_conv", 2);
    if (!out || !side) break;
    const bool widens = Channels(tensors, block + "_expand_conv").has_value();
    if (widths->empty() || *out != widths->back() || *side != kernel || widens != widened) {
      widths->push_back(*out);
      depths->push_back(0);
    }
    ++depths->back();
    kernel = *side;
    widened = widens;
  }
  return widths->size() == kStages;
}

nlohmann::json OfEfficientNet(const TorchTensors& tensors) {
  const bool timm = Channels(tensors, "conv_stem").has_value();
  const auto stem = Channels(tensors, timm ? "conv_stem" : "_conv_stem");
  const auto head = Channels(tensors, timm ? "conv_head" : "_conv_head");
  if (!stem || !head) return {};
  std::vector<std::int64_t> stages, depths;
  if (!(timm ? StagesOfTimm : StagesOfLukemelas)(tensors, &stages, &depths)) return {};
  std::vector<std::int64_t> widths = {*stem};
  widths.insert(widths.end(), stages.begin(), stages.end());
  widths.push_back(*head);
  return {{"widths", Text(widths)}, {"depths", Text(depths)}};
}

}  // namespace

nlohmann::json FindSizes(const std::string& model, const TorchTensors& tensors) {
  nlohmann::json sizes;
  if (model == "xception") sizes = OfXception(tensors);
  if (model == "srm") sizes = OfSrm(tensors);
  if (model == "recce") sizes = OfRecce(tensors);
  if (model == "capsule") sizes = OfCapsules(tensors);
  if (model.starts_with("efficientnet_")) sizes = OfEfficientNet(tensors);
  if (model.starts_with("resnet")) {
    if (const auto width = Channels(tensors, "conv1")) sizes = {{"width", *width}};
  }
  return sizes.is_object() ? sizes : nlohmann::json::object();
}

}  // namespace seam

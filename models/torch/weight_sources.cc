#include "models/torch/weight_sources.h"
#include "base/numbers.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace seam {
namespace {

using Names = std::vector<std::string>;
using Table = std::vector<std::pair<std::string_view, std::string_view>>;

// "conv1.weight" -> "conv1", "weight".
std::pair<std::string, std::string> Split(const std::string& name) {
  const auto dot = name.rfind('.');
  return {name.substr(0, dot), name.substr(dot + 1)};
}

// The layer's name by a table; a layer that is not in it keeps its own.
Names ByTable(const Table& table, const std::string& ours) {
  const auto [layer, leaf] = Split(ours);
  Names names;
  for (const auto& [mine, theirs] : table) {
    if (mine == layer) names.push_back(fmt::format("{}.{}", theirs, leaf));
  }
  if (names.empty()) names.push_back(ours);
  return names;
}

Names Own(const std::string& ours, const Graph&) { return {ours}; }

// https://github.com/DariusAf/MesoNet, classifiers.py: layers in the order in which they are made.
Names KerasMeso(const std::string& ours, const Graph& graph) {
  static const std::map<std::string_view, std::string_view> kLeaves = {{"running_mean", "moving_mean"},
                                                                       {"running_var", "moving_variance"}};
  const auto [layer, leaf] = Split(ours);
  const bool norm = layer.starts_with("norm");
  std::string kind = norm ? "batch_normalization" : layer.starts_with("dense") ? "dense" : "conv2d";
  // A convolution's number is its place among them; norms and dense layers are numbered alike.
  int number = layer.back() - '0';
  if (kind == "conv2d") {
    std::set<std::string> seen;
    for (const Node& node : graph.nodes()) {
      if (node.op == Op::kConv) seen.insert(node.name);
      if (node.op == Op::kConv && node.name == layer) break;
    }
    number = static_cast<int>(seen.size());
  }
  const auto statistic = kLeaves.find(leaf);
  const std::string_view theirs = statistic != kLeaves.end() ? statistic->second
                                  : leaf == "weight"         ? (norm ? "gamma" : "kernel")
                                                             : (norm ? "beta" : "bias");
  return {fmt::format("{}_{}/{}", kind, number, theirs)};
}

// Keras 3 counts the layers by their depth: in each stage of branches first those before the last ones.
Names Keras3MesoInception(const std::string& ours, const Graph& graph) {
  static const Table order = {{"inception1.b1", "1"},  {"inception1.c1", "2"}, {"inception1.d1", "3"},
                              {"inception1.a", "4"},   {"inception1.b2", "5"}, {"inception1.c2", "6"},
                              {"inception1.d2", "7"},  {"inception2.b1", "8"}, {"inception2.c1", "9"},
                              {"inception2.d1", "10"}, {"inception2.a", "11"}, {"inception2.b2", "12"},
                              {"inception2.c2", "13"}, {"inception2.d2", "14"}};
  const auto [layer, leaf] = Split(ours);
  for (const auto& [mine, number] : order) {
    if (mine == layer) return {fmt::format("conv2d_{}/{}", number, leaf == "weight" ? "kernel" : "bias")};
  }
  return KerasMeso(ours, graph);
}

// https://github.com/maragori/DeepfakeForensics-v1, MesoNet4: two Sequentials.
Names Maragori(const std::string& ours, const Graph&) {
  static const Table table = {{"conv1", "convs.0"},  {"conv2", "convs.4"},  {"conv3", "convs.8"},
                              {"conv4", "convs.12"}, {"norm1", "convs.2"},  {"norm2", "convs.6"},
                              {"norm3", "convs.10"}, {"norm4", "convs.14"}, {"dense1", "linear.1"},
                              {"dense2", "linear.4"}};
  return ByTable(table, ours);
}

// https://github.com/HongguLiu/MesoNet-Pytorch, Meso4 and MesoInception4, whose spelling is theirs.
Names HongguLiu(const std::string& ours, const Graph& graph) {
  static const Table meso4 = {{"norm1", "bn1"}, {"norm2", "bn2"}, {"dense1", "fc1"}, {"dense2", "fc2"}};
  static const Table inception = {{"inception1.a", "Incption1_conv1"},
                                  {"inception1.b1", "Incption1_conv2_1"},
                                  {"inception1.b2", "Incption1_conv2_2"},
                                  {"inception1.c1", "Incption1_conv3_1"},
                                  {"inception1.c2", "Incption1_conv3_2"},
                                  {"inception1.d1", "Incption1_conv4_1"},
                                  {"inception1.d2", "Incption1_conv4_2"},
                                  {"inception2.a", "Incption2_conv1"},
                                  {"inception2.b1", "Incption2_conv2_1"},
                                  {"inception2.b2", "Incption2_conv2_2"},
                                  {"inception2.c1", "Incption2_conv3_1"},
                                  {"inception2.c2", "Incption2_conv3_2"},
                                  {"inception2.d1", "Incption2_conv4_1"},
                                  {"inception2.d2", "Incption2_conv4_2"},
                                  {"norm1", "Incption1_bn"},
                                  {"norm2", "Incption2_bn"},
                                  {"norm3", "bn1"},
                                  {"conv3", "conv1"},
                                  {"conv4", "conv2"},
                                  {"dense1", "fc1"},
                                  {"dense2", "fc2"}};
  const bool branches = std::any_of(graph.nodes().begin(), graph.nodes().end(),
                                    [](const Node& node) { return node.name.starts_with("inception1."); });
  return ByTable(branches ? inception : meso4, ours);
}

// The classifier of one dense layer, `own` here, which libraries call differently.
Names Classifier(const std::string& ours, const std::string& own) {
  return ByTable({{own, own},
                  {own, "fc"},
                  {own, "last_linear"},
                  {own, "fc.1"},
                  {own, "last_linear.1"},
                  {own, "last_layer"},
                  {own, "_fc"},
                  {own, "classifier"}},
                 ours);
}
Names LastLinear(const std::string& ours, const Graph&) { return ByTable({{"fc", "last_linear"}}, ours); }
Names ResNet(const std::string& ours, const Graph&) { return Classifier(ours, "fc"); }
Names Xception(const std::string& ours, const Graph&) { return Classifier(ours, "last_linear"); }
// All else has Seam's names already (vit_names.h).
Names Vit(const std::string& ours, const Graph&) { return Classifier(ours, "head"); }

// A layer of an EfficientNet: features.STAGE.BLOCK.block.PART...
struct EfficientNetLayer {
  int stage = 0;        // 1 to 7; 0: the stem; 8: the head
  int block = 0;        // within its stage
  int flat = 0;         // among all blocks
  bool widens = false;  // the block has a first convolution that widens
  std::string part;     // "3.0", counted as if the block widened
};

int Digits(const std::string& text, std::size_t* at) {
  const std::size_t end = std::min(text.find('.', *at), text.size());
  const auto number = ParseNumber<int>(std::string_view(text).substr(*at, end - *at));
  *at = end + 1;
  return number.value_or(0);
}

// "features.2.0.block.1.0" -> its parts. The layer is of a convolution or norm.
EfficientNetLayer ParseLayer(const std::string& layer, const Graph& graph) {
  EfficientNetLayer parsed;
  std::size_t at = std::string_view("features.").size();
  parsed.stage = Digits(layer, &at);
  if (layer.find(".block.") == std::string::npos) {
    parsed.part = layer.substr(at);
    if (parsed.stage > 0) parsed.stage = 8;
    return parsed;
  }
  parsed.block = Digits(layer, &at);
  std::set<std::pair<int, int>> before;
  const std::string last = fmt::format("features.{}.{}.block.3.", parsed.stage, parsed.block);
  for (const Node& node : graph.nodes()) {
    if (node.name.find(".block.") == std::string::npos) continue;
    std::size_t place = std::string_view("features.").size();
    const int stage = Digits(node.name, &place), block = Digits(node.name, &place);
    if (std::pair(stage, block) < std::pair(parsed.stage, parsed.block)) before.emplace(stage, block);
    parsed.widens = parsed.widens || node.name.starts_with(last);
  }
  parsed.flat = static_cast<int>(before.size());
  at += std::string_view("block.").size();
  const int number = Digits(layer, &at);
  parsed.part = fmt::format("{}.{}", parsed.widens ? number : number + 1, layer.substr(at));
  return parsed;
}

// The layer's name by the names of stem, head and a block's parts: widening convolution and norm, depthwise,
// squeeze, excite, narrowing.
std::string PartName(const Table& table, const std::string& part) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == part; });
  return found == table.end() ? "" : std::string(found->second);
}

// https://github.com/huggingface/pytorch-image-models: efficientnet_*, tf_efficientnet_*.
Names TimmEfficientNet(const std::string& ours, const Graph& graph) {
  static const Table stem = {{"0", "conv_stem"}, {"1", "bn1"}}, head = {{"0", "conv_head"}, {"1", "bn2"}};
  static const Table wide = {{"0.0", "conv_pw"},          {"0.1", "bn1"},
                             {"1.0", "conv_dw"},          {"1.1", "bn2"},
                             {"2.fc1", "se.conv_reduce"}, {"2.fc2", "se.conv_expand"},
                             {"3.0", "conv_pwl"},         {"3.1", "bn3"}};
  static const Table narrow = {{"1.0", "conv_dw"},          {"1.1", "bn1"},     {"2.fc1", "se.conv_reduce"},
                               {"2.fc2", "se.conv_expand"}, {"3.0", "conv_pw"}, {"3.1", "bn2"}};
  const auto [layer, leaf] = Split(ours);
  if (!layer.starts_with("features.")) return Classifier(ours, "classifier.1");
  const EfficientNetLayer parsed = ParseLayer(layer, graph);
  if (parsed.stage == 0) return {PartName(stem, parsed.part) + "." + leaf};
  if (parsed.stage == 8) return {PartName(head, parsed.part) + "." + leaf};
  return {fmt::format("blocks.{}.{}.{}.{}", parsed.stage - 1, parsed.block,
                      PartName(parsed.widens ? wide : narrow, parsed.part), leaf)};
}

// https://github.com/lukemelas/EfficientNet-PyTorch.
Names Lukemelas(const std::string& ours, const Graph& graph) {
  static const Table stem = {{"0", "_conv_stem"}, {"1", "_bn0"}}, head = {{"0", "_conv_head"}, {"1", "_bn1"}};
  static const Table parts = {{"0.0", "_expand_conv"},  {"0.1", "_bn0"},         {"1.0", "_depthwise_conv"},
                              {"1.1", "_bn1"},          {"2.fc1", "_se_reduce"}, {"2.fc2", "_se_expand"},
                              {"3.0", "_project_conv"}, {"3.1", "_bn2"}};
  const auto [layer, leaf] = Split(ours);
  if (!layer.starts_with("features.")) return Classifier(ours, "classifier.1");
  const EfficientNetLayer parsed = ParseLayer(layer, graph);
  if (parsed.stage == 0) return {PartName(stem, parsed.part) + "." + leaf};
  if (parsed.stage == 8) return {PartName(head, parsed.part) + "." + leaf};
  return {fmt::format("_blocks.{}.{}.{}", parsed.flat, PartName(parts, parsed.part), leaf)};
}

const Names kMeso = {"meso"}, kEfficientNet = {"efficientnet_"}, kResNet = {"resnet"},
            kXception = {"xception"}, kVit = {"vit_"};

}  // namespace

const std::vector<WeightSource>& WeightSources() {
  static const std::vector<WeightSource> sources = {
      {.name = "torchvision",
       .families = {"efficientnet_", "resnet", "mobilenet_"},
       .theirs = &Own,
       .library = true},
      {.name = "pretrainedmodels", .families = kResNet, .theirs = &LastLinear, .library = true},
      {.name = "pretrainedmodels", .families = kXception, .theirs = &Own, .library = true},
      {.name = "timm", .families = kEfficientNet, .theirs = &TimmEfficientNet, .library = true},
      {.name = "timm", .families = kResNet, .theirs = &ResNet, .library = true},
      {.name = "timm", .families = kXception, .theirs = &Xception, .library = true},
      {.name = "transformers", .families = kVit, .theirs = &Vit, .library = true},
      {.name = "lukemelas",
       .families = kEfficientNet,
       .theirs = &Lukemelas,
       .library = true,
       .variant = {{"tf", true}}},
      {.name = "keras", .families = kMeso, .theirs = &KerasMeso, .keras = true, .fake_is = 0},
      {.name = "keras",
       .families = {"mesoinception4"},
       .theirs = &Keras3MesoInception,
       .keras = true,
       .fake_is = 0},
      {.name = "maragori",
       .families = {"meso4"},
       .theirs = &Maragori,
       .fake_is = 1,
       .variant = {{"bias_free", true}, {"torch_norms", true}, {"scale", "imagenet"}},
       .size = 224,
       .margin = 0.05},
      {.name = "hongguliu",
       .families = {"meso4"},
       .theirs = &HongguLiu,
       .fake_is = 0,
       .variant = {{"bias_free", true}, {"torch_norms", true}, {"shared_norms", true}, {"scale", "half"}}},
      {.name = "hongguliu",
       .families = {"mesoinception4"},
       .theirs = &HongguLiu,
       .fake_is = 0,
       .variant = {{"bias_free", true},
                   {"torch_norms", true},
                   {"shared_norms", true},
                   {"plain_branches", true},
                   {"scale", "half"}}},
      {.name = "bnext", .families = {"bnext_"}, .theirs = &Own, .library = true},
      {.name = "seam", .families = {""}, .theirs = &Own, .fake_is = 1},
  };
  return sources;
}

std::vector<std::string> RenumberKeras(const std::vector<std::string>& names) {
  // "conv2d_5/kernel:0" -> kind "conv2d", number 5; "conv2d/kernel:0" is number 0.
  struct Layer {
    std::string kind, weight;
    int number = 0;
  };
  std::vector<Layer> layers;
  std::map<std::string, std::set<int>> numbers;
  for (const auto& name : names) {
    const auto slash = name.find('/');
    std::string layer = name.substr(0, slash);
    Layer parsed;
    const auto underscore = layer.rfind('_');
    if (underscore != std::string::npos) {
      const auto number = ParseNumber<int>(std::string_view(layer).substr(underscore + 1));
      if (number) layer.resize(underscore);
      parsed.number = number.value_or(0);
    }
    parsed.kind = layer;
    parsed.weight = slash == std::string::npos ? "" : name.substr(slash);
    if (parsed.weight.ends_with(":0")) parsed.weight.resize(parsed.weight.size() - 2);
    numbers[layer].insert(parsed.number);
    layers.push_back(std::move(parsed));
  }
  std::vector<std::string> renumbered;
  for (const auto& layer : layers) {
    const auto& all = numbers[layer.kind];
    const auto place = std::distance(all.begin(), all.find(layer.number)) + 1;
    renumbered.push_back(fmt::format("{}_{}{}", layer.kind, place, layer.weight));
  }
  return renumbered;
}

}  // namespace seam

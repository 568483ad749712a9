#include "models/zoo/mobilenet.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "models/zoo/variant.h"

namespace seam {
namespace {

// A row of the paper's table 2: blocks of one width.
struct Stage {
  int expansion, channels, blocks, stride;
};

constexpr std::array<Stage, 7> kStages = {{
    {1, 16, 1, 1},
    {6, 24, 2, 2},
    {6, 32, 3, 2},
    {6, 64, 4, 2},
    {6, 96, 3, 1},
    {6, 160, 3, 2},
    {6, 320, 1, 1},
}};

constexpr int kStem = 32, kFeatures = 1280;
constexpr double kDropout = 0.2;

class Builder {
 public:
  Builder(Graph* graph, const ModelOptions& options)
      : graph_(*graph), relu_(VariantFlag(options, "relu")), tf_(VariantFlag(options, "tf")) {}

  // -> the last map [B, 1280, S / 32, S / 32].
  int Body(int x) {
    x = ConvNormRelu(x, "features.0.0", "features.0.1", {.channels = kStem, .kernel = 3, .stride = 2});
    int number = 1;
    for (const Stage& stage : kStages) {
      for (int block = 0; block < stage.blocks; ++block, ++number) {
        x = Block(x, fmt::format("features.{}.conv.", number), stage, block == 0 ? stage.stride : 1);
      }
    }
    const std::string last = fmt::format("features.{}.", number);
    return ConvNormRelu(x, last + "0", last + "1", {.channels = kFeatures});
  }

 private:
  int ConvNorm(int x, const std::string& conv, const std::string& norm, ConvSpec spec) {
    if (tf_) {
      SamePadding(graph_[x].shape.side(), &spec);
    } else {
      spec.pad_before = spec.pad_after = Padding(spec.kernel);
    }
    return graph_.BatchNorm(graph_.Conv(x, conv, spec), norm);
  }

  int ConvNormRelu(int x, const std::string& conv, const std::string& norm, const ConvSpec& spec) {
    const int y = ConvNorm(x, conv, norm, spec);
    return relu_ ? graph_.Relu(y) : graph_.Relu6(y);
  }

  // The inverted residual: widen, depthwise convolution, narrow without activation.
  int Block(int x, const std::string& name, const Stage& stage, int stride) {
    const int in = graph_[x].shape.channels, wide = in * stage.expansion;
    int part = 0, y = x;
    const auto widened = [&](const ConvSpec& spec) {
      const std::string prefix = fmt::format("{}{}.", name, part++);
      y = ConvNormRelu(y, prefix + "0", prefix + "1", spec);
    };
    if (wide != in) widened({.channels = wide});
    widened({.channels = wide, .kernel = 3, .stride = stride, .groups = wide});
    y = ConvNorm(y, fmt::format("{}{}", name, part), fmt::format("{}{}", name, part + 1),
                 {.channels = stage.channels});
    return stride == 1 && in == stage.channels ? graph_.Add(y, x) : y;
  }

  Graph& graph_;
  bool relu_, tf_;
};

}  // namespace

int MobileNetBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"scale", "relu", "tf"});
  graph->set_init(Init::kFanOut);
  const int x = ScalePictures(graph, pictures, options, VariantFlag(options, "tf") ? "half" : "imagenet");
  return graph->Flatten(graph->GlobalAveragePool(Builder(graph, options).Body(x)));
}

int MobileNetClassifier(Graph* graph, int features, const ModelOptions& options) {
  return MobileNetClassifier(graph, features, options, 1);
}

int MobileNetClassifier(Graph* graph, int features, const ModelOptions& options, int answers) {
  graph->set_init(Init::kTorch);
  const double dropout = options.dropout < 0 ? kDropout : options.dropout;
  return graph->Linear(graph->Dropout(features, dropout), "classifier.1", answers);
}

}  // namespace seam

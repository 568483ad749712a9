#include "models/zoo/resnet.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "models/zoo/variant.h"

namespace seam {
namespace {

// A row's column of the paper's table 1.
struct Depth {
  const char* name;
  bool bottleneck;
  std::array<int, 4> blocks;
};

constexpr std::array<Depth, 3> kDepths = {{
    {"resnet18", false, {2, 2, 2, 2}},
    {"resnet34", false, {3, 4, 6, 3}},
    {"resnet50", true, {3, 4, 6, 3}},
}};

constexpr int kWidth = 64;  // channels of the first stage; each other has twice those of the one before

const Depth& Find(const ModelOptions& options) {
  const auto* found = std::find_if(kDepths.begin(), kDepths.end(),
                                   [&](const Depth& depth) { return options.model == depth.name; });
  if (found == kDepths.end()) throw Error(options.model, "is no ResNet");
  return *found;
}

// `number` is that of the convolution and of its norm within the block: conv1, bn1.
int ConvNorm(Graph* graph, int x, const std::string& prefix, int number, const ConvSpec& spec) {
  const int y = graph->Conv(x, fmt::format("{}conv{}", prefix, number), spec);
  return graph->BatchNorm(y, fmt::format("{}bn{}", prefix, number));
}

// Two 3x3 convolutions, or 1x1, 3x3 and 1x1 that widens fourfold, beside a shortcut.
int Block(Graph* graph, int x, const std::string& prefix, bool bottleneck, int width, int stride) {
  const int out = bottleneck ? 4 * width : width;
  const ConvSpec three = {.channels = width, .kernel = 3, .pad_before = 1, .pad_after = 1};
  ConvSpec strided = three;
  strided.stride = stride;
  int y = x;
  if (bottleneck) {
    y = graph->Relu(ConvNorm(graph, y, prefix, 1, {.channels = width}));
    y = graph->Relu(ConvNorm(graph, y, prefix, 2, strided));
    y = ConvNorm(graph, y, prefix, 3, {.channels = out});
  } else {
    y = graph->Relu(ConvNorm(graph, y, prefix, 1, strided));
    y = ConvNorm(graph, y, prefix, 2, three);
  }
  int shortcut = x;
  if (stride != 1 || (*graph)[x].shape.channels != out) {
    shortcut = graph->Conv(x, prefix + "downsample.0", {.channels = out, .stride = stride});
    shortcut = graph->BatchNorm(shortcut, prefix + "downsample.1");
  }
  return graph->Relu(graph->Add(y, shortcut));
}

}  // namespace

int ResNetBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"scale", "width", "stages", "stem_kernel", "stem_stride", "pool_stride"});
  const Depth& depth = Find(options);
  const int width = VariantNumber(options, "width", kWidth);
  graph->set_init(Init::kFanOut);
  int x = ScalePictures(graph, pictures, options, "imagenet");
  const int kernel = VariantNumber(options, "stem_kernel", 7);
  const ConvSpec first = {.channels = width,
                          .kernel = kernel,
                          .stride = VariantNumber(options, "stem_stride", 2),
                          .pad_before = kernel / 2,
                          .pad_after = (kernel - 1) / 2};
  x = graph->MaxPool(graph->Relu(ConvNorm(graph, x, "", 1, first)), 3,
                     VariantNumber(options, "pool_stride", 2), 1, 1);
  const auto stages = static_cast<std::size_t>(VariantNumber(options, "stages", 4));
  for (std::size_t stage = 0; stage < std::min(stages, depth.blocks.size()); ++stage) {
    for (int block = 0; block < depth.blocks[stage]; ++block) {
      const int stride = stage > 0 && block == 0 ? 2 : 1;
      x = Block(graph, x, fmt::format("layer{}.{}.", stage + 1, block), depth.bottleneck, width << stage,
                stride);
    }
  }
  return graph->Flatten(graph->GlobalAveragePool(x));
}

int ResNetClassifier(Graph* graph, int features, const ModelOptions& options) {
  return ResNetClassifier(graph, features, options, 1);
}

int ResNetClassifier(Graph* graph, int features, const ModelOptions& options, int answers) {
  graph->set_init(Init::kTorch);
  const int x = options.dropout > 0 ? graph->Dropout(features, options.dropout) : features;
  return graph->Linear(x, "fc", answers);
}

}  // namespace seam

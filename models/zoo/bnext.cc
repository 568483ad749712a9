#include "models/zoo/bnext.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "models/zoo/variant.h"

namespace seam {
namespace {

struct Size {
  const char* name;
  int width;
  // Blocks of 4, 8, 16 and 32 times the width; before them are the first convolution and a block of twice it.
  std::array<int, 4> blocks;
};

constexpr std::array<Size, 4> kSizes = {{
    {"bnext_t", 32, {2, 2, 6, 2}},
    {"bnext_s", 48, {2, 2, 6, 2}},
    {"bnext_m", 48, {4, 4, 8, 4}},
    {"bnext_l", 64, {4, 4, 16, 4}},
}};

constexpr int kSqueeze = 8;

const Size& Find(const ModelOptions& options) {
  const auto* found = std::find_if(kSizes.begin(), kSizes.end(),
                                   [&](const Size& size) { return options.model == size.name; });
  if (found == kSizes.end()) throw Error(options.model, "is no BNext");
  return *found;
}

// Signs convolved with signs, as many channels as before.
int Binary(Graph* graph, int x, const std::string& unit, int kernel, int stride) {
  const int channels = (*graph)[x].shape.channels, pad = kernel / 2;
  const int signs = graph->Sign(graph->Bias(x, unit + ".move"));
  const int y = graph->BinaryConv(
      signs, unit + ".binary_conv",
      {.channels = channels, .kernel = kernel, .stride = stride, .pad_before = pad, .pad_after = pad});
  return graph->ChannelPrelu(graph->BatchNorm(y, unit + ".norm1"), unit + ".activation2");
}

// `y` times a gate of each channel, which looks at the unit's input as well. The mean of a blend is the blend
// of the means.
int Gated(Graph* graph, int input, int y, const std::string& unit) {
  const int channels = (*graph)[y].shape.channels;
  int x = graph->Blend(graph->GlobalAveragePool(input), graph->GlobalAveragePool(y), unit);
  x = graph->Relu(graph->Conv(x, unit + ".se.se.1", {.channels = channels / kSqueeze, .bias = true}));
  x = graph->Sigmoid(graph->Conv(x, unit + ".se.se.3", {.channels = channels, .bias = true}));
  return graph->Scale(y, x);
}

int Unit(Graph* graph, int x, const std::string& unit, int kernel, int stride, bool attention) {
  const auto pooled = [&](int map) { return stride == 1 ? map : graph->AveragePool(map, stride, stride); };
  const int input = pooled(x);
  const int residual = attention ? pooled(graph->ChannelPrelu(x, unit + ".activation1")) : input;
  int y = Gated(graph, input, Binary(graph, x, unit, kernel, stride), unit);
  if (attention) y = graph->Scale(y, residual);
  return graph->Add(graph->BatchNorm(y, unit + ".norm2"), residual);
}

int Block(Graph* graph, int x, int number, int channels, int stride) {
  const std::string block = fmt::format("feature.{}.", number);
  x = Unit(graph, x, block + "Attention", 3, stride, number % 2 == 0);
  if ((*graph)[x].shape.channels == channels) return Unit(graph, x, block + "FFN", 1, 1, false);
  const int left = Unit(graph, x, block + "FFN_1", 1, 1, false),
            right = Unit(graph, x, block + "FFN_2", 1, 1, false);
  return graph->Concat({left, right});
}

}  // namespace

int BNextBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"scale", "width", "stem_stride"});
  const Size& size = Find(options);
  const int width = VariantNumber(options, "width", size.width);
  if (width % kSqueeze != 0) {
    throw UsageError("variant", fmt::format("width={} is no multiple of {}", width, kSqueeze),
                     fmt::format("{} has {}", size.name, size.width));
  }
  int x = ScalePictures(graph, pictures, options, "imagenet");
  x = graph->Conv(x, "feature.0.conv1",
                  {.channels = width,
                   .kernel = 3,
                   .stride = VariantNumber(options, "stem_stride", 2),
                   .pad_before = 1,
                   .pad_after = 1});
  x = Block(graph, graph->BatchNorm(x, "feature.0.bn1"), 1, 2 * width, 1);
  int number = 2, channels = 4 * width;
  for (const int blocks : size.blocks) {
    for (int i = 0; i < blocks; ++i) x = Block(graph, x, number++, channels, i == 0 ? 2 : 1);
    channels *= 2;
  }
  return graph->Flatten(graph->GlobalAveragePool(graph->ChannelPrelu(x, "prelu")));
}

int BNextClassifier(Graph* graph, int features, const ModelOptions& options) {
  return BNextClassifier(graph, features, options, 1);
}

int BNextClassifier(Graph* graph, int features, const ModelOptions& options, int answers) {
  const int x = options.dropout > 0 ? graph->Dropout(features, options.dropout) : features;
  return graph->Linear(x, "fc", answers);
}

}  // namespace seam

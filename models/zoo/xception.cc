#include "models/zoo/xception.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "models/networks/matrices.h"
#include "models/zoo/variant.h"

namespace seam {
namespace {

constexpr double kDropout = 0.5, kUcfSlope = 0.01;

// -> [B, 2048, S / 32, S / 32], roughly.
int Body(Graph* graph, int x, const ModelOptions& options) {
  XceptionParts parts(graph, options);
  const int map = VariantNumber(options, "map", 0);
  x = parts.Conv2(parts.Conv1(x));
  for (int block = 1; block <= parts.BlockCount(); ++block) {
    x = parts.Block(x, block);
    // What was manipulated, as the network sees it there.
    if (block == map)
      x = graph->Scale(x, graph->Sigmoid(parts.Separable(x, "map.c", (*graph)[x].shape.channels)));
  }
  x = parts.Exit(x);
  return VariantFlag(options, "ucf") ? x : graph->Relu(x);
}

std::vector<int> UcfWidths(const ModelOptions& options) {
  return VariantNumbers(options, "ucf_widths", {512, 256, 512});
}

// What UCF takes for common to all methods of forgery, of the map x.
int UcfFeatures(Graph* graph, int x, const ModelOptions& options) {
  const std::vector<int> widths = UcfWidths(options);
  x = graph->Conv(x, "adjust", {.channels = widths[0], .bias = true});
  x = graph->Relu(graph->BatchNorm(x, "adjust_bn"));
  for (const char* name : {"shared.0", "shared.2"})
    x = graph->LeakyRelu(graph->Conv(x, name, {.channels = widths[1], .bias = true}), kUcfSlope);
  return graph->Conv(x, "shared.4", {.channels = widths[1], .bias = true});
}

// The picture without all frequencies but low, middle, high ones and with all, each weighted as learned.
int FilteredPictures(Graph* graph, int x) {
  const Shape shape = (*graph)[x].shape;
  const int side = shape.height, low = static_cast<int>(side / 2.82);
  const std::array<std::array<int, 2>, 4> bands = {
      {{0, low}, {low, side / 2}, {side / 2, 2 * side}, {0, 2 * side}}};
  const int spectrum = graph->Transform(x, CosineTransform(shape.height, shape.width));
  std::vector<int> pictures;
  for (const auto& band : bands) {
    const int filtered = graph->BandFilter(spectrum, fmt::format("fad.{}", pictures.size()), band);
    pictures.push_back(graph->Transform(filtered, InverseCosineTransform(shape.height, shape.width)));
  }
  return graph->Concat(pictures);
}

}  // namespace

XceptionParts::XceptionParts(Graph* graph, const ModelOptions& options, std::string prefix)
    : graph_(*graph),
      widths_(VariantNumbers(options, "widths", {32, 64, 128, 256, 728, 1024, 1536, 2048})),
      middle_blocks_(options.model == "xception_light" ? 4 : 8),
      midway_(options.model == "xception_midway"),
      prefix_(std::move(prefix)) {}

int XceptionParts::Conv1(int x) {
  x = graph_.Conv(x, prefix_ + "conv1", {.channels = widths_[0], .kernel = 3, .stride = 2});
  return graph_.Relu(graph_.BatchNorm(x, prefix_ + "bn1"));
}

int XceptionParts::Conv2(int x) {
  x = graph_.Conv(x, prefix_ + "conv2", {.channels = widths_[1], .kernel = 3});
  return graph_.Relu(graph_.BatchNorm(x, prefix_ + "bn2"));
}

int XceptionParts::Block(int x, int number) {
  const std::string name = fmt::format("block{}", number);
  const int middle = widths_[4], exit = widths_[5];
  if (number <= kEntryBlocks) {
    const int width = widths_[static_cast<std::size_t>(number) + 1];
    return Block(x, name, {.channels = {width, width}, .starts_with_relu = number > 1, .halves = true});
  }
  if (number < BlockCount()) return Block(x, name, {.channels = {middle, middle, middle}});
  return Block(x, name, {.channels = {middle, exit}, .halves = true});
}

int XceptionParts::Exit(int x) {
  x = graph_.Relu(graph_.BatchNorm(Separable(x, "conv3", widths_[6]), prefix_ + "bn3"));
  return graph_.BatchNorm(Separable(x, "conv4", widths_[7]), prefix_ + "bn4");
}

int XceptionParts::Separable(int x, const std::string& name, int channels) {
  const int in = graph_[x].shape.channels;
  const ConvSpec depthwise = {
      .channels = in, .kernel = 3, .groups = midway_ ? in / 2 : in, .pad_before = 1, .pad_after = 1};
  return graph_.Conv(graph_.Conv(x, prefix_ + name + ".conv1", depthwise), prefix_ + name + ".pointwise",
                     {.channels = channels});
}

int XceptionParts::Block(int x, const std::string& name, const BlockSpec& spec) {
  const int stride = spec.halves ? 2 : 1;
  int y = x, part = 0;  // ReLUs are parts too
  for (const int channels : spec.channels) {
    if (part > 0 || spec.starts_with_relu) {
      y = graph_.Relu(y);
      ++part;
    }
    y = Separable(y, fmt::format("{}.rep.{}", name, part++), channels);
    y = graph_.BatchNorm(y, fmt::format("{}{}.rep.{}", prefix_, name, part++));
  }
  if (spec.halves) y = graph_.MaxPool(y, 3, 2, 1, 1);
  const int out = spec.channels.back();
  if (spec.halves || midway_ || graph_[x].shape.channels != out) {
    x = graph_.Conv(x, prefix_ + name + ".skip", {.channels = out, .stride = stride});
    x = graph_.BatchNorm(x, prefix_ + name + ".skipbn");
  }
  return graph_.Add(y, x);
}

int XceptionBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"scale", "widths", "map", "ucf", "ucf_widths", "phase", "fad"});
  graph->set_init(Init::kTorch);
  int x = ScalePictures(graph, pictures, options, "half");
  if (VariantFlag(options, "fad")) x = FilteredPictures(graph, x);
  if (VariantFlag(options, "phase"))
    x = graph->Concat({x, graph->Channels(pictures, {PictureChannel::kPhase})});
  x = Body(graph, x, options);
  if (VariantFlag(options, "ucf")) x = UcfFeatures(graph, x, options);
  return graph->Flatten(graph->GlobalAveragePool(x));
}

int XceptionClassifier(Graph* graph, int features, const ModelOptions& options) {
  return XceptionClassifier(graph, features, options, 1);
}

int XceptionClassifier(Graph* graph, int features, const ModelOptions& options, int answers) {
  graph->set_init(Init::kTorch);
  const double dropout = options.dropout < 0 ? kDropout : options.dropout;
  if (VariantFlag(options, "ucf"))
    features = graph->LeakyRelu(graph->Linear(features, "mlp", UcfWidths(options)[2]), kUcfSlope);
  return graph->Linear(graph->Dropout(features, dropout), "last_linear", answers);
}

}  // namespace seam

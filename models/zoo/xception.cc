#include "models/zoo/xception.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "models/zoo/variant.h"

namespace seam {
namespace {

constexpr double kDropout = 0.5, kUcfSlope = 0.01;

// A block's separable convolutions give so many channels, one after the other; the first may stand without
// the ReLU before it, and the last may be followed by a pooling that halves the side.
struct BlockSpec {
  std::vector<int> channels;
  bool starts_with_relu = true, halves = false;
};

class Builder {
 public:
  Builder(Graph* graph, const ModelOptions& options)
      : graph_(*graph),
        widths_(VariantNumbers(options, "widths", {32, 64, 128, 256, 728, 1024, 1536, 2048})),
        middle_blocks_(options.model == "xception_light" ? 4 : 8),
        midway_(options.model == "xception_midway"),
        map_(VariantNumber(options, "map", 0)),
        ucf_(VariantFlag(options, "ucf")) {}

  // -> [B, 2048, S / 32, S / 32], roughly.
  int Body(int x) {
    const int entry1 = widths_[2], entry2 = widths_[3], middle = widths_[4], exit = widths_[5];
    x = graph_.Conv(x, "conv1", {.channels = widths_[0], .kernel = 3, .stride = 2});
    x = graph_.Relu(graph_.BatchNorm(x, "bn1"));
    x = graph_.Conv(x, "conv2", {.channels = widths_[1], .kernel = 3});
    x = graph_.Relu(graph_.BatchNorm(x, "bn2"));
    x = Block(x, {.channels = {entry1, entry1}, .starts_with_relu = false, .halves = true});
    x = Block(x, {.channels = {entry2, entry2}, .halves = true});
    x = Block(x, {.channels = {middle, middle}, .halves = true});
    for (int i = 0; i < middle_blocks_; ++i) {
      x = Block(x, {.channels = {middle, middle, middle}});
      if (blocks_ == map_) x = graph_.Scale(x, graph_.Sigmoid(Separable(x, "map.c", middle)));
    }
    x = Block(x, {.channels = {middle, exit}, .halves = true});
    x = graph_.Relu(graph_.BatchNorm(Separable(x, "conv3", widths_[6]), "bn3"));
    x = graph_.BatchNorm(Separable(x, "conv4", widths_[7]), "bn4");
    return ucf_ ? x : graph_.Relu(x);
  }

 private:
  int Separable(int x, const std::string& name, int channels) {
    const int in = graph_[x].shape.channels;
    const ConvSpec depthwise = {
        .channels = in, .kernel = 3, .groups = midway_ ? in / 2 : in, .pad_before = 1, .pad_after = 1};
    return graph_.Conv(graph_.Conv(x, name + ".conv1", depthwise), name + ".pointwise",
                       {.channels = channels});
  }

  int Block(int x, const BlockSpec& spec) {
    const std::string name = fmt::format("block{}", ++blocks_);
    const int stride = spec.halves ? 2 : 1;
    int y = x, part = 0;  // ReLUs are parts too
    for (const int channels : spec.channels) {
      if (part > 0 || spec.starts_with_relu) {
        y = graph_.Relu(y);
        ++part;
      }
      y = Separable(y, fmt::format("{}.rep.{}", name, part++), channels);
      y = graph_.BatchNorm(y, fmt::format("{}.rep.{}", name, part++));
    }
    if (spec.halves) y = graph_.MaxPool(y, 3, 2, 1, 1);
    const int out = spec.channels.back();
    if (spec.halves || midway_ || graph_[x].shape.channels != out) {
      x = graph_.Conv(x, name + ".skip", {.channels = out, .stride = stride});
      x = graph_.BatchNorm(x, name + ".skipbn");
    }
    return graph_.Add(y, x);
  }

  Graph& graph_;
  std::vector<int> widths_;  // conv1, conv2, blocks 1, 2, 3 to 11, 12, conv3, conv4
  int middle_blocks_;
  bool midway_;
  int map_;   // after this block x is multiplied by a map of what was manipulated; 0: it is not
  bool ucf_;  // the last ReLU is left out
  int blocks_ = 0;
};

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

}  // namespace

int XceptionBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"scale", "widths", "map", "ucf", "ucf_widths"});
  graph->set_init(Init::kTorch);
  int x = Builder(graph, options).Body(ScalePictures(graph, pictures, options, "half"));
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

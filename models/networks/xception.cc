#include "models/networks/xception.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "models/networks/variant.h"

namespace seam {
namespace {

constexpr double kDropout = 0.5;

// A block's separable convolutions give so many channels, one after the other; the first may stand without
// the ReLU before it, and the last may be followed by a pooling that halves the side.
struct BlockSpec {
  std::vector<int> channels;
  bool starts_with_relu = true, halves = false;
};

class Builder {
 public:
  Builder(Graph* graph, const std::string& model)
      : graph_(*graph),
        middle_blocks_(model == "xception_light" ? 4 : 8),
        midway_(model == "xception_midway") {}

  // -> [B, 2048, S / 32, S / 32], roughly.
  int Body(int x) {
    x = graph_.Conv(x, "conv1", {.channels = 32, .kernel = 3, .stride = 2});
    x = graph_.Relu(graph_.BatchNorm(x, "bn1"));
    x = graph_.Conv(x, "conv2", {.channels = 64, .kernel = 3});
    x = graph_.Relu(graph_.BatchNorm(x, "bn2"));
    x = Block(x, {.channels = {128, 128}, .starts_with_relu = false, .halves = true});
    x = Block(x, {.channels = {256, 256}, .halves = true});
    x = Block(x, {.channels = {728, 728}, .halves = true});
    for (int i = 0; i < middle_blocks_; ++i) x = Block(x, {.channels = {728, 728, 728}});
    x = Block(x, {.channels = {728, 1024}, .halves = true});
    x = graph_.Relu(graph_.BatchNorm(Separable(x, "conv3", 1536), "bn3"));
    return graph_.Relu(graph_.BatchNorm(Separable(x, "conv4", 2048), "bn4"));
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
  int middle_blocks_;
  bool midway_;
  int blocks_ = 0;
};

}  // namespace

int XceptionBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {});
  graph->set_init(Init::kTorch);
  const int x = graph->Normalise(pictures, {127.5F, 127.5F, 127.5F}, {127.5F, 127.5F, 127.5F});
  return graph->Flatten(graph->GlobalAveragePool(Builder(graph, options.model).Body(x)));
}

int XceptionClassifier(Graph* graph, int features, const ModelOptions& options) {
  return XceptionClassifier(graph, features, options, 1);
}

int XceptionClassifier(Graph* graph, int features, const ModelOptions& options, int answers) {
  graph->set_init(Init::kTorch);
  const double dropout = options.dropout < 0 ? kDropout : options.dropout;
  return graph->Linear(graph->Dropout(features, dropout), "last_linear", answers);
}

}  // namespace seam

#include "models/zoo/meso.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "models/zoo/variant.h"

namespace seam {
namespace {

constexpr int kReduction = 2 * 2 * 2 * 4;  // of the four poolings
constexpr int kHidden = 16;
constexpr double kLeakySlope = 0.1, kDropout = 0.5;

// Keras' momentum of 0.99 weighs the old value, LibTorch's the new one.
constexpr NormSpec kKerasNorm = {.eps = 1e-3, .momentum = 0.01};
constexpr NormSpec kTorchNorm = {.eps = 1e-5, .momentum = 0.1};

class Builder {
 public:
  Builder(Graph* graph, const ModelOptions& options)
      : graph_(*graph),
        options_(options),
        bias_(!VariantFlag(options, "bias_free")),
        shared_(VariantFlag(options, "shared_norms")),
        plain_(VariantFlag(options, "plain_branches")),
        norm_(VariantFlag(options, "torch_norms") ? kTorchNorm : kKerasNorm) {}

  int Input(int pictures) {
    const int size = graph_[pictures].shape.side();
    if (size % kReduction != 0) {
      throw Error(options_.model, fmt::format("pictures of {} pixels do not fit", size),
                  fmt::format("choose a multiple of {}", kReduction));
    }
    return ScalePictures(&graph_, pictures, options_, "unit");
  }

  // Convolution, ReLU, batch norm, pooling.
  int Stage(int x, int number, int channels, int kernel, int pool) {
    x = Norm(graph_.Relu(Conv(x, fmt::format("conv{}", number), channels, kernel)), number);
    return graph_.MaxPool(x, pool, pool);
  }

  // The paper's figure 3: a 1x1 convolution, and three of 1x1 before 3x3, whose dilations are 1, 2 and 3.
  int InceptionStage(int x, int number, const std::array<int, 4>& channels) {
    const std::string name = fmt::format("inception{}.", number);
    std::vector<int> parts = {Branch(Conv(x, name + "a", channels[0], 1))};
    for (int i = 1; i < 4; ++i) {
      const std::string branch = name + "abcd"[i];
      const int width = channels[static_cast<std::size_t>(i)];
      const int narrow = Branch(Conv(x, branch + "1", width, 1));
      parts.push_back(Branch(Conv(narrow, branch + "2", width, 3, i)));
    }
    return graph_.MaxPool(Norm(graph_.Concat(parts), number), 2, 2);
  }

 private:
  int Conv(int x, const std::string& name, int channels, int kernel, int dilation = 1) {
    const int pad = Padding(kernel, dilation);
    return graph_.Conv(x, name,
                       {.channels = channels,
                        .kernel = kernel,
                        .dilation = dilation,
                        .pad_before = pad,
                        .pad_after = pad,
                        .bias = bias_});
  }

  int Branch(int x) { return plain_ ? x : graph_.Relu(x); }

  int Norm(int x, int number) {
    if (shared_) number = options_.model == "meso4" ? (number + 1) / 2 : std::min(number, 3);
    return graph_.BatchNorm(x, fmt::format("norm{}", number), norm_);
  }

  Graph& graph_;
  const ModelOptions& options_;
  bool bias_, shared_, plain_;
  NormSpec norm_;
};

}  // namespace

int Meso4Backbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"bias_free", "torch_norms", "shared_norms", "scale"});
  graph->set_init(Init::kGlorotUniform);
  Builder builder(graph, options);
  int x = builder.Stage(builder.Input(pictures), 1, 8, 3, 2);
  x = builder.Stage(x, 2, 8, 5, 2);
  x = builder.Stage(x, 3, 16, 5, 2);
  return graph->Flatten(builder.Stage(x, 4, 16, 5, 4));
}

int MesoInception4Backbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"bias_free", "torch_norms", "shared_norms", "plain_branches", "scale"});
  graph->set_init(Init::kGlorotUniform);
  Builder builder(graph, options);
  int x = builder.InceptionStage(builder.Input(pictures), 1, {1, 4, 4, 2});
  x = builder.InceptionStage(x, 2, {2, 4, 4, 2});
  x = builder.Stage(x, 3, 16, 5, 2);
  return graph->Flatten(builder.Stage(x, 4, 16, 5, 4));
}

int MesoClassifier(Graph* graph, int features, const ModelOptions& options) {
  const double dropout = options.dropout < 0 ? kDropout : options.dropout;
  graph->set_init(Init::kGlorotUniform);
  const int hidden = graph->Linear(graph->Dropout(features, dropout), "dense1", kHidden);
  return graph->Linear(graph->Dropout(graph->LeakyRelu(hidden, kLeakySlope), dropout), "dense2", 1);
}

}  // namespace seam

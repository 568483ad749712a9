#include "models/zoo/efficientnet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "models/zoo/variant.h"

namespace seam {
namespace {

// What tells one member of the family from another; the paper's section 3.3, norms and dropout as
// torchvision.
struct Scaling {
  const char* name;
  double width, depth, dropout;
  NormSpec norm;
};

constexpr NormSpec kTorchNorm = {.eps = 1e-5, .momentum = 0.1};
constexpr NormSpec kTensorFlowNorm = {.eps = 1e-3, .momentum = 0.01};

constexpr std::array<Scaling, 8> kScalings = {{
    {"efficientnet_b0", 1.0, 1.0, 0.2, kTorchNorm},
    {"efficientnet_b1", 1.0, 1.1, 0.2, kTorchNorm},
    {"efficientnet_b2", 1.1, 1.2, 0.3, kTorchNorm},
    {"efficientnet_b3", 1.2, 1.4, 0.3, kTorchNorm},
    {"efficientnet_b4", 1.4, 1.8, 0.4, kTorchNorm},
    {"efficientnet_b5", 1.6, 2.2, 0.4, kTensorFlowNorm},
    {"efficientnet_b6", 1.8, 2.6, 0.5, kTensorFlowNorm},
    {"efficientnet_b7", 2.0, 3.1, 0.5, kTensorFlowNorm},
}};

// A row of the paper's table 1, of B0.
struct Stage {
  int expansion, kernel, stride, in, out, layers;
};

constexpr std::array<Stage, 7> kStages = {{
    {1, 3, 1, 32, 16, 1},
    {6, 3, 2, 16, 24, 2},
    {6, 5, 2, 24, 40, 2},
    {6, 3, 2, 40, 80, 3},
    {6, 5, 1, 80, 112, 3},
    {6, 5, 2, 112, 192, 4},
    {6, 3, 1, 192, 320, 1},
}};

constexpr double kDropPath = 0.2;  // of a block after the last; grows evenly from 0 with the depth

const Scaling& Find(const ModelOptions& options) {
  const auto* found = std::find_if(kScalings.begin(), kScalings.end(),
                                   [&](const Scaling& scaling) { return options.model == scaling.name; });
  if (found == kScalings.end()) throw Error(options.model, "is no EfficientNet");
  return *found;
}

// To the nearest multiple of 8 that is at least 90 % of it.
int Widened(int channels, double width) {
  const double wanted = channels * width;
  const int rounded = std::max(8, static_cast<int>(wanted + 4) / 8 * 8);
  return rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

int Deepened(int layers, double depth) { return static_cast<int>(std::ceil(layers * depth)); }

class Builder {
 public:
  Builder(Graph* graph, const ModelOptions& options)
      : graph_(*graph),
        scaling_(Find(options)),
        tf_(VariantFlag(options, "tf")),
        bare_stem_(VariantFlag(options, "bare_stem")),
        attention_(VariantNumber(options, "attention", 0)),
        nominal_(VariantNumber(options, "nominal", 0)),
        norm_(tf_ ? kTensorFlowNorm : scaling_.norm) {
    std::vector<int> widths = {Width(kStages[0].in)}, depths;
    for (const Stage& stage : kStages) {
      widths.push_back(Width(stage.out));
      depths.push_back(Deepened(stage.layers, scaling_.depth));
    }
    widths.push_back(4 * widths.back());
    widths_ = VariantNumbers(options, "widths", widths);
    depths_ = VariantNumbers(options, "depths", depths);
    if (nominal_ > 0 && !tf_)
      throw UsageError("variant", "nominal makes no sense without tf=true",
                       "it is a kind of TensorFlow's padding");
  }

  // -> the last map [B, F, S / 32, S / 32].
  int Body(int x) {
    int blocks = 0;
    for (const int layers : depths_) blocks += layers;
    x = graph_.Silu(
        ConvNorm(x, "features.0", {.channels = widths_[0], .kernel = 3, .stride = 2}, bare_stem_));
    int block = 0;
    std::size_t part = 1;
    for (Stage stage : kStages) {
      stage.in = widths_[part - 1];
      stage.out = widths_[part];
      for (int layer = 0; layer < depths_[part - 1]; ++layer, ++block) {
        x = Block(x, fmt::format("features.{}.{}.block", part, layer), stage, kDropPath * block / blocks);
        if (block + 1 == attention_) x = Attention(x);
        stage.in = stage.out;
        stage.stride = 1;
      }
      ++part;
    }
    return graph_.Silu(ConvNorm(x, fmt::format("features.{}", part), {.channels = widths_.back()}));
  }

 private:
  int Width(int channels) const { return Widened(channels, scaling_.width); }

  // Note [Padding of efficientnet_pytorch]
  //
  // Its version 0.7.1 pads each convolution as TensorFlow would if the picture had the side that the network
  // was made for (`nominal`, 380 for B4), whatever comes in: that side is followed through the strides. For a
  // picture of the nominal side the two are the same.
  int ConvNorm(int x, const std::string& name, ConvSpec spec, bool bare = false) {
    if (tf_) {
      SamePadding(nominal_ > 0 ? nominal_ : graph_[x].shape.side(), &spec);
      if (nominal_ > 0) nominal_ = (nominal_ + spec.stride - 1) / spec.stride;
    }
    if (bare) {
      spec.pad_before = spec.pad_after = 0;
    } else if (!tf_) {
      spec.pad_before = spec.pad_after = Padding(spec.kernel);
    }
    return graph_.BatchNorm(graph_.Conv(x, name + ".0", spec), name + ".1", norm_);
  }

  // The factors of squeeze and excitation.
  int Excitation(int x, const std::string& name, int squeezed) {
    const int channels = graph_[x].shape.channels;
    int y = graph_.GlobalAveragePool(x);
    y = graph_.Silu(graph_.Conv(y, name + ".fc1", {.channels = squeezed, .bias = true}));
    return graph_.Sigmoid(graph_.Conv(y, name + ".fc2", {.channels = channels, .bias = true}));
  }

  // A map of the places that matter, from a 1x1 convolution, times x. Published ones have one channel; here
  // it has as many as x, of equal weights, so that the product is of two maps of equal shape.
  int Attention(int x) {
    const int channels = graph_[x].shape.channels;
    return graph_.Scale(x, graph_.Sigmoid(graph_.Conv(x, "attconv", {.channels = channels, .bias = true})));
  }

  // MBConv: widen, depthwise convolution, squeeze and excitation, narrow.
  int Block(int x, const std::string& name, const Stage& stage, double drop_path) {
    int part = 0;
    const auto next = [&] { return fmt::format("{}.{}", name, part++); };
    const int wide = stage.in * stage.expansion;
    int y = x;
    if (wide != stage.in) y = graph_.Silu(ConvNorm(y, next(), {.channels = wide}));
    y = graph_.Silu(ConvNorm(
        y, next(), {.channels = wide, .kernel = stage.kernel, .stride = stage.stride, .groups = wide}));
    y = graph_.Scale(y, Excitation(y, next(), std::max(1, stage.in / 4)));
    y = ConvNorm(y, next(), {.channels = stage.out});
    if (stage.stride != 1 || stage.in != stage.out) return y;
    if (drop_path > 0) y = graph_.DropPath(y, drop_path);
    return graph_.Add(y, x);
  }

  Graph& graph_;
  const Scaling& scaling_;
  bool tf_, bare_stem_;  // the stem's convolution is not padded
  int attention_;        // after so many blocks; 0: none
  int nominal_;          // side that paddings are worked out for at this place; 0: the side that is there
  NormSpec norm_;
  std::vector<int> widths_, depths_;  // of stem, seven stages, head; layers of each stage
};

}  // namespace

int EfficientNetBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"tf", "flatten", "classifier", "scale", "nominal", "bare_stem", "attention",
                         "widths", "depths"});
  graph->set_init(Init::kFanOut);
  const int x = ScalePictures(graph, pictures, options, "imagenet");
  const int map = Builder(graph, options).Body(x);
  return graph->Flatten(VariantFlag(options, "flatten") ? map : graph->GlobalAveragePool(map));
}

int EfficientNetClassifier(Graph* graph, int features, const ModelOptions& options) {
  return EfficientNetClassifier(graph, features, options, 1);
}

int EfficientNetClassifier(Graph* graph, int features, const ModelOptions& options, int answers) {
  const double dropout = options.dropout < 0 ? Find(options).dropout : options.dropout;
  const int hidden = VariantNumber(options, "classifier", 0);
  int x = graph->Dropout(features, dropout);
  if (hidden == 0) {
    // torchvision's +-1/sqrt(answers) is meant for a thousand of them; for one it is +-1, and the first
    // logits of 1280 features are far from 0. LibTorch's +-1/sqrt(features) is about as wide as torchvision's
    // for a thousand.
    graph->set_init(answers == 1 ? Init::kTorch : Init::kFanOut);
    return graph->Linear(x, "classifier.1", answers);
  }
  graph->set_init(Init::kTorch);
  x = graph->LeakyRelu(graph->Linear(x, "classifier.1", hidden), 0.1);
  return graph->Linear(graph->Dropout(x, dropout), "classifier.4", answers);
}

}  // namespace seam

#include "models/zoo/srm.h"

#include <array>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "models/zoo/variant.h"
#include "models/zoo/xception.h"

namespace seam {
namespace {

constexpr int kKernel = 5;
constexpr double kMostNoise = 3;
constexpr double kFirstFactor =
    0.1;  // of what one Xception takes of the other; published weights have their own
using Kernel = std::array<float, std::size_t{kKernel} * kKernel>;

// The second derivative in all directions, its square, and that along a row.
const std::array<Kernel, 3>& Kernels() {
  static const std::array<Kernel, 3> kernels = [] {
    std::array<Kernel, 3> made = {
        {{0, 0, 0, 0, 0, 0, -1, 2, -1, 0, 0, 2, -4, 2, 0, 0, -1, 2, -1, 0, 0, 0, 0, 0, 0},
         {-1, 2, -2, 2, -1, 2, -6, 8, -6, 2, -2, 8, -12, 8, -2, 2, -6, 8, -6, 2, -1, 2, -2, 2, -1},
         {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}};
    const std::array<float, 3> divisors = {4, 12, 2};
    for (std::size_t i = 0; i < made.size(); ++i) {
      for (float& number : made[i]) number /= divisors[i];
    }
    return made;
  }();
  return kernels;
}

constexpr ConvSpec Around(int channels, int groups = 1) {
  return {.channels = channels, .kernel = kKernel, .groups = groups, .pad_before = 2, .pad_after = 2};
}

class Builder {
 public:
  Builder(Graph* graph, const ModelOptions& options)
      : graph_(*graph),
        colours_(graph, options, "rgb."),
        noise_(graph, options, "srm."),
        keys_(VariantNumber(options, "keys", colours_.widths()[4] / 8)),
        hidden_(VariantNumber(options, "hidden", colours_.widths()[7] / 16)) {}

  int Run(int x) {
    const int noise = NoiseOfAll(x);
    x = colours_.Conv1(x);
    int y = graph_.Relu(graph_.Add(noise_.Conv1(noise), NoiseOfEach(x, "srm_conv1")));
    x = colours_.Conv2(x);
    y = graph_.Relu(graph_.Add(noise_.Conv2(y), NoiseOfEach(x, "srm_conv2")));
    const int weighted = graph_.Scale(x, PixelsThatCount(NoiseOfAll(noise)));
    x = graph_.Relu(graph_.BatchNorm(graph_.Add(weighted, x), "srm_sa_post.0"));
    for (int block = 1; block <= colours_.BlockCount(); ++block) {
      x = colours_.Block(x, block);
      y = noise_.Block(y, block);
      if (block == 3) std::tie(x, y) = Exchange(x, y, "dual_cma0");
      if (block == 7) std::tie(x, y) = Exchange(x, y, "dual_cma1");
    }
    return graph_.Relu(Fuse(colours_.Exit(x), noise_.Exit(y)));
  }

 private:
  // Each kernel over all channels together.
  int NoiseOfAll(int x) {
    const int channels = graph_[x].shape.channels;
    std::vector<float> weights;
    for (const Kernel& kernel : Kernels()) {
      for (int c = 0; c < channels; ++c) weights.insert(weights.end(), kernel.begin(), kernel.end());
    }
    return graph_.Clip(graph_.FixedConv(x, Around(static_cast<int>(Kernels().size())), std::move(weights)),
                       kMostNoise);
  }

  // Three results of each channel. Result number i is of kernel i / channels, as the published code has it,
  // and so a channel is not seen by every kernel.
  int NoiseOfEach(int x, const std::string& name) {
    const int channels = graph_[x].shape.channels, results = static_cast<int>(Kernels().size()) * channels;
    std::vector<float> weights;
    for (int i = 0; i < results; ++i) {
      const Kernel& kernel = Kernels()[static_cast<std::size_t>(i / channels)];
      weights.insert(weights.end(), kernel.begin(), kernel.end());
    }
    const int noise =
        graph_.Clip(graph_.FixedConv(x, Around(results, channels), std::move(weights)), kMostNoise);
    return ConvNorm(noise, name + ".out_conv.0", name + ".out_conv.1", {.channels = channels});
  }

  int ConvNorm(int x, const std::string& conv, const std::string& norm, const ConvSpec& spec) {
    return graph_.Relu(graph_.BatchNorm(graph_.Conv(x, conv, spec), norm));
  }

  // -> [B, 1, H, W], from 0 to 1.
  int PixelsThatCount(int noise) {
    const std::vector<int>& widths = colours_.widths();
    int x =
        ConvNorm(noise, "srm_sa.conv.0", "srm_sa.conv.1", {.channels = widths[0], .kernel = 3, .stride = 2});
    x = ConvNorm(x, "srm_sa.conv.3", "srm_sa.conv.4", {.channels = widths[1], .kernel = 3});
    const auto count = static_cast<std::size_t>(widths[1]);
    const int mean =
        graph_.FixedConv(x, {.channels = 1}, std::vector<float>(count, 1 / static_cast<float>(count)));
    const ConvSpec spec = {.channels = 1, .kernel = 7, .pad_before = 3, .pad_after = 3};
    return graph_.Sigmoid(graph_.Conv(graph_.Concat({mean, graph_.ChannelMax(x)}), "srm_sa.pa.conv", spec));
  }

  // Adds to each map what the other has where the two are alike.
  std::pair<int, int> Exchange(int x, int y, const std::string& name) {
    const int keys_of_x = Keys(x, name, ".key_conv1"), keys_of_y = Keys(y, name, ".key_conv2");
    const int x_to_y = Shares(keys_of_x, keys_of_y, name + ".linear1"),
              y_to_x = Shares(keys_of_y, keys_of_x, name + ".linear2");
    return {Taken(x, x_to_y, y, name + ".value_conv2", name + ".gamma1"),
            Taken(y, y_to_x, x, name + ".value_conv1", name + ".gamma2")};
  }

  int Keys(int x, const std::string& name, const char* own) {
    const ConvSpec spec = {.channels = keys_, .bias = true};
    return graph_.Tokens(graph_.Conv(graph_.Conv(x, name + own, spec), name + ".key_conv_share", spec));
  }

  int Shares(int queries, int keys, const std::string& name) {
    const int alike = graph_.Product(queries, keys, true);
    return graph_.Softmax(graph_.Linear(alike, name, graph_[alike].shape.channels));
  }

  int Taken(int x, int shares, int other, const std::string& value, const std::string& factor) {
    const Shape shape = graph_[x].shape;
    const int values = graph_.Tokens(graph_.Conv(other, value, {.channels = shape.channels, .bias = true}));
    const int taken = graph_.ChannelScale(graph_.Product(shares, values, false), factor, kFirstFactor);
    return graph_.Add(graph_.Map(taken, shape.height, shape.width), x);
  }

  int Fuse(int x, int y) {
    const int channels = graph_[x].shape.channels, side = graph_[x].shape.side();
    x = ConvNorm(graph_.Concat({x, y}), "fusion.convblk.0", "fusion.convblk.1", {.channels = channels});
    const auto shared = [&](int vector) {
      const int hidden = graph_.Conv(vector, "fusion.ca.sharedMLP.0", {.channels = hidden_});
      return graph_.Conv(graph_.Relu(hidden), "fusion.ca.sharedMLP.2", {.channels = channels});
    };
    const int sum = graph_.Add(shared(graph_.GlobalAveragePool(x)), shared(graph_.MaxPool(x, side, 1)));
    return graph_.Scale(x, graph_.Sigmoid(sum));
  }

  Graph& graph_;
  XceptionParts colours_, noise_;
  int keys_, hidden_;
};

}  // namespace

int SrmBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"scale", "widths", "keys", "hidden"});
  graph->set_init(Init::kTorch);
  const int x = Builder(graph, options).Run(ScalePictures(graph, pictures, options, "half"));
  return graph->Flatten(graph->GlobalAveragePool(x));
}

}  // namespace seam

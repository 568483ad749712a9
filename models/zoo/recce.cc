#include "models/zoo/recce.h"

#include <string>
#include <vector>

#include "models/networks/matrices.h"
#include "models/zoo/variant.h"
#include "models/zoo/xception.h"

namespace seam {
namespace {

// What the network draws of a picture, and its maps on the way.
struct Drawing {
  int coarse = 0, fine = 0;  // twice and four times the side of the map that it is made of
  int picture = 0;           // eight times
};

class Builder {
 public:
  Builder(Graph* graph, const ModelOptions& options)
      : graph_(*graph),
        encoder_(graph, options, "xception."),
        decoder_(graph, options),
        joined_(VariantNumber(options, "joined", 256)) {}

  int Run(const int picture) {
    int x = Blocks(encoder_.Conv2(encoder_.Conv1(picture)), 1, 4);
    const Drawing drawing = Draw(x);
    x = Blocks(x, 5, 7);
    x = Blocks(graph_.Add(Join(x, drawing), x), 8, 8);
    x = Blocks(Guide(x, Difference(picture, drawing.picture)), 9, encoder_.BlockCount());
    return graph_.Relu(encoder_.Exit(x));
  }

 private:
  int Blocks(int x, int first, int last) {
    for (int block = first; block <= last; ++block) x = encoder_.Block(x, block);
    return x;
  }

  Drawing Draw(int x) {
    const std::vector<int>& widths = encoder_.widths();
    const auto larger = [&](int from, const std::string& name, int channels) {
      const int y = decoder_.Separable(graph_.Upsample(from, 2), name + ".1", channels);
      return graph_.Relu(graph_.BatchNorm(y, name + ".2"));
    };
    const auto block = [&](int from, const std::string& name) {
      const int channels = graph_[from].shape.channels;
      return decoder_.Block(from, name, {.channels = {channels, channels, channels}});
    };
    Drawing drawing;
    drawing.coarse = block(larger(x, "decoder1", widths[3]), "decoder2");
    drawing.fine = block(larger(drawing.coarse, "decoder3", widths[2]), "decoder4");
    const int last = larger(drawing.fine, "decoder5", widths[1]);
    drawing.picture = graph_.Tanh(graph_.Conv(last, "decoder6.0", {.channels = 3}));
    return drawing;
  }

  // Two 1x1 convolutions without biases.
  int Embed(int x, const std::string& name, int between, int channels) {
    x = graph_.Relu(graph_.Conv(x, name + ".0", {.channels = between}));
    return graph_.Conv(x, name + ".2", {.channels = channels});
  }

  int Join(int x, const Drawing& drawing) {
    const int channels = graph_[x].shape.channels;
    const int own = Embed(x, "reasoning.va_embedding", joined_, joined_);
    const int coarse = Gathered(x, own, drawing.coarse, "b"), fine = Gathered(x, own, drawing.fine, "c");
    const int all = graph_.Sigmoid(graph_.Concat({coarse, fine, own}));
    return Embed(all, "reasoning.reproject", channels, channels);
  }

  // Of the pixels of `finer` that lie within a pixel of x their weighted mean, as far as x lets it in. A
  // weight is a softmax over these pixels; the layer before it sees both vectors, which are parts of its own
  // here.
  int Gathered(int x, int own, int finer, const std::string& part) {
    const int side = graph_[finer].shape.side() / graph_[x].shape.side();
    const int embedded = Embed(finer, "reasoning.v" + part + "_embedding", joined_, joined_);
    const std::string weigh = "reasoning.reweight_a" + part;
    const int score = graph_.Add(graph_.Upsample(graph_.Conv(own, weigh + ".own", {.channels = 1}), side),
                                 graph_.Conv(embedded, weigh + ".other", {.channels = 1}));
    const int weighted = graph_.Scale(embedded, graph_.WindowSoftmax(graph_.Relu(score), side));
    const auto count = static_cast<std::size_t>(joined_);
    const auto pixels = static_cast<float>(side * side);
    const int sum = graph_.Normalise(graph_.AveragePool(weighted, side, side), std::vector<float>(count, 0),
                                     std::vector<float>(count, 1 / pixels));
    // 1 - sigmoid(z) is sigmoid(-z): the sign is the weights'.
    return graph_.Scale(
        sum, graph_.Sigmoid(graph_.Conv(x, "reasoning.va_gated_" + part + ".0", {.channels = joined_})));
  }

  // |picture - drawing|
  int Difference(int picture, int drawing) {
    const Shape &in = graph_[picture].shape, from = graph_[drawing].shape;
    const int drawn =
        graph_.Transform(drawing, LinearResizing({from.height, from.width}, {in.height, in.width}));
    std::vector<float> minus;
    for (int row = 0; row < 3; ++row) {
      for (int column = 0; column < 6; ++column)
        minus.push_back(static_cast<float>((column == row ? 1 : 0) - (column == row + 3 ? 1 : 0)));
    }
    return graph_.Abs(graph_.FixedConv(graph_.Concat({picture, drawn}), {.channels = 3}, minus));
  }

  int Guide(int x, int difference) {
    const Shape to = graph_[x].shape, from = graph_[difference].shape;
    int y = graph_.Transform(difference, LinearResizing({from.height, from.width}, {to.height, to.width}));
    y = graph_.Relu(
        graph_.Conv(y, "attention.gated.0", {.channels = 3, .kernel = 3, .pad_before = 1, .pad_after = 1}));
    y = graph_.Sigmoid(graph_.Conv(y, "attention.gated.2", {.channels = 1}));
    const int seen = graph_.Relu(
        graph_.BatchNorm(graph_.Conv(x, "attention.h.0", {.channels = to.channels}), "attention.h.1"));
    return graph_.Add(graph_.Scale(seen, y), x);
  }

  Graph& graph_;
  XceptionParts encoder_, decoder_;
  int joined_;
};

}  // namespace

int RecceBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"scale", "widths", "joined"});
  graph->set_init(Init::kTorch);
  const int x = Builder(graph, options).Run(ScalePictures(graph, pictures, options, "half"));
  return graph->Flatten(graph->GlobalAveragePool(x));
}

}  // namespace seam

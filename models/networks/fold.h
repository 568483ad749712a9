#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "models/networks/activation.h"
#include "models/networks/graph.h"

namespace seam {

// One layer of an LSTM: its directions one after the other, gates in LibTorch's order (i, f, g, o).
struct FoldedLstmLayer {
  int inputs = 0;
  std::vector<float> weight_input;   // [directions, 4, H, inputs]
  std::vector<float> weight_hidden;  // [directions, 4, H, H]
  std::vector<float> bias;           // [directions, 4, H], the sum of LibTorch's two
};

// A step of the network as inference sees it.
struct FoldedStep {
  // Every Op but those that fold into others. kBatchNorm is a factor and a summand per channel. kSign is
  // taken after the bias was added. An activation stands here only where it stands alone.
  Op op = Op::kInput;
  // Earlier steps. A kConv or kLinear with two adds the second to its result, before the activation. A kAdd
  // of three, a, b and one number a channel c, is a + (b * c) * weight + bias, or a + (b * c * a) * weight +
  // bias.
  std::vector<int> inputs;
  Shape shape;  // of the result
  ConvSpec conv;
  LstmSpec lstm;
  // Weight and bias of kConv, a fixed one too, and kBinaryConv (what it multiplies with): [O, I / groups, K,
  // K] and [O]. Of kLinear: [O, I] and [O]. Of kBatchNorm and kLayerNorm: [C] and [C]. Of kSign: none and
  // [C]. Weights alone: kPrepend [P, C], kPositions [N, C], kAttentionPool [C], kChannelScale [C],
  // kBandFilter [H, W] (what it multiplies with). A bias may be empty.
  std::vector<float> weight, bias;
  std::vector<float> factors;            // kBinaryConv: of its sums, before the bias is added; or empty
  std::vector<float> slopes;             // Activation::kChannelPrelu
  bool multiplies = false;               // kAdd of three: the second form
  std::vector<PictureChannel> channels;  // kChannels, which has no input: it is computed of the bytes
  std::vector<FoldedLstmLayer> layers;   // kLstm
  Activation activation = Activation::kNone;
  float slope = 0;  // kLeakyRelu, kClip
  NormSpec norm;    // kLayerNorm
  AttentionSpec attention;
  int rows = 0;             // kMeanOverTime, kSquash
  MatrixSpec matrices;      // kTransform
  RoutingSpec routing;      // kRouting
  bool transposed = false;  // kProduct
};

// A result that is asked for by its name.
struct FoldedOutput {
  std::string name;
  int step = 0;
};

// A network without what only training needs: batch norms are part of the convolutions before them,
// activations and sums are part of what they follow, dropout is gone.
struct FoldedGraph {
  std::vector<FoldedStep> steps;      // in the order of their work; the first is kInput, the last the output
  int features = -1;                  // the last step of the backbone; -1: there is no head
  bool numbers = false;               // it takes maps of any numbers, not pictures
  std::vector<FoldedOutput> outputs;  // all of the backbone
  // The network's own scaling of its pictures: (x - mean) / std.
  std::array<float, 3> mean = {0, 0, 0}, std = {1, 1, 1};
};

// `weights` by the names of ListWeights(Graph).
FoldedGraph Fold(const Graph& graph, const std::map<std::string, std::vector<float>>& weights);

}  // namespace seam

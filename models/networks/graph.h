#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "transforms/picture_channels.h"

namespace seam {

// A network is written down once, as a Graph, and read three times: Model runs it with LibTorch's operators
// and their gradients, Compile() turns it into its fast form for inference, ExportOnnx() into a file. Adding
// a network is writing the function that builds its graph (docs/models.md); ReadOnnx() reads one from a file.

enum class Op {
  kInput,      // pictures [B, 3, H, W], RGB 0..255; or maps of any numbers [B, C, H, W]
  kChannels,   // computed of the pictures: `channels`; no gradient
  kNormalise,  // (x - mean) / std, per channel
  kGrey,       // of RGB: 0.299 R + 0.587 G + 0.114 B
  kConv,       // weight [O, I / groups, K, K], bias [O]
  kFixedConv,  // the same with weights that are the network's own, not learned: `fixed`
  kBatchNorm,  // weight, bias, running_mean, running_var [C]
  kRelu,
  kRelu6,         // at least 0, at most 6
  kLeakyRelu,     // slope: `rate`
  kPrelu,         // slope: weight [1]
  kChannelPrelu,  // slope below 0 of each channel: weight [C]
  kSilu,          // x * sigmoid(x)
  kSigmoid,
  kGelu,       // x * Phi(x), Phi by the error function (Hendrycks, Gimpel, arXiv:1606.08415)
  kGeluTanh,   // the same by tanh(sqrt(2 / pi) (x + 0.044715 x^3))
  kQuickGelu,  // x * sigmoid(1.702 x)
  kTanh,
  kAbs,
  kClip,        // at least -rate, at most rate
  kAdd,         // of two of equal shape
  kScale,       // [B, C, H, W] * [B, C, 1, 1], [B, 1, H, W] or an equal shape
  kBias,        // + bias [C]
  kBlend,       // scale * a + (1 - scale) * b, scale [C]
  kSign,        // -1, 0 or 1; the gradient passes where |x| < 1.5
  kBinaryConv,  // kConv of Note [Binary weights]
  kConcat,      // along the channels
  kMaxPool,     // padded with -infinity
  kAveragePool,
  kUpsample,           // nearest neighbour: each number becomes a square of side conv.stride
  kGlobalAveragePool,  // -> [B, C, 1, 1]
  kGlobalDeviation,    // -> [B, C, 1, 1]: the standard deviation of a channel, of n numbers by n - 1
  kChannelMax,         // -> [B, 1, H, W]: the greatest of the channels
  kTransform,          // of each channel's map X: down X across^T, `matrices`
  kBandFilter,         // x * (b + 2 sigmoid(w) - 1), weight [H, W]; b is 1 where row + column is in `band`
  kWindowSoftmax,      // over each square of side conv.kernel, channel by channel
  kSquash,             // of vectors as `rows` rows: each column v becomes v |v| / (1 + |v|^2)
  kRouting,            // of capsules, `routing`
  kFlatten,            // -> [B, C * H * W]
  kLinear,             // of the last axis; weight [O, I], bias [O]
  kDropout,            // of single numbers, in training
  kDropPath,           // of whole rows of the batch, in training (stochastic depth)
  kWindows,            // [N * T, F] -> [N, T, F]
  kLstm,               // [N, T, F] -> [N, T, H * directions], zero initial state; weights named as LibTorch's
  kLastStep,           // [N, T, H * directions] -> [N, H * directions]: the state after the whole window, of
                       // each direction: forward the last step, backward the first
  kMeanOverTime,       // [N, T, F] -> [N, F]; of tokens those of no cell are left out
  // Of tokens: a picture's sequence [B, N, C], one vector for each cell, left to right and from the top.
  kTokens,         // [B, C, H, W] -> [B, H * W, C]
  kPrepend,        // weight [P, C]: rows that every sequence begins with; -> [B, P + N, C]
  kPositions,      // weight [lead + S * S, C], added; of another side than the picture's it is resampled
  kLayerNorm,      // of the C numbers of each vector; weight, bias [C]
  kAttention,      // queries, keys and values side by side [B, N, 3 * C] -> [B, N, C]
  kAttentionPool,  // keys and values [B, N, 2 * C] -> [B, C]; weight [C]: the query
  kFirstStep,      // [B, N, C] -> [B, C]
  kChannelScale,   // weight [C]: the factor of each channel
  kUnitLength,     // of vectors: x / |x|
  kMap,            // [B, H * W, C] -> [B, C, H, W], the reverse of kTokens
  kProduct,        // [B, N, K] times [B, K, M], or the transpose of [B, M, K] (`transposed`) -> [B, N, M]
  kSoftmax,        // over the channels of each vector
};

// Note [Binary weights]
//
// A binary convolution has real weights w [O, I, K, K] that are learned, and a temperature t [1]. It
// multiplies with w / t, clipped to -1 and 1. Once t is below 1e-7 it multiplies with the sign of w. The
// source is Guo et al., "Join the High Accuracy Club on ImageNet with A Binary Neural Network Ticket",
// arXiv:2211.12933. The gradient passes to w as it is, and training keeps w within 1.5.
inline constexpr double kBinaryTemperature = 1e-7, kBinaryReach = 1.5;
// Whether a weight of this name is a temperature.
inline bool IsTemperature(const std::string& weight) { return weight.ends_with(".temperature"); }

// How fresh weights are drawn; norms begin as ones and zeros.
enum class Init {
  kTorch,          // LibTorch's defaults
  kGlorotUniform,  // Keras' defaults: Glorot uniform, zero bias
  kFanOut,         // He normal over the outgoing connections, zero bias; Linear: uniform +-1/sqrt(out)
  kHeUniform,      // He uniform over the incoming connections; biases as LibTorch
  kNormal,         // normal with a deviation of 0.02, zero bias
};

// What one picture (or frame of a window) has at this node of the network. Vectors have a height and a width
// of 1.
struct Shape {
  int channels = 0;
  int height = 1, width = 1;
  int steps = 0;  // T within windows, the number of tokens within sequences, 0 elsewhere
  int lead = 0;   // of the tokens: the first, which are of no cell of the picture
  std::int64_t numbers() const { return std::int64_t{channels} * height * width; }
  bool is_vector() const { return height == 1 && width == 1; }
  // Of a square map.
  int side() const { return height; }
  bool operator==(const Shape&) const = default;
};

struct ConvSpec {
  int channels = 0;  // out
  int kernel = 1, stride = 1, dilation = 1, groups = 1;
  // Zeros around the picture, left and above, right and below. Padding() and SamePadding() know them.
  int pad_before = 0, pad_after = 0;
  bool bias = false;
};

struct NormSpec {
  double eps = 1e-5;
  double momentum = 0.1;  // weight of the new value
};

struct LstmSpec {
  int hidden = 128, layers = 1;
  double dropout = 0;  // between layers, in training
  bool bidirectional = false;
};

// Scaled dot products of queries and keys, softmax over the keys, and so weighted sums of the values: Vaswani
// et al., "Attention Is All You Need", NeurIPS 2017, section 3.2.
struct AttentionSpec {
  int heads = 1;
  // Rotary: queries and keys of a token are turned by its angles. A pair of neighbours (2i, 2i + 1) of each
  // head turns by angle i (Su et al., arXiv:2104.09864). [N, C / heads / 2], in radians; empty: not turned.
  std::vector<float> angles = {};
};

// Two matrices, row by row.
struct MatrixSpec {
  std::vector<float> down;    // [H', H]
  std::vector<float> across;  // [W', W]
};

// Routing by agreement from `capsules` to `classes`: Sabour et al., "Dynamic Routing Between Capsules", NIPS
// 2017, procedure 1, as Capsule-Forensics has it (Nguyen et al., arXiv:1910.12467): each number of a
// prediction has a share of its own. Predictions [B, capsules * classes * numbers] -> [B, classes * numbers].
struct RoutingSpec {
  int capsules = 1, classes = 1, iterations = 2;
};

// A step of the network. Which members mean something, `op` says.
struct Node {
  Op op = Op::kInput;
  std::vector<int> inputs;  // numbers of earlier nodes
  // Prefix of the weights' names, "features.0.0"; nodes of one name share their weights.
  std::string name;
  Shape shape;    // of the result
  ConvSpec conv;  // kConv, kFixedConv, kBinaryConv, kMaxPool and kAveragePool (without channels), kLinear
                  // (channels, bias), kUpsample (stride)
  NormSpec norm;  // kBatchNorm, kLayerNorm (eps)
  LstmSpec lstm;  // kLstm, and kLastStep for its directions
  AttentionSpec attention;  // kAttention, kAttentionPool (heads)
  // kPrepend: how many; kPositions: the side S of its grid; kMeanOverTime: how many are left out; kSquash.
  int rows = 0;
  double rate = 0;       // kDropout, kDropPath, kLeakyRelu, kClip; kChannelScale: what its factors begin with
  bool numbers = false;  // kInput: any numbers, not pictures
  std::vector<float> mean, std;          // kNormalise
  std::vector<PictureChannel> channels;  // kChannels
  std::vector<float> fixed;              // kFixedConv: [O, I / groups, K, K]
  MatrixSpec matrices;                   // kTransform
  std::array<int, 2> band = {0, 0};      // kBandFilter: first and last
  RoutingSpec routing;                   // kRouting
  bool transposed = false;               // kProduct
  Init init = Init::kTorch;
  bool head = false;  // belongs to the classifier or the temporal head, not to the backbone
};

// The weights of kGrey.
inline constexpr std::array<float, 3> kLuma = {0.299F, 0.587F, 0.114F};

// A result of the network that is asked for by its name: a map or a vector.
struct NamedOutput {
  std::string name;
  int node = 0;
};

// A list of nodes in the order of their work. The last is the output. Each method adds a node, works out its
// shape, and returns its number; shapes that do not fit are an Error.
//
//   Graph graph;
//   int x = graph.Input(224);
//   x = graph.Relu(graph.BatchNorm(graph.Conv(x, "conv1", {.channels = 64, .kernel = 7, ...}), "bn1"));
class Graph {
 public:
  int Input(int height, int width);
  int Input(int size) { return Input(size, size); }
  // Maps of any numbers instead of pictures.
  int Numbers(int height, int width, int channels);
  int Grey(int x);
  // Of the pictures: `x` is the input.
  int Channels(int x, const std::vector<PictureChannel>& channels);
  int Normalise(int x, std::vector<float> mean, std::vector<float> std);
  int Conv(int x, const std::string& name, const ConvSpec& spec);
  // `weights`: [O, I / groups, K, K]; no bias.
  int FixedConv(int x, const ConvSpec& spec, std::vector<float> weights);
  int BatchNorm(int x, const std::string& name, const NormSpec& spec = {});
  int Relu(int x);
  int Relu6(int x);
  int LeakyRelu(int x, double slope);
  int Prelu(int x, const std::string& name);
  int ChannelPrelu(int x, const std::string& name);
  int Silu(int x);
  int Sigmoid(int x);
  int Gelu(int x);
  int GeluTanh(int x);
  int QuickGelu(int x);
  int Tanh(int x);
  int Abs(int x);
  int Clip(int x, double most);
  int Add(int a, int b);
  int Scale(int x, int factors);
  int Bias(int x, const std::string& name);
  int Blend(int a, int b, const std::string& name);
  int Sign(int x);
  int BinaryConv(int x, const std::string& name, const ConvSpec& spec);
  int Concat(const std::vector<int>& parts);
  int MaxPool(int x, int kernel, int stride, int pad_before = 0, int pad_after = 0);
  int AveragePool(int x, int kernel, int stride);
  int Upsample(int x, int factor);
  int GlobalAveragePool(int x);
  int GlobalDeviation(int x);
  int ChannelMax(int x);
  int Transform(int x, MatrixSpec matrices);
  int BandFilter(int x, const std::string& name, std::array<int, 2> band);
  int WindowSoftmax(int x, int side);
  int Squash(int x, int rows);
  int Routing(int x, const RoutingSpec& spec);
  int Flatten(int x);
  int Linear(int x, const std::string& name, int channels, bool bias = true);
  int Dropout(int x, double rate);
  int DropPath(int x, double rate);
  int Windows(int x, int frames);
  int Lstm(int x, const std::string& name, const LstmSpec& spec);
  int LastStep(int x);
  int MeanOverTime(int x);
  int Tokens(int x);
  int Prepend(int x, const std::string& name, int rows);
  int Positions(int x, const std::string& name, int side);
  int LayerNorm(int x, const std::string& name, double eps);
  int Attention(int x, const AttentionSpec& spec);
  int AttentionPool(int x, const std::string& name, int heads);
  int FirstStep(int x);
  int ChannelScale(int x, const std::string& name, double first = 1);
  int UnitLength(int x);
  int Map(int x, int height, int width);
  int Product(int a, int b, bool transposed);
  int Softmax(int x);

  // Of the nodes added from here on.
  void set_init(Init init) { init_ = init; }
  // The nodes added so far are the backbone, and `features` [B, F] is its result; what follows is the head.
  void BeginHead(int features);
  // Names a result of the backbone, so that the network gives it besides its logit. A detector's graph has
  // such outputs alone.
  void Output(const std::string& name, int x);

  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& operator[](int node) const { return nodes_[static_cast<std::size_t>(node)]; }
  int features() const { return features_; }  // -1: the network has no head
  const std::vector<NamedOutput>& outputs() const { return outputs_; }
  int answer() const { return static_cast<int>(nodes_.size()) - 1; }
  int frames() const;  // T of kWindows; 1 without

 private:
  int Push(Node node);
  int AnyConv(Op op, int x, const std::string& name, const ConvSpec& spec);
  // Of the shape of `x`.
  int Elementwise(Op op, int x, double rate = 0);
  const Node& At(int x) const;
  void CheckSequence(const std::string& name, int x) const;
  void CheckMap(const std::string& name, int x) const;

  std::vector<Node> nodes_;
  Init init_ = Init::kTorch;
  int features_ = -1;
  std::vector<NamedOutput> outputs_;
};

// What a network takes: clips of `frames` RGB pictures. Classifiers' are square, of side `size`.
struct InputSpec {
  int size = 0;    // height
  int frames = 1;  // 1: an image network, which takes clips of any T
  int width = 0;
};
InputSpec GetInput(const Graph& graph);

// kernel / 2 times the dilation: keeps the side at stride 1.
int Padding(int kernel, int dilation = 1);
// TensorFlow's 'same' for a square map of `side`: sets pad_before and pad_after, which may differ by one.
void SamePadding(int side, ConvSpec* spec);

// Learned positions of a grid of `from` x `from` cells for one of `to` x `to`: along each axis the new are
// the old times this matrix [to, from]. Bicubic with a = -0.5, and wider where the grid shrinks, as
// LibTorch's antialiased interpolation works it out.
std::vector<float> PositionWeights(int from, int to);
// The side of a square map, or of the grid of cells that a sequence's tokens are of. An Error for others.
int GridSide(const Shape& shape);

// A weight of the network and its shape, in the order of the nodes, each name once.
struct WeightSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  bool learnable = true;  // false: running statistics, temperatures
  int node = 0;           // the first that uses it
};
std::vector<WeightSpec> ListWeights(const Graph& graph);

// Learnable numbers: without running statistics.
std::int64_t CountTrainable(const Graph& graph);

// Multiplications with their additions, for one clip: convolutions, dense layers and LSTMs (as papers count).
std::int64_t CountMultiplyAdds(const Graph& graph);

}  // namespace seam

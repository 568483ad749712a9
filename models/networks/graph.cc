#include "models/networks/graph.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace seam {
namespace {

// A map of more numbers a picture is taken for a mistake; products of a few such still fit 64 bits.
constexpr std::int64_t kMaxNumbers = std::int64_t{1} << 30;
constexpr int kMaxUpsampling = 64, kMaxGrid = 1024;

[[noreturn]] void Misfit(const std::string& name, const std::string& problem) {
  throw Error("network", name.empty() ? problem : fmt::format("{}: {}", name, problem));
}

void CheckPositive(const std::string& name, const char* what, int value) {
  if (value < 1) Misfit(name, fmt::format("{} of {} is below 1", what, value));
}

// A height or a width after a window of convolution or pooling went over it.
int SideAfter(const std::string& name, int side, const ConvSpec& spec) {
  CheckPositive(name, "a kernel", spec.kernel);
  CheckPositive(name, "a stride", spec.stride);
  CheckPositive(name, "a dilation", spec.dilation);
  if (spec.pad_before < 0 || spec.pad_after < 0) Misfit(name, "its padding is below 0");
  const int covered = spec.dilation * (spec.kernel - 1) + 1;
  const int padded = side + spec.pad_before + spec.pad_after;
  if (padded < covered) {
    Misfit(name, fmt::format("a kernel over {} pixels does not fit a side of {}", covered, padded));
  }
  return (padded - covered) / spec.stride + 1;
}

Shape ShapeAfter(const std::string& name, const Shape& in, int channels, const ConvSpec& spec) {
  return {.channels = channels,
          .height = SideAfter(name, in.height, spec),
          .width = SideAfter(name, in.width, spec)};
}

std::int64_t Directions(const LstmSpec& spec) { return spec.bidirectional ? 2 : 1; }

using Weights = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

Weights NormWeights(std::int64_t channels) {
  return {{"weight", {channels}},
          {"bias", {channels}},
          {"running_mean", {channels}},
          {"running_var", {channels}}};
}

// Four gates of `hidden` numbers, stacked: input, forget, cell, output.
Weights LstmWeights(const LstmSpec& spec, std::int64_t in) {
  Weights weights;
  const std::int64_t hidden = spec.hidden;
  for (int layer = 0; layer < spec.layers; ++layer) {
    for (const char* direction : {"", "_reverse"}) {
      if (*direction != '\0' && !spec.bidirectional) continue;
      const std::string suffix = fmt::format("_l{}{}", layer, direction);
      weights.push_back({"weight_ih" + suffix, {4 * hidden, in}});
      weights.push_back({"weight_hh" + suffix, {4 * hidden, hidden}});
      weights.push_back({"bias_ih" + suffix, {4 * hidden}});
      weights.push_back({"bias_hh" + suffix, {4 * hidden}});
    }
    in = Directions(spec) * hidden;
  }
  return weights;
}

// What has no weights is not named.
Weights WeightsOfNode(const Graph& graph, const Node& node) {
  if (node.inputs.empty()) return {};
  const Shape& in = graph[node.inputs[0]].shape;
  const ConvSpec& conv = node.conv;
  Weights weights;
  switch (node.op) {
    case Op::kConv:
    case Op::kBinaryConv:
      weights = {{"weight", {conv.channels, in.channels / conv.groups, conv.kernel, conv.kernel}}};
      if (node.op == Op::kBinaryConv) weights.push_back({"temperature", {1}});
      break;
    case Op::kLinear:
      weights = {{"weight", {conv.channels, in.channels}}};
      break;
    case Op::kBatchNorm:
      return NormWeights(in.channels);
    case Op::kPrelu:
      return {{"weight", {1}}};
    case Op::kLstm:
      return LstmWeights(node.lstm, in.channels);
    case Op::kChannelPrelu:
      return {{"weight", {in.channels}}};
    case Op::kBias:
      return {{"bias", {in.channels}}};
    case Op::kBlend:
      return {{"scale", {in.channels}}};
    case Op::kLayerNorm:
      return {{"weight", {in.channels}}, {"bias", {in.channels}}};
    case Op::kPrepend:
      return {{"weight", {node.rows, in.channels}}};
    case Op::kPositions:
      return {{"weight", {in.lead + node.rows * node.rows, in.channels}}};
    case Op::kAttentionPool:
      return {{"weight", {node.shape.channels}}};
    case Op::kChannelScale:
      return {{"weight", {in.channels}}};
    case Op::kBandFilter:
      return {{"weight", {in.height, in.width}}};
    case Op::kInput:
    case Op::kChannels:
    case Op::kNormalise:
    case Op::kGrey:
    case Op::kRelu:
    case Op::kRelu6:
    case Op::kLeakyRelu:
    case Op::kSilu:
    case Op::kSigmoid:
    case Op::kAdd:
    case Op::kScale:
    case Op::kSign:
    case Op::kConcat:
    case Op::kMaxPool:
    case Op::kAveragePool:
    case Op::kUpsample:
    case Op::kGlobalAveragePool:
    case Op::kFlatten:
    case Op::kDropout:
    case Op::kDropPath:
    case Op::kWindows:
    case Op::kLastStep:
    case Op::kMeanOverTime:
    case Op::kGelu:
    case Op::kGeluTanh:
    case Op::kQuickGelu:
    case Op::kTokens:
    case Op::kAttention:
    case Op::kFirstStep:
    case Op::kUnitLength:
    case Op::kFixedConv:
    case Op::kTanh:
    case Op::kAbs:
    case Op::kClip:
    case Op::kGlobalDeviation:
    case Op::kChannelMax:
    case Op::kTransform:
    case Op::kWindowSoftmax:
    case Op::kSquash:
    case Op::kRouting:
    case Op::kMap:
    case Op::kProduct:
    case Op::kSoftmax:
      return {};
  }
  if (conv.bias) weights.push_back({"bias", {conv.channels}});
  return weights;
}

}  // namespace

int Graph::Push(Node node) {
  for (const int input : node.inputs) {
    if (input < 0 || input > answer()) Misfit(node.name, fmt::format("there is no node {} before it", input));
  }
  if (node.shape.numbers() > kMaxNumbers) Misfit(node.name, "its result is too large");
  node.init = init_;
  node.head = features_ >= 0;
  nodes_.push_back(std::move(node));
  return answer();
}

int Graph::Input(int height, int width) {
  CheckPositive("input", "a height", height);
  CheckPositive("input", "a width", width);
  Node node;
  node.op = Op::kInput;
  node.shape = {.channels = 3, .height = height, .width = width};
  return Push(std::move(node));
}

int Graph::Numbers(int height, int width, int channels) {
  CheckPositive("input", "a number of channels", channels);
  const int x = Input(height, width);
  nodes_.back().numbers = true;
  nodes_.back().shape.channels = channels;
  if (nodes_.back().shape.numbers() > kMaxNumbers) Misfit("input", "its maps are too large");
  return x;
}

int Graph::Grey(int x) {
  if (At(x).shape.channels != 3) Misfit("grey", "is of pictures of three channels");
  const int y = Elementwise(Op::kGrey, x);
  nodes_.back().shape.channels = 1;
  return y;
}

int Graph::Elementwise(Op op, int x, double rate) {
  Node node;
  node.op = op;
  node.inputs = {x};
  node.shape = At(x).shape;
  node.rate = rate;
  return Push(std::move(node));
}

const Node& Graph::At(int x) const {
  if (x < 0 || x > answer()) Misfit("", fmt::format("there is no node {}", x));
  return (*this)[x];
}

int Graph::Normalise(int x, std::vector<float> mean, std::vector<float> std) {
  const auto channels = static_cast<std::size_t>(At(x).shape.channels);
  if (mean.size() != channels || std.size() != channels || std::count(std.begin(), std.end(), 0.0F) > 0) {
    Misfit("normalise", fmt::format("needs {} means and as many deviations other than 0", channels));
  }
  const int y = Elementwise(Op::kNormalise, x);
  nodes_.back().mean = std::move(mean);
  nodes_.back().std = std::move(std);
  return y;
}

int Graph::Channels(int x, const std::vector<PictureChannel>& channels) {
  if (At(x).op != Op::kInput) Misfit("channels", "are computed of pictures alone");
  if (channels.empty()) Misfit("channels", "there are none");
  const int y = Elementwise(Op::kChannels, x);
  nodes_.back().channels = channels;
  nodes_.back().shape.channels = CountNumbers(channels);
  return y;
}

int Graph::Conv(int x, const std::string& name, const ConvSpec& spec) {
  return AnyConv(Op::kConv, x, name, spec);
}

int Graph::FixedConv(int x, const ConvSpec& spec, std::vector<float> weights) {
  if (spec.bias) Misfit("fixed convolution", "has no bias");
  const int y = AnyConv(Op::kFixedConv, x, "", spec);
  const std::int64_t wanted =
      std::int64_t{spec.channels} * (At(x).shape.channels / spec.groups) * spec.kernel * spec.kernel;
  if (static_cast<std::int64_t>(weights.size()) != wanted)
    Misfit("fixed convolution", fmt::format("{} weights where it has {}", weights.size(), wanted));
  nodes_.back().fixed = std::move(weights);
  return y;
}

int Graph::BinaryConv(int x, const std::string& name, const ConvSpec& spec) {
  if (spec.bias) Misfit(name, "a binary convolution has no bias");
  return AnyConv(Op::kBinaryConv, x, name, spec);
}

int Graph::AnyConv(Op op, int x, const std::string& name, const ConvSpec& spec) {
  const Shape in = At(x).shape;
  CheckPositive(name, "a number of channels", spec.channels);
  CheckPositive(name, "a number of groups", spec.groups);
  if (in.channels % spec.groups != 0 || spec.channels % spec.groups != 0) {
    Misfit(name, fmt::format("{} groups do not divide {} and {} channels", spec.groups, in.channels,
                             spec.channels));
  }
  Node node;
  node.op = op;
  node.inputs = {x};
  node.name = name;
  node.conv = spec;
  node.shape = ShapeAfter(name, in, spec.channels, spec);
  return Push(std::move(node));
}

int Graph::BatchNorm(int x, const std::string& name, const NormSpec& spec) {
  const int y = Elementwise(Op::kBatchNorm, x);
  nodes_.back().name = name;
  nodes_.back().norm = spec;
  return y;
}

int Graph::Relu(int x) { return Elementwise(Op::kRelu, x); }
int Graph::Relu6(int x) { return Elementwise(Op::kRelu6, x); }
int Graph::LeakyRelu(int x, double slope) { return Elementwise(Op::kLeakyRelu, x, slope); }
int Graph::Prelu(int x, const std::string& name) {
  const int y = Elementwise(Op::kPrelu, x);
  nodes_.back().name = name;
  return y;
}
int Graph::Silu(int x) { return Elementwise(Op::kSilu, x); }
int Graph::Sigmoid(int x) { return Elementwise(Op::kSigmoid, x); }
int Graph::Sign(int x) { return Elementwise(Op::kSign, x); }

int Graph::ChannelPrelu(int x, const std::string& name) {
  const int y = Elementwise(Op::kChannelPrelu, x);
  nodes_.back().name = name;
  return y;
}

int Graph::Bias(int x, const std::string& name) {
  const int y = Elementwise(Op::kBias, x);
  nodes_.back().name = name;
  return y;
}

int Graph::Blend(int a, int b, const std::string& name) {
  if (At(a).shape != At(b).shape) Misfit(name, "its parts differ in shape");
  const int y = Elementwise(Op::kBlend, a);
  nodes_.back().name = name;
  nodes_.back().inputs = {a, b};
  return y;
}
int Graph::Gelu(int x) { return Elementwise(Op::kGelu, x); }
int Graph::GeluTanh(int x) { return Elementwise(Op::kGeluTanh, x); }
int Graph::QuickGelu(int x) { return Elementwise(Op::kQuickGelu, x); }
int Graph::Tanh(int x) { return Elementwise(Op::kTanh, x); }
int Graph::Abs(int x) { return Elementwise(Op::kAbs, x); }

int Graph::Clip(int x, double most) {
  if (!(most > 0)) Misfit("clip", fmt::format("a bound of {} is not above 0", most));
  return Elementwise(Op::kClip, x, most);
}

int Graph::Add(int a, int b) {
  if (At(a).shape != At(b).shape) Misfit("add", "its parts differ in shape");
  const int y = Elementwise(Op::kAdd, a);
  nodes_.back().inputs = {a, b};
  return y;
}

int Graph::Scale(int x, int factors) {
  const Shape in = At(x).shape, one_a_pixel = {.channels = 1, .height = in.height, .width = in.width};
  if (At(factors).shape != Shape{.channels = in.channels} && At(factors).shape != one_a_pixel &&
      At(factors).shape != in) {
    Misfit("scale", "the factors are neither one a channel nor one a pixel nor one a number");
  }
  const int y = Elementwise(Op::kScale, x);
  nodes_.back().inputs = {x, factors};
  return y;
}

int Graph::Concat(const std::vector<int>& parts) {
  if (parts.empty()) Misfit("concat", "has no parts");
  Node node;
  node.op = Op::kConcat;
  node.inputs = parts;
  node.shape = At(parts[0]).shape;
  node.shape.channels = 0;
  for (const int part : parts) {
    const Shape& shape = At(part).shape;
    if (shape.height != node.shape.height || shape.width != node.shape.width || shape.steps != 0)
      Misfit("concat", "its parts differ in height or width");
    node.shape.channels += shape.channels;
  }
  return Push(std::move(node));
}

int Graph::MaxPool(int x, int kernel, int stride, int pad_before, int pad_after) {
  const Shape in = At(x).shape;
  Node node;
  node.op = Op::kMaxPool;
  node.inputs = {x};
  node.conv = {.kernel = kernel, .stride = stride, .pad_before = pad_before, .pad_after = pad_after};
  if (pad_before >= kernel || pad_after >= kernel) Misfit("pool", "a window would hold padding alone");
  node.shape = ShapeAfter("pool", in, in.channels, node.conv);
  return Push(std::move(node));
}

int Graph::AveragePool(int x, int kernel, int stride) {
  const int y = MaxPool(x, kernel, stride);
  nodes_.back().op = Op::kAveragePool;
  return y;
}

int Graph::Upsample(int x, int factor) {
  if (factor < 1 || factor > kMaxUpsampling) Misfit("upsample", fmt::format("by {} is not known", factor));
  const int y = Elementwise(Op::kUpsample, x);
  Node& node = nodes_.back();
  node.conv.stride = factor;
  if (node.shape.numbers() * factor * factor > kMaxNumbers) Misfit("upsample", "its result is too large");
  node.shape.height *= factor;
  node.shape.width *= factor;
  return y;
}

int Graph::GlobalAveragePool(int x) {
  const int y = Elementwise(Op::kGlobalAveragePool, x);
  nodes_.back().shape.height = nodes_.back().shape.width = 1;
  return y;
}

int Graph::GlobalDeviation(int x) {
  if (At(x).shape.steps != 0 || At(x).shape.is_vector())
    Misfit("deviation", "is of maps of two pixels or more");
  const int y = Elementwise(Op::kGlobalDeviation, x);
  nodes_.back().shape.height = nodes_.back().shape.width = 1;
  return y;
}

int Graph::ChannelMax(int x) {
  CheckMap("channel max", x);
  const int y = Elementwise(Op::kChannelMax, x);
  nodes_.back().shape.channels = 1;
  return y;
}

int Graph::Transform(int x, MatrixSpec matrices) {
  CheckMap("transform", x);
  const Shape in = At(x).shape;
  const auto height = static_cast<std::size_t>(in.height), width = static_cast<std::size_t>(in.width);
  if (matrices.down.empty() || matrices.across.empty() || matrices.down.size() % height != 0 ||
      matrices.across.size() % width != 0)
    Misfit("transform", fmt::format("its matrices are not of maps of {} x {}", in.height, in.width));
  const int y = Elementwise(Op::kTransform, x);
  Node& node = nodes_.back();
  node.shape.height = static_cast<int>(matrices.down.size() / height);
  node.shape.width = static_cast<int>(matrices.across.size() / width);
  node.matrices = std::move(matrices);
  return y;
}

int Graph::BandFilter(int x, const std::string& name, std::array<int, 2> band) {
  CheckMap(name, x);
  const int y = Elementwise(Op::kBandFilter, x);
  nodes_.back().name = name;
  nodes_.back().band = band;
  return y;
}

int Graph::WindowSoftmax(int x, int side) {
  CheckMap("window softmax", x);
  CheckPositive("window softmax", "a side", side);
  const Shape in = At(x).shape;
  if (in.height % side != 0 || in.width % side != 0)
    Misfit("window softmax", fmt::format("squares of {} do not fill {} x {}", side, in.height, in.width));
  const int y = Elementwise(Op::kWindowSoftmax, x);
  nodes_.back().conv.kernel = nodes_.back().conv.stride = side;
  return y;
}

int Graph::Squash(int x, int rows) {
  CheckPositive("squash", "a number of rows", rows);
  const Shape in = At(x).shape;
  if (!in.is_vector() || in.steps != 0 || in.channels % rows != 0)
    Misfit("squash", fmt::format("takes vectors of {} rows", rows));
  const int y = Elementwise(Op::kSquash, x);
  nodes_.back().rows = rows;
  return y;
}

int Graph::Routing(int x, const RoutingSpec& spec) {
  CheckPositive("routing", "a number of capsules", spec.capsules);
  CheckPositive("routing", "a number of classes", spec.classes);
  CheckPositive("routing", "a number of iterations", spec.iterations);
  const Shape in = At(x).shape;
  if (!in.is_vector() || in.steps != 0 || in.channels % (spec.capsules * spec.classes) != 0)
    Misfit("routing",
           fmt::format("takes predictions of {} capsules of {} classes", spec.capsules, spec.classes));
  const int y = Elementwise(Op::kRouting, x);
  nodes_.back().routing = spec;
  nodes_.back().shape.channels = in.channels / spec.capsules;
  return y;
}

int Graph::Flatten(int x) {
  const int y = Elementwise(Op::kFlatten, x);
  Shape& shape = nodes_.back().shape;
  shape = {.channels = static_cast<int>(shape.numbers())};
  return y;
}

int Graph::Linear(int x, const std::string& name, int channels, bool bias) {
  CheckPositive(name, "a number of channels", channels);
  if (!At(x).shape.is_vector()) Misfit(name, "a dense layer takes vectors; flatten the map first");
  const int y = Elementwise(Op::kLinear, x);
  nodes_.back().name = name;
  nodes_.back().conv = {.channels = channels, .bias = bias};
  nodes_.back().shape.channels = channels;
  return y;
}

int Graph::Dropout(int x, double rate) {
  if (!(rate >= 0 && rate < 1)) Misfit("dropout", fmt::format("a rate of {} is not from 0 to below 1", rate));
  return Elementwise(Op::kDropout, x, rate);
}

int Graph::DropPath(int x, double rate) {
  if (!(rate >= 0 && rate < 1))
    Misfit("drop path", fmt::format("a rate of {} is not from 0 to below 1", rate));
  return Elementwise(Op::kDropPath, x, rate);
}

int Graph::Windows(int x, int frames) {
  CheckPositive("windows", "a number of frames", frames);
  if (!At(x).shape.is_vector() || At(x).shape.steps != 0) Misfit("windows", "take vectors of single frames");
  const int y = Elementwise(Op::kWindows, x);
  nodes_.back().shape.steps = frames;
  return y;
}

int Graph::Lstm(int x, const std::string& name, const LstmSpec& spec) {
  CheckPositive(name, "a number of hidden units", spec.hidden);
  CheckPositive(name, "a number of layers", spec.layers);
  if (At(x).shape.steps == 0) Misfit(name, "an LSTM takes windows");
  const int y = Elementwise(Op::kLstm, x);
  nodes_.back().name = name;
  nodes_.back().lstm = spec;
  nodes_.back().shape.channels = static_cast<int>(Directions(spec)) * spec.hidden;
  return y;
}

int Graph::LastStep(int x) {
  if (At(x).shape.steps == 0) Misfit("last step", "takes windows");
  const LstmSpec lstm = At(x).lstm;
  const int y = Elementwise(Op::kLastStep, x);
  nodes_.back().lstm = lstm;
  nodes_.back().shape.steps = 0;
  return y;
}

int Graph::MeanOverTime(int x) {
  if (At(x).shape.steps == 0) Misfit("mean over time", "takes windows");
  const int y = Elementwise(Op::kMeanOverTime, x);
  nodes_.back().rows = nodes_.back().shape.lead;
  nodes_.back().shape.steps = nodes_.back().shape.lead = 0;
  return y;
}

int Graph::Tokens(int x) {
  const int y = Elementwise(Op::kTokens, x);
  Shape& shape = nodes_.back().shape;
  if (shape.steps != 0) Misfit("tokens", "are made of a map");
  shape = {.channels = shape.channels, .steps = shape.height * shape.width};
  return y;
}

int Graph::Prepend(int x, const std::string& name, int rows) {
  CheckPositive(name, "a number of tokens", rows);
  CheckSequence(name, x);
  const int y = Elementwise(Op::kPrepend, x);
  Node& node = nodes_.back();
  node.name = name;
  node.rows = rows;
  node.shape.steps += rows;
  node.shape.lead += rows;
  return y;
}

int Graph::Positions(int x, const std::string& name, int side) {
  CheckPositive(name, "a side", side);
  if (side > kMaxGrid) Misfit(name, fmt::format("a grid of side {} is too large", side));
  CheckSequence(name, x);
  GridSide(At(x).shape);
  const int y = Elementwise(Op::kPositions, x);
  nodes_.back().name = name;
  nodes_.back().rows = side;
  return y;
}

int Graph::LayerNorm(int x, const std::string& name, double eps) {
  if (!At(x).shape.is_vector()) Misfit(name, "a layer norm takes vectors");
  const int y = Elementwise(Op::kLayerNorm, x);
  nodes_.back().name = name;
  nodes_.back().norm.eps = eps;
  return y;
}

int Graph::Attention(int x, const AttentionSpec& spec) {
  constexpr int kParts = 3;
  CheckSequence("attention", x);
  CheckPositive("attention", "a number of heads", spec.heads);
  const Shape in = At(x).shape;
  if (in.channels % (kParts * spec.heads) != 0) {
    Misfit("attention",
           fmt::format("{} channels are no queries, keys and values of {} heads", in.channels, spec.heads));
  }
  const int width = in.channels / kParts / spec.heads;
  const auto pairs = static_cast<std::size_t>(in.steps) * static_cast<std::size_t>(width / 2);
  if (!spec.angles.empty() && (width % 2 != 0 || spec.angles.size() != pairs))
    Misfit("attention", fmt::format("{} angles for {} pairs", spec.angles.size(), pairs));
  const int y = Elementwise(Op::kAttention, x);
  nodes_.back().attention = spec;
  nodes_.back().shape.channels = in.channels / kParts;
  return y;
}

int Graph::AttentionPool(int x, const std::string& name, int heads) {
  constexpr int kParts = 2;
  CheckSequence(name, x);
  CheckPositive(name, "a number of heads", heads);
  const int channels = At(x).shape.channels;
  if (channels % (kParts * heads) != 0)
    Misfit(name, fmt::format("{} channels are no keys and values of {} heads", channels, heads));
  const int y = Elementwise(Op::kAttentionPool, x);
  nodes_.back().name = name;
  nodes_.back().attention.heads = heads;
  nodes_.back().shape = {.channels = channels / kParts};
  return y;
}

int Graph::FirstStep(int x) {
  CheckSequence("first step", x);
  const int y = Elementwise(Op::kFirstStep, x);
  nodes_.back().shape.steps = nodes_.back().shape.lead = 0;
  return y;
}

int Graph::ChannelScale(int x, const std::string& name, double first) {
  if (!At(x).shape.is_vector()) Misfit(name, "takes vectors");
  const int y = Elementwise(Op::kChannelScale, x, first);
  nodes_.back().name = name;
  return y;
}

int Graph::UnitLength(int x) {
  if (!At(x).shape.is_vector() || At(x).shape.steps != 0) Misfit("unit length", "takes vectors");
  return Elementwise(Op::kUnitLength, x);
}

int Graph::Map(int x, int height, int width) {
  CheckSequence("map", x);
  const Shape in = At(x).shape;
  if (in.lead != 0 || height < 1 || width < 1 || std::int64_t{height} * width != in.steps)
    Misfit("map", fmt::format("{} tokens are no map of {} x {}", in.steps, height, width));
  const int y = Elementwise(Op::kMap, x);
  nodes_.back().shape = {.channels = in.channels, .height = height, .width = width};
  return y;
}

int Graph::Product(int a, int b, bool transposed) {
  CheckSequence("product", a);
  CheckSequence("product", b);
  const Shape left = At(a).shape, right = At(b).shape;
  if (left.channels != (transposed ? right.channels : right.steps))
    Misfit("product", fmt::format("[{}, {}] and [{}, {}]{} do not fit", left.steps, left.channels,
                                  right.steps, right.channels, transposed ? ", transposed," : ""));
  const int y = Elementwise(Op::kProduct, a);
  Node& node = nodes_.back();
  node.inputs = {a, b};
  node.transposed = transposed;
  node.shape = {.channels = transposed ? right.steps : right.channels, .steps = left.steps};
  return y;
}

int Graph::Softmax(int x) {
  CheckSequence("softmax", x);
  return Elementwise(Op::kSoftmax, x);
}

void Graph::CheckMap(const std::string& name, int x) const {
  if (At(x).shape.steps != 0) Misfit(name, "takes a map");
}

void Graph::CheckSequence(const std::string& name, int x) const {
  if (At(x).shape.steps == 0) Misfit(name, "takes a sequence of tokens");
}

void Graph::BeginHead(int features) {
  if (!At(features).shape.is_vector() || At(features).shape.steps != 0)
    Misfit("features", "are a map or a sequence; bring it to one vector first");
  features_ = features;
}

void Graph::Output(const std::string& name, int x) {
  if (At(x).head) Misfit(name, "is of the head; the backbone's results alone can be named");
  const bool twice = std::any_of(outputs_.begin(), outputs_.end(),
                                 [&](const NamedOutput& output) { return output.name == name; });
  if (twice) Misfit(name, "two outputs have this name");
  outputs_.push_back({name, x});
}

int Graph::frames() const {
  for (const Node& node : nodes_) {
    if (node.op == Op::kWindows) return node.shape.steps;
  }
  return 1;
}

int Padding(int kernel, int dilation) { return kernel / 2 * dilation; }

void SamePadding(int side, ConvSpec* spec) {
  const int covered = spec->dilation * (spec->kernel - 1) + 1;
  const int steps = (side + spec->stride - 1) / spec->stride;
  const int missing = std::max(0, (steps - 1) * spec->stride + covered - side);
  spec->pad_before = missing / 2;
  spec->pad_after = missing - missing / 2;
}

int GridSide(const Shape& shape) {
  if (shape.steps == 0) return shape.side();
  const int places = shape.steps - shape.lead;
  const int side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(places))));
  if (places < 1 || side * side != places) Misfit("tokens", fmt::format("{} places are no square", places));
  return side;
}

std::vector<float> PositionWeights(int from, int to) {
  // Keys, "Cubic convolution interpolation for digital image processing", 1981, equation 15 with a = -0.5.
  const auto cubic = [](double x) {
    x = std::abs(x);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0.0;
  };
  const auto columns = static_cast<std::size_t>(from);
  std::vector<float> weights(static_cast<std::size_t>(to) * columns);
  const double scale = static_cast<double>(from) / to, width = std::max(scale, 1.0);
  std::vector<double> row(columns);
  for (int y = 0; y < to; ++y) {
    const double centre = scale * (y + 0.5);
    double sum = 0;
    for (int x = 0; x < from; ++x) {
      const double at = (x + 0.5 - centre) / width;
      sum += row[static_cast<std::size_t>(x)] = cubic(at);
    }
    for (std::size_t x = 0; x < columns; ++x)
      weights[static_cast<std::size_t>(y) * columns + x] = static_cast<float>(row[x] / sum);
  }
  return weights;
}

std::vector<WeightSpec> ListWeights(const Graph& graph) {
  std::vector<WeightSpec> weights;
  std::map<std::string, std::size_t> places;
  for (int i = 0; i <= graph.answer(); ++i) {
    for (auto& [suffix, shape] : WeightsOfNode(graph, graph[i])) {
      const std::string name = graph[i].name + "." + suffix;
      const auto [place, fresh] = places.try_emplace(name, weights.size());
      if (!fresh) {
        if (weights[place->second].shape != shape) {
          Misfit(name, fmt::format("is [{}] and [{}]", fmt::join(weights[place->second].shape, ", "),
                                   fmt::join(shape, ", ")));
        }
        continue;
      }
      weights.push_back({name, std::move(shape), !suffix.starts_with("running_") && !IsTemperature(name), i});
    }
  }
  return weights;
}

namespace {

// Of one picture, or of one window. What multiplies nothing is not named.
std::int64_t CountNodeMultiplyAdds(const Graph& graph, const Node& node) {
  const ConvSpec& conv = node.conv;
  const std::int64_t in = node.inputs.empty() ? 0 : graph[node.inputs[0]].shape.channels;
  const std::int64_t steps = node.inputs.empty() ? 1 : std::max(1, graph[node.inputs[0]].shape.steps);
  switch (node.op) {
    case Op::kConv:
    case Op::kBinaryConv:
    case Op::kFixedConv:
      return node.shape.numbers() * (in / conv.groups) * conv.kernel * conv.kernel;
    case Op::kLinear:
      return steps * conv.channels * in;
    case Op::kAttention:  // queries by keys, weights by values
      return 2 * steps * steps * node.shape.channels;
    case Op::kAttentionPool:
      return 2 * steps * node.shape.channels;
    case Op::kProduct:
      return steps * in * node.shape.channels;
    case Op::kTransform: {
      const Shape& from = graph[node.inputs[0]].shape;
      return std::int64_t{in} * node.shape.width * from.height * (from.width + node.shape.height);
    }
    case Op::kLstm: {
      std::int64_t count = 0;
      for (const auto& [suffix, shape] : LstmWeights(node.lstm, in)) {
        if (shape.size() == 2) count += steps * shape[0] * shape[1];
      }
      return count;
    }
    case Op::kInput:
    case Op::kChannels:
    case Op::kNormalise:
    case Op::kGrey:
    case Op::kBatchNorm:
    case Op::kRelu:
    case Op::kRelu6:
    case Op::kLeakyRelu:
    case Op::kPrelu:
    case Op::kChannelPrelu:
    case Op::kSilu:
    case Op::kSigmoid:
    case Op::kAdd:
    case Op::kScale:
    case Op::kBias:
    case Op::kBlend:
    case Op::kSign:
    case Op::kConcat:
    case Op::kMaxPool:
    case Op::kAveragePool:
    case Op::kUpsample:
    case Op::kGlobalAveragePool:
    case Op::kFlatten:
    case Op::kDropout:
    case Op::kDropPath:
    case Op::kWindows:
    case Op::kLastStep:
    case Op::kMeanOverTime:
    case Op::kGelu:
    case Op::kGeluTanh:
    case Op::kQuickGelu:
    case Op::kTokens:
    case Op::kPrepend:
    case Op::kPositions:
    case Op::kLayerNorm:
    case Op::kFirstStep:
    case Op::kChannelScale:
    case Op::kUnitLength:
    case Op::kTanh:
    case Op::kAbs:
    case Op::kClip:
    case Op::kGlobalDeviation:
    case Op::kChannelMax:
    case Op::kBandFilter:
    case Op::kWindowSoftmax:
    case Op::kSquash:
    case Op::kRouting:
    case Op::kMap:
    case Op::kSoftmax:
      return 0;
  }
  return 0;
}

}  // namespace

std::int64_t CountMultiplyAdds(const Graph& graph) {
  std::int64_t count = 0, times = graph.frames();  // that the node runs for a clip
  for (const Node& node : graph.nodes()) {
    if (node.op == Op::kWindows) times = 1;
    count += times * CountNodeMultiplyAdds(graph, node);
  }
  return count;
}

InputSpec GetInput(const Graph& graph) {
  return {graph[0].shape.height, graph.frames(), graph[0].shape.width};
}

std::int64_t CountTrainable(const Graph& graph) {
  std::int64_t count = 0;
  for (const WeightSpec& weight : ListWeights(graph)) {
    std::int64_t numbers = weight.learnable ? 1 : 0;
    for (const std::int64_t side : weight.shape) numbers *= side;
    count += numbers;
  }
  return count;
}

}  // namespace seam

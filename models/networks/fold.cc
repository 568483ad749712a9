#include "models/networks/fold.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace seam {
namespace {

Activation ToActivation(Op op) {
  switch (op) {
    case Op::kRelu:
      return Activation::kRelu;
    case Op::kRelu6:
      return Activation::kRelu6;
    case Op::kLeakyRelu:
    case Op::kPrelu:
      return Activation::kLeakyRelu;
    case Op::kChannelPrelu:
      return Activation::kChannelPrelu;
    case Op::kSilu:
      return Activation::kSilu;
    case Op::kSigmoid:
      return Activation::kSigmoid;
    case Op::kGelu:
      return Activation::kGelu;
    case Op::kGeluTanh:
      return Activation::kGeluTanh;
    case Op::kQuickGelu:
      return Activation::kQuickGelu;
    case Op::kTanh:
      return Activation::kTanh;
    case Op::kAbs:
      return Activation::kAbs;
    case Op::kClip:
      return Activation::kClip;
    default:
      return Activation::kNone;
  }
}

class Folder {
 public:
  Folder(const Graph& graph, const std::map<std::string, std::vector<float>>& weights)
      : graph_(graph), weights_(weights), step_of_(graph.nodes().size(), -1), uses_(graph.nodes().size(), 0) {
    CountUses();
  }

  FoldedGraph Run() {
    for (int i = 0; i <= graph_.answer(); ++i) {
      const int step = step_of_[static_cast<std::size_t>(i)] = Take(i);
      last_node_.resize(folded_.steps.size());
      last_node_[static_cast<std::size_t>(step)] = i;
    }
    folded_.numbers = graph_[0].numbers;
    if (graph_.features() >= 0) folded_.features = GetStep(graph_.features());
    for (const NamedOutput& output : graph_.outputs())
      folded_.outputs.push_back({output.name, GetStep(output.node)});
    return std::move(folded_);
  }

 private:
  // The node whose result this one passes on unchanged in inference.
  int Source(int node) const {
    while (graph_[node].op == Op::kDropout || graph_[node].op == Op::kDropPath) node = graph_[node].inputs[0];
    return node;
  }

  void CountUses() {
    for (int i = 0; i <= graph_.answer(); ++i) {
      if (Source(i) != i || graph_[i].op == Op::kChannels) continue;
      for (const int input : graph_[i].inputs) ++uses_[static_cast<std::size_t>(Source(input))];
    }
    // Features are asked for by the head: nothing of it may melt into the backbone.
    if (graph_.features() >= 0) ++uses_[static_cast<std::size_t>(Source(graph_.features()))];
    for (const NamedOutput& output : graph_.outputs()) ++uses_[static_cast<std::size_t>(Source(output.node))];
  }

  int GetStep(int node) const { return step_of_[static_cast<std::size_t>(Source(node))]; }
  FoldedStep& At(int step) { return folded_.steps[static_cast<std::size_t>(step)]; }
  bool UsedOnce(int node) const { return uses_[static_cast<std::size_t>(Source(node))] == 1; }

  const std::vector<float>& Weight(const std::string& name) const {
    const auto found = weights_.find(name);
    if (found == weights_.end()) throw Error(name, "the network has no such weight");
    return found->second;
  }

  // Whether more may be added to the end of the step that answers `node`.
  bool IsOpen(int node) { return UsedOnce(node) && At(GetStep(node)).activation == Activation::kNone; }

  // Whether an activation of the concatenation may as well be done by each of its parts.
  bool PartsAreOpen(int concat) {
    const std::vector<int>& parts = At(concat).inputs;
    return std::all_of(parts.begin(), parts.end(), [&](int part) {
      return At(part).op == Op::kConv && IsOpen(last_node_[static_cast<std::size_t>(part)]);
    });
  }

  // The step that answers node `i`: an earlier one that now does its work as well, or a new one.
  int Take(int i) {
    const Node& node = graph_[i];
    if (Source(i) != i) return GetStep(i);
    switch (node.op) {
      case Op::kNormalise:
        return TakeNormalise(i);
      case Op::kBatchNorm:
        return TakeBatchNorm(i);
      case Op::kAdd:
        return TakeAdd(i);
      case Op::kGrey:
        return TakeGrey(i);
      case Op::kChannelScale:
        return TakeChannelScale(i);
      case Op::kRelu:
      case Op::kRelu6:
      case Op::kLeakyRelu:
      case Op::kPrelu:
      case Op::kChannelPrelu:
      case Op::kSilu:
      case Op::kSigmoid:
      case Op::kGelu:
      case Op::kGeluTanh:
      case Op::kQuickGelu:
      case Op::kTanh:
      case Op::kAbs:
      case Op::kClip:
        return TakeActivation(i);
      case Op::kFixedConv:
        return TakeFixedConv(i);
      case Op::kChannels:
        return TakeChannels(node);
      case Op::kBias:
        return TakeFactors(i, std::vector<float>(Weight(node.name + ".bias").size(), 1),
                           Weight(node.name + ".bias"));
      case Op::kBlend:
        return TakeBlend(i);
      case Op::kSign:
        return TakeSign(i);
      case Op::kInput:
      case Op::kConv:
      case Op::kBinaryConv:
      case Op::kScale:
      case Op::kConcat:
      case Op::kMaxPool:
      case Op::kAveragePool:
      case Op::kUpsample:
      case Op::kGlobalAveragePool:
      case Op::kFlatten:
      case Op::kLinear:
      case Op::kDropout:
      case Op::kDropPath:
      case Op::kWindows:
      case Op::kLstm:
      case Op::kLastStep:
      case Op::kMeanOverTime:
      case Op::kTokens:
      case Op::kPrepend:
      case Op::kPositions:
      case Op::kLayerNorm:
      case Op::kAttention:
      case Op::kAttentionPool:
      case Op::kFirstStep:
      case Op::kUnitLength:
      case Op::kGlobalDeviation:
      case Op::kChannelMax:
      case Op::kTransform:
      case Op::kBandFilter:
      case Op::kWindowSoftmax:
      case Op::kSquash:
      case Op::kRouting:
      case Op::kMap:
      case Op::kProduct:
      case Op::kSoftmax:
        break;
    }
    return Push(MakeStep(node));
  }

  int Push(FoldedStep step) {
    folded_.steps.push_back(std::move(step));
    return static_cast<int>(folded_.steps.size()) - 1;
  }

  FoldedStep MakeStep(const Node& node) {
    FoldedStep step;
    step.op = node.op;
    step.shape = node.shape;
    step.conv = node.conv;
    step.lstm = node.lstm;
    step.norm = node.norm;
    step.attention = node.attention;
    step.rows = node.rows;
    step.matrices = node.matrices;
    step.routing = node.routing;
    step.transposed = node.transposed;
    for (const int input : node.inputs) step.inputs.push_back(GetStep(input));
    if (node.op == Op::kConv || node.op == Op::kLinear || node.op == Op::kBinaryConv ||
        node.op == Op::kLayerNorm || node.op == Op::kPrepend || node.op == Op::kAttentionPool ||
        node.op == Op::kChannelScale) {
      step.weight = Weight(node.name + ".weight");
      if (node.op == Op::kBinaryConv) MakeBinary(Weight(node.name + ".temperature")[0], &step.weight);
      if (node.conv.bias || node.op == Op::kLayerNorm) step.bias = Weight(node.name + ".bias");
    }
    if (node.op == Op::kPositions) step.weight = Positions(node);
    if (node.op == Op::kBandFilter) step.weight = Factors(node);
    if (node.op == Op::kLstm) step.layers = LstmLayers(node);
    return step;
  }

  // Of a band filter.
  std::vector<float> Factors(const Node& node) {
    std::vector<float> factors = Weight(node.name + ".weight");
    const auto width = static_cast<std::size_t>(node.shape.width);
    for (std::size_t i = 0; i < factors.size(); ++i) {
      const auto sum = static_cast<int>(i / width + i % width);
      const double base = sum >= node.band[0] && sum <= node.band[1] ? 1 : 0;
      factors[i] = static_cast<float>(base + std::tanh(static_cast<double>(factors[i]) / 2));
    }
    return factors;
  }

  // For the grid of this network: P' = M P M^T, channel by channel.
  std::vector<float> Positions(const Node& node) {
    const std::vector<float>& given = Weight(node.name + ".weight");
    const auto from = static_cast<std::size_t>(node.rows),
               to = static_cast<std::size_t>(GridSide(node.shape));
    if (from == to) return given;
    const std::vector<float> weights = PositionWeights(node.rows, static_cast<int>(to));
    const auto channels = static_cast<std::size_t>(node.shape.channels),
               lead = static_cast<std::size_t>(node.shape.lead) * channels;
    std::vector<float> narrow(to * from * channels), made((to * to) * channels + lead);
    std::copy_n(given.begin(), lead, made.begin());
    const auto add = [&](float factor, const float* row, float* sum) {
      for (std::size_t c = 0; c < channels; ++c) sum[c] += factor * row[c];
    };
    for (std::size_t y = 0; y < to; ++y) {
      for (std::size_t k = 0; k < from; ++k) {
        for (std::size_t x = 0; x < from; ++x)
          add(weights[y * from + k], &given[lead + (k * from + x) * channels],
              &narrow[(y * from + x) * channels]);
      }
    }
    for (std::size_t y = 0; y < to; ++y) {
      for (std::size_t x = 0; x < to; ++x) {
        for (std::size_t k = 0; k < from; ++k)
          add(weights[x * from + k], &narrow[(y * from + k) * channels],
              &made[lead + (y * to + x) * channels]);
      }
    }
    return made;
  }

  std::vector<FoldedLstmLayer> LstmLayers(const Node& node) {
    std::vector<FoldedLstmLayer> layers;
    int inputs = graph_[node.inputs[0]].shape.channels;
    for (int layer = 0; layer < node.lstm.layers; ++layer) {
      FoldedLstmLayer& made = layers.emplace_back();
      made.inputs = inputs;
      for (int direction = 0; direction <= (node.lstm.bidirectional ? 1 : 0); ++direction) {
        const std::string end = "_l" + std::to_string(layer) + (direction == 1 ? "_reverse" : "");
        Append(Weight(node.name + ".weight_ih" + end), &made.weight_input);
        Append(Weight(node.name + ".weight_hh" + end), &made.weight_hidden);
        const std::vector<float>&a = Weight(node.name + ".bias_ih" + end),
              &b = Weight(node.name + ".bias_hh" + end);
        for (std::size_t i = 0; i < a.size(); ++i) made.bias.push_back(a[i] + b[i]);
      }
      inputs = node.lstm.hidden * (node.lstm.bidirectional ? 2 : 1);
    }
    return layers;
  }

  static void Append(const std::vector<float>& from, std::vector<float>* to) {
    to->insert(to->end(), from.begin(), from.end());
  }

  int TakeNormalise(int i) {
    const Node& node = graph_[i];
    const int source = Source(node.inputs[0]);
    // Of the pictures themselves, once or several times: (x - m) / s, then (y - mean) / std.
    if (GetStep(source) == 0 && UsedOnce(source)) {
      for (std::size_t c = 0; c < 3; ++c) {
        folded_.mean[c] += node.mean[c] * folded_.std[c];
        folded_.std[c] *= node.std[c];
      }
      return 0;
    }
    std::vector<float> factors, summands;
    for (std::size_t c = 0; c < node.mean.size(); ++c) {
      factors.push_back(1 / node.std[c]);
      summands.push_back(-node.mean[c] / node.std[c]);
    }
    if (At(GetStep(source)).op == Op::kConv && IsOpen(source) && At(GetStep(source)).inputs.size() == 1) {
      Melt({factors.begin(), factors.end()}, {summands.begin(), summands.end()}, &At(GetStep(source)));
      return GetStep(source);
    }
    return TakeFactors(i, std::move(factors), std::move(summands));
  }

  // A step of its own: of each channel a factor and a summand.
  int TakeFactors(int i, std::vector<float> factors, std::vector<float> summands) {
    FoldedStep step = MakeStep(graph_[i]);
    step.op = Op::kBatchNorm;
    step.weight = std::move(factors);
    step.bias = std::move(summands);
    return Push(std::move(step));
  }

  int TakeChannels(const Node& node) {
    FoldedStep step;
    step.op = node.op;
    step.shape = node.shape;
    step.channels = node.channels;
    return Push(std::move(step));
  }

  // Of two vectors: their shares, and the sum.
  int TakeBlend(int i) {
    const Node& node = graph_[i];
    std::vector<float> share = Weight(node.name + ".scale"), rest = share;
    for (float& each : rest) each = 1 - each;
    const std::vector<float> none(share.size(), 0);
    int parts[2];
    for (std::size_t k : {0U, 1U}) {
      FoldedStep step = MakeStep(node);
      step.op = Op::kBatchNorm;
      step.inputs = {GetStep(node.inputs[k])};
      step.weight = k == 0 ? share : rest;
      step.bias = none;
      parts[k] = Push(std::move(step));
    }
    FoldedStep sum = MakeStep(node);
    sum.op = Op::kAdd;
    sum.inputs = {parts[0], parts[1]};
    return Push(std::move(sum));
  }

  // What was added before becomes the sign's own.
  int TakeSign(int i) {
    const Node& node = graph_[i];
    const int before = Source(node.inputs[0]);
    if (graph_[before].op == Op::kBias && IsOpen(before)) {
      At(GetStep(before)).op = Op::kSign;
      At(GetStep(before)).weight.clear();
      return GetStep(before);
    }
    FoldedStep step = MakeStep(node);
    step.bias.assign(static_cast<std::size_t>(node.shape.channels), 0);
    return Push(std::move(step));
  }

  // Note [Binary weights].
  static void MakeBinary(float temperature, std::vector<float>* weights) {
    for (float& weight : *weights) {
      if (static_cast<double>(temperature) < kBinaryTemperature) {
        weight = static_cast<float>((weight > 0 ? 1 : 0) - (weight < 0 ? 1 : 0));
      } else {
        weight = std::clamp(weight / temperature, -1.0F, 1.0F);
      }
    }
  }

  int TakeBatchNorm(int i) {
    const Node& node = graph_[i];
    const std::vector<float>&scale = Weight(node.name + ".weight"), &shift = Weight(node.name + ".bias"),
          &mean = Weight(node.name + ".running_mean"), &variance = Weight(node.name + ".running_var");
    std::vector<double> factors(scale.size()), summands(scale.size());
    for (std::size_t c = 0; c < scale.size(); ++c) {
      factors[c] = scale[c] / std::sqrt(variance[c] + node.norm.eps);
      summands[c] = shift[c] - mean[c] * factors[c];
    }
    const int before = GetStep(node.inputs[0]);
    const Op op = At(before).op;
    if ((op == Op::kConv || op == Op::kLinear) && IsOpen(node.inputs[0]) && At(before).inputs.size() == 1) {
      Melt(factors, summands, &At(before));
      return before;
    }
    if (op == Op::kBinaryConv && IsOpen(node.inputs[0]) && At(before).factors.empty()) {
      At(before).factors.assign(factors.begin(), factors.end());
      At(before).bias.assign(summands.begin(), summands.end());
      return before;
    }
    return TakeFactors(i, {factors.begin(), factors.end()}, {summands.begin(), summands.end()});
  }

  // Of a dense layer it becomes a part.
  int TakeChannelScale(int i) {
    const Node& node = graph_[i];
    const int before = GetStep(node.inputs[0]);
    if (At(before).op != Op::kLinear || !IsOpen(node.inputs[0]) || At(before).inputs.size() != 1)
      return Push(MakeStep(node));
    const std::vector<float>& scale = Weight(node.name + ".weight");
    Melt({scale.begin(), scale.end()}, std::vector<double>(scale.size(), 0), &At(before));
    return before;
  }

  static void Melt(const std::vector<double>& factors, const std::vector<double>& summands,
                   FoldedStep* step) {
    step->bias.resize(factors.size(), 0);
    const std::size_t row = step->weight.size() / factors.size();
    for (std::size_t c = 0; c < factors.size(); ++c) {
      for (std::size_t k = 0; k < row; ++k) {
        float& weight = step->weight[c * row + k];
        weight = static_cast<float>(weight * factors[c]);
      }
      step->bias[c] = static_cast<float>(step->bias[c] * factors[c] + summands[c]);
    }
  }

  // A convolution with fixed weights.
  int TakeGrey(int i) {
    FoldedStep step = MakeStep(graph_[i]);
    step.op = Op::kConv;
    step.conv = {.channels = 1};
    step.weight.assign(kLuma.begin(), kLuma.end());
    return Push(std::move(step));
  }

  int TakeFixedConv(int i) {
    FoldedStep step = MakeStep(graph_[i]);
    step.op = Op::kConv;
    step.weight = graph_[i].fixed;
    return Push(std::move(step));
  }

  int TakeAdd(int i) {
    const Node& node = graph_[i];
    for (std::size_t k : {0U, 1U}) {
      const int own = GetStep(node.inputs[k]), other = GetStep(node.inputs[1 - k]);
      const bool sums = At(own).op == Op::kConv || At(own).op == Op::kLinear;
      if (sums && At(own).inputs.size() == 1 && IsOpen(node.inputs[k]) && other < own) {
        At(own).inputs.push_back(other);
        return own;
      }
    }
    for (std::size_t k : {0U, 1U}) {
      if (JoinGate(node.inputs[k], node.inputs[1 - k])) return static_cast<int>(folded_.steps.size()) - 1;
    }
    return Push(MakeStep(node));
  }

  // Below zero.
  double FindSlope(const Node& node) const {
    return node.op == Op::kPrelu ? Weight(node.name + ".weight").at(0) : node.rate;
  }

  // If `own` is the last steps' b * c [* a] with a factor and a summand of each channel, where c is one
  // number a channel and `a` what shall be added, one step takes their place: a kAdd of three.
  bool JoinGate(int own, int a) {
    const auto last = [&](std::size_t back) { return static_cast<int>(folded_.steps.size() - back); };
    const auto is = [&](std::size_t back, Op op) {
      return last(back) > 0 && At(last(back)).op == op && At(last(back)).activation == Activation::kNone &&
             UsedOnce(last_node_[static_cast<std::size_t>(last(back))]);
    };
    if (GetStep(own) != last(1) || !is(1, Op::kBatchNorm) || !is(2, Op::kScale)) return false;
    if (At(last(1)).inputs[0] != last(2)) return false;
    const bool multiplies =
        At(last(2)).inputs[1] == GetStep(a) && is(3, Op::kScale) && At(last(2)).inputs[0] == last(3);
    const FoldedStep& gate = At(last(multiplies ? 3 : 2));
    if (!At(gate.inputs[1]).shape.is_vector() || gate.shape.is_vector() ||
        GetStep(a) > last(multiplies ? 4 : 3))
      return false;
    FoldedStep joined = At(last(1));
    joined.op = Op::kAdd;
    joined.inputs = {GetStep(a), gate.inputs[0], gate.inputs[1]};
    joined.multiplies = multiplies;
    folded_.steps.resize(folded_.steps.size() - (multiplies ? 3 : 2));
    Push(std::move(joined));
    return true;
  }

  int TakeActivation(int i) {
    const Node& node = graph_[i];
    const auto slope = static_cast<float>(FindSlope(node));
    const int before = GetStep(node.inputs[0]);
    const Op op = At(before).op;
    if (node.op == Op::kChannelPrelu) return TakePRelu(i);
    if ((op == Op::kConv || op == Op::kLinear || (op == Op::kAdd && At(before).inputs.size() == 2)) &&
        IsOpen(node.inputs[0])) {
      At(before).activation = ToActivation(node.op);
      At(before).slope = slope;
      return before;
    }
    if (op == Op::kConcat && IsOpen(node.inputs[0]) && PartsAreOpen(before)) {
      for (const int part : At(before).inputs) {
        At(part).activation = ToActivation(node.op);
        At(part).slope = slope;
      }
      return before;
    }
    FoldedStep step = MakeStep(node);
    if (node.op == Op::kPrelu) step.op = Op::kLeakyRelu;
    step.activation = ToActivation(node.op);
    step.slope = slope;
    return Push(std::move(step));
  }

  int TakePRelu(int i) {
    const Node& node = graph_[i];
    int step = GetStep(node.inputs[0]);
    if (At(step).op != Op::kBinaryConv || !IsOpen(node.inputs[0])) step = Push(MakeStep(node));
    At(step).activation = Activation::kChannelPrelu;
    At(step).slopes = Weight(node.name + ".weight");
    return step;
  }

  const Graph& graph_;
  const std::map<std::string, std::vector<float>>& weights_;
  FoldedGraph folded_;
  std::vector<int> step_of_;    // by node
  std::vector<int> last_node_;  // by step: the last of the nodes that it answers
  std::vector<int> uses_;       // by node, through dropouts
};

}  // namespace

FoldedGraph Fold(const Graph& graph, const std::map<std::string, std::vector<float>>& weights) {
  return Folder(graph, weights).Run();
}

}  // namespace seam

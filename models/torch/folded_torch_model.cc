#include "models/torch/folded_torch_model.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "models/torch/autocast.h"
#include "models/torch/run_node.h"

namespace seam {
namespace {

torch::Tensor Activated(const FoldedStep& step, torch::Tensor x) {
  switch (step.activation) {
    case Activation::kNone:
      return x;
    case Activation::kRelu:
      return x.relu_();
    case Activation::kRelu6:
      return x.clamp_(0, 6);
    case Activation::kLeakyRelu:
      return torch::leaky_relu_(x, step.slope);
    case Activation::kChannelPrelu:
      break;  // by its slopes, which lie with the step's weights
    case Activation::kSilu:
      return torch::silu_(x);
    case Activation::kSigmoid:
      return x.sigmoid_();
    case Activation::kGelu:
      return torch::gelu(x);
    case Activation::kGeluTanh:
      return torch::gelu(x, "tanh");
    case Activation::kQuickGelu:
      return x * torch::sigmoid(1.702 * x);
    case Activation::kTanh:
      return x.tanh_();
    case Activation::kAbs:
      return x.abs_();
    case Activation::kClip:
      return x.clamp_(-step.slope, step.slope);
  }
  return x;
}

class FoldedTorchModel : public CompiledModel {
 public:
  FoldedTorchModel(const FoldedGraph& graph, const InputSpec& input, torch::Device device, bool bf16)
      : CompiledModel(graph),
        input_(input),
        device_(device),
        bf16_(bf16),
        numbers_(graph.numbers),
        channels_(graph.steps[0].shape.channels),
        features_(graph.features) {
    for (const FoldedOutput& output : graph.outputs) named_.push_back(output.step);
    const c10::InferenceMode no_gradients;
    mean_ =
        torch::tensor(std::vector<float>(graph.mean.begin(), graph.mean.end())).view({1, 3, 1, 1}).to(device);
    std_ =
        torch::tensor(std::vector<float>(graph.std.begin(), graph.std.end())).view({1, 3, 1, 1}).to(device);
    for (const FoldedStep& from : graph.steps) steps_.push_back(MakeStep(from, graph));
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      for (const int read : steps_[i].folded.inputs) steps_[static_cast<std::size_t>(read)].last_use = i;
    }
  }

  std::vector<double> Logits(const std::uint8_t* clips, std::int64_t n) const override {
    NeedsHead();
    const c10::InferenceMode no_gradients;
    const std::vector<torch::Tensor> found =
        RunPictures(clips, n * input_.frames, {static_cast<int>(steps_.size()) - 1});
    const torch::Tensor logits = found[0].to(torch::kDouble).flatten();
    const double* first = logits.data_ptr<double>();
    return {first, first + n};
  }

  std::vector<float> Answers(const float* maps, std::int64_t n) const override {
    if (!numbers_) return CompiledModel::Answers(maps, n);
    const c10::InferenceMode no_gradients;
    if (device_.is_cpu()) at::set_num_threads(1);
    const torch::Tensor given =
        torch::from_blob(const_cast<float*>(maps), {n, input_.size, input_.width, channels_}, torch::kFloat);
    const std::lock_guard lock(mutex_);
    return Numbers(Run(given.to(device_).permute({0, 3, 1, 2}), {static_cast<int>(steps_.size()) - 1})[0].to(
        torch::kCPU));
  }

  std::vector<float> Features(const std::uint8_t* pictures, std::int64_t n) const override {
    NeedsHead();
    const c10::InferenceMode no_gradients;
    return Numbers(RunPictures(pictures, n, {features_})[0]);
  }

  std::vector<std::vector<float>> Outputs(const std::uint8_t* pictures, std::int64_t n) const override {
    const c10::InferenceMode no_gradients;
    std::vector<std::vector<float>> numbers;
    for (const torch::Tensor& found : RunPictures(pictures, n, named_))
      numbers.push_back(Numbers(found.dim() == 4 ? found.permute({0, 2, 3, 1}) : found));
    return numbers;
  }

  InputSpec input() const override { return input_; }
  std::string description() const override {
    if (device_.is_cuda())
      return bf16_ ? "bf16 on the GPU (LibTorch, autocast)" : "fp32 on the GPU (LibTorch)";
    return "fp32 on the CPU (LibTorch)";
  }

 private:
  struct Step {
    FoldedStep folded;  // its numbers are in `weights`
    Node node;          // as RunNode() wants it
    std::map<std::string, torch::Tensor> weights;
    std::size_t last_use = 0;
  };

  torch::Tensor OnDevice(const std::vector<float>& values, const std::vector<std::int64_t>& shape) const {
    return torch::tensor(values, torch::kFloat).view(shape).to(device_);
  }

  Step MakeStep(const FoldedStep& from, const FoldedGraph& graph) const {
    Step step;
    step.folded = from;
    step.node.op = from.op;
    step.node.shape = from.shape;
    step.node.conv = from.conv;
    step.node.conv.bias = !from.bias.empty();
    step.node.lstm = from.lstm;
    step.node.norm = from.norm;
    step.node.attention = from.attention;
    step.node.rows = from.rows;
    step.node.matrices = from.matrices;
    step.node.routing = from.routing;
    step.node.transposed = from.transposed;
    step.node.channels = from.channels;
    if (!from.factors.empty()) step.weights["factors"] = OnDevice(from.factors, {-1});
    if (!from.slopes.empty()) step.weights["slopes"] = OnDevice(from.slopes, {-1});
    if (from.op == Op::kBinaryConv) {
      // Its weights are what it multiplies with already.
      step.node.op = Op::kConv;
      step.node.conv.bias = false;
    }
    if (from.op == Op::kConv || from.op == Op::kBinaryConv) {
      const std::int64_t in =
          graph.steps[static_cast<std::size_t>(from.inputs[0])].shape.channels / from.conv.groups;
      step.weights["weight"] =
          OnDevice(from.weight, {from.shape.channels, in, from.conv.kernel, from.conv.kernel})
              .contiguous(torch::MemoryFormat::ChannelsLast);
    } else if (from.op == Op::kLinear) {
      step.weights["weight"] = OnDevice(from.weight, {from.shape.channels, -1});
    } else if (from.op == Op::kBandFilter) {
      step.weights["weight"] = OnDevice(from.weight, {from.shape.height, from.shape.width});
    } else if (from.op == Op::kPrepend || from.op == Op::kPositions) {
      step.weights["weight"] = OnDevice(from.weight, {-1, from.shape.channels});
    } else if (!from.weight.empty()) {
      step.weights["weight"] = OnDevice(from.weight, {-1});
    }
    if (!from.bias.empty()) step.weights["bias"] = OnDevice(from.bias, {-1});
    if (from.op == Op::kLstm) AddLstm(from, &step);
    step.folded.weight.clear();
    step.folded.bias.clear();
    step.folded.factors.clear();
    step.folded.slopes.clear();
    step.folded.layers.clear();
    return step;
  }

  void AddLstm(const FoldedStep& from, Step* step) const {
    const std::int64_t directions = from.lstm.bidirectional ? 2 : 1,
                       gates = std::int64_t{4} * from.lstm.hidden;
    for (std::size_t layer = 0; layer < from.layers.size(); ++layer) {
      const FoldedLstmLayer& made = from.layers[layer];
      const torch::Tensor input = OnDevice(made.weight_input, {directions, gates, made.inputs}),
                          hidden = OnDevice(made.weight_hidden, {directions, gates, from.lstm.hidden}),
                          bias = OnDevice(made.bias, {directions, gates});
      for (std::int64_t direction = 0; direction < directions; ++direction) {
        const std::string end = fmt::format("_l{}{}", layer, direction == 1 ? "_reverse" : "");
        step->weights["weight_ih" + end] = input[direction].clone();
        step->weights["weight_hh" + end] = hidden[direction].clone();
        step->weights["bias_ih" + end] = bias[direction].clone();
        step->weights["bias_hh" + end] = torch::zeros_like(bias[direction]);
      }
    }
  }

  // Of maps and of vectors.
  static torch::Tensor BatchNorm(const Step& step, const torch::Tensor& x) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
    shape[1] = -1;
    return x * step.weights.at("weight").view(shape) + step.weights.at("bias").view(shape);
  }

  static torch::Tensor PRelu(const Step& step, const torch::Tensor& x) {
    return torch::prelu(x, step.weights.at("slopes").to(x.scalar_type()));
  }

  torch::Tensor BinaryConv(const Step& step, const torch::Tensor& signs) const {
    torch::Tensor x = RunNode(
        step.node, {signs}, [&](const std::string& name) { return step.weights.at(name); }, RunMode());
    if (step.weights.count("factors") > 0) x = x * step.weights.at("factors").view({1, -1, 1, 1});
    if (step.weights.count("bias") > 0) x = x + step.weights.at("bias").view({1, -1, 1, 1});
    return step.weights.count("slopes") > 0 ? PRelu(step, x) : x;
  }

  // kAdd of three.
  static torch::Tensor Gate(const Step& step, const std::vector<torch::Tensor>& inputs) {
    const torch::Tensor gated = inputs[1] * inputs[2];
    return inputs[0] + BatchNorm(step, step.folded.multiplies ? gated * inputs[0] : gated);
  }

  torch::Tensor RunStep(const Step& step, const std::vector<torch::Tensor>& inputs) const {
    if (step.folded.op == Op::kBinaryConv) return BinaryConv(step, inputs[0]);
    if (step.folded.op == Op::kAdd && inputs.size() == 3) return Gate(step, inputs);
    switch (step.folded.op) {
      case Op::kSign:
        return (inputs[0] + step.weights.at("bias").view({1, -1, 1, 1})).sign();
      case Op::kChannelPrelu:
        return PRelu(step, inputs[0]);
      case Op::kBatchNorm:
        return BatchNorm(step, inputs[0]);
      case Op::kBandFilter:
        return inputs[0] * step.weights.at("weight").to(inputs[0].scalar_type());
      case Op::kRelu:
      case Op::kRelu6:
      case Op::kLeakyRelu:
      case Op::kSilu:
      case Op::kSigmoid:
      case Op::kGelu:
      case Op::kGeluTanh:
      case Op::kQuickGelu:
      case Op::kTanh:
      case Op::kAbs:
      case Op::kClip:
        return Activated(step.folded, inputs[0].clone());
      default:
        break;  // RunNode() knows the rest
    }
    torch::Tensor x = RunNode(
        step.node, inputs, [&](const std::string& name) { return step.weights.at(name); }, RunMode());
    const bool sums = step.folded.op == Op::kConv || step.folded.op == Op::kLinear;
    if (sums && inputs.size() > 1) x += inputs[1];
    return Activated(step.folded, std::move(x));
  }

  void NeedsHead() const {
    if (features_ < 0) throw Error("network", "it has no head: it answers its named outputs alone");
  }

  static std::vector<float> Numbers(const torch::Tensor& tensor) {
    const torch::Tensor plain = tensor.contiguous();
    return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
  }

  // The results of the steps `wanted` for `n` pictures of bytes, on the CPU.
  std::vector<torch::Tensor> RunPictures(const std::uint8_t* pixels, std::int64_t n,
                                         const std::vector<int>& wanted) const {
    if (numbers_) throw Error("network", "it takes features, not pictures");
    std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
    std::optional<Autocast> autocast;
    if (device_.is_cuda()) {
      lock.lock();
      if (bf16_) autocast.emplace(c10::kCUDA, c10::kBFloat16);
    } else {
      at::set_num_threads(1);
    }
    // Only read from.
    const torch::Tensor bytes =
        torch::from_blob(const_cast<std::uint8_t*>(pixels), {n, input_.size, input_.width, 3}, torch::kByte);
    // Channels last: the bytes' own order.
    const torch::Tensor pictures = bytes.to(device_).permute({0, 3, 1, 2}).to(torch::kFloat);
    std::vector<torch::Tensor> found = Run(pictures, wanted);
    for (torch::Tensor& each : found) each = each.to(torch::kCPU, torch::kFloat);
    return found;
  }

  std::vector<torch::Tensor> Run(const torch::Tensor& pictures, const std::vector<int>& wanted) const {
    if (wanted.empty()) return {};
    std::vector<torch::Tensor> values(steps_.size());
    values[0] = (pictures - mean_) / std_;
    const auto last = static_cast<std::size_t>(*std::max_element(wanted.begin(), wanted.end()));
    for (std::size_t i = 1; i <= last; ++i) {
      std::vector<torch::Tensor> inputs;
      for (const int input : steps_[i].folded.inputs)
        inputs.push_back(values[static_cast<std::size_t>(input)]);
      if (steps_[i].folded.op == Op::kChannels) inputs = {pictures};
      values[i] = RunStep(steps_[i], inputs);
      for (const int input : steps_[i].folded.inputs) {
        const bool stays = std::find(wanted.begin(), wanted.end(), input) != wanted.end();
        if (!stays && steps_[static_cast<std::size_t>(input)].last_use == i)
          values[static_cast<std::size_t>(input)].reset();
      }
    }
    std::vector<torch::Tensor> found;
    for (const int step : wanted) found.push_back(values[static_cast<std::size_t>(step)]);
    return found;
  }

  InputSpec input_;
  torch::Device device_;
  bool bf16_, numbers_;
  int channels_, features_;
  std::vector<int> named_;  // steps of outputs()
  torch::Tensor mean_, std_;
  std::vector<Step> steps_;
  mutable std::mutex mutex_;  // one caller at a time has the GPU
};

}  // namespace

std::unique_ptr<CompiledModel> MakeFoldedTorchModel(const FoldedGraph& graph, const InputSpec& input,
                                                    torch::Device device, bool bf16) {
  return std::make_unique<FoldedTorchModel>(graph, input, device, bf16);
}

}  // namespace seam

#include "models/torch/onnx.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "base/error.h"
#include "models/torch/run_node.h"
#include "transforms/dct.h"
#include "transforms/local_binary_pattern.h"
#include "transforms/picture_channels.h"

namespace seam {
namespace {

// What OpenCV 4.6 reads and every later runtime too.
constexpr int kIrVersion = 7, kOpset = 13;
constexpr std::uint64_t kGreatestFile = 0x7fffffff;  // of a protobuf message

using Dims = std::vector<std::int64_t>;

class Exporter {
 public:
  Exporter(const Graph& graph, const std::map<std::string, torch::Tensor>& weights, FeatureScale scale,
           int batch, onnx::GraphProto* out)
      : graph_(graph), weights_(weights), scale_(std::move(scale)), batch_(batch), out_(*out) {}

  void Run() {
    const auto count = static_cast<int>(graph_.nodes().size());
    for (int i = 0; i < count; ++i) values_.push_back(Export(graph_[i], i));
    const std::int64_t classes = graph_[graph_.answer()].shape.channels;
    Describe(out_.add_output(), "logit", {batch_, classes});
    if (classes == 1) {
      Add("Sigmoid", {"logit"}, "score");
    } else {
      SetInt(Add("Softmax", {"logit"}, "score"), "axis", 1);
    }
    Describe(out_.add_output(), "score", {batch_, classes});
  }

 private:
  // Adds the steps of a node; returns the name of its value.
  std::string Export(const Node& node, int index) {
    const std::string to = index == graph_.answer() ? "logit" : fmt::format("value{}", index);
    const auto in = [&](int i) { return values_[static_cast<std::size_t>(node.inputs[i])]; };
    switch (node.op) {
      case Op::kInput:
        return Input(node);
      case Op::kChannels:
        return Channels(node, in(0), to);
      case Op::kNormalise:
        return Normalise(node, in(0), to);
      case Op::kGrey: {
        const std::string luma =
            Constant(to + "_luma", torch::tensor({kLuma[0], kLuma[1], kLuma[2]}).view({1, 3, 1, 1}));
        SetInts(Add("Conv", {in(0), luma}, to), "kernel_shape", {1, 1});
        return to;
      }
      case Op::kConv:
      case Op::kBinaryConv:
        return Conv(node, in(0), to);
      case Op::kFixedConv:
        return FixedConv(node, in(0), to);
      case Op::kBatchNorm:
        return BatchNorm(node, in(0), to);
      case Op::kRelu:
        return Name(Add("Relu", {in(0)}, to));
      case Op::kRelu6:
        return Name(Add("Clip",
                        {in(0), Constant(to + "_least", torch::tensor(0.0F)),
                         Constant(to + "_most", torch::tensor(6.0F))},
                        to));
      case Op::kLeakyRelu: {
        auto* step = Add("LeakyRelu", {in(0)}, to);
        SetFloat(step, "alpha", node.rate);
        return to;
      }
      case Op::kPrelu:
        SetFloat(Add("LeakyRelu", {in(0)}, to), "alpha", Find(node.name + ".weight").item<double>());
        return to;
      case Op::kChannelPrelu:
        return Name(
            Add("PRelu",
                {in(0), Constant(node.name + ".weight", Find(node.name + ".weight").view({-1, 1, 1}))}, to));
      case Op::kBias: {
        const torch::Tensor& bias = Find(node.name + ".bias");
        return PerChannel(in(0), node.name, torch::ones_like(bias), bias, to);
      }
      case Op::kBlend: {
        const torch::Tensor share = Find(node.name + ".scale").to(torch::kCPU, torch::kFloat);
        const torch::Tensor none = torch::zeros_like(share);
        return Name(Add("Add",
                        {PerChannel(in(0), node.name + ".first", share, none, to + "_first"),
                         PerChannel(in(1), node.name + ".second", 1 - share, none, to + "_second")},
                        to));
      }
      case Op::kSign:
        return Name(Add("Sign", {in(0)}, to));
      case Op::kSilu:
        return Name(Add("Mul", {in(0), Name(Add("Sigmoid", {in(0)}, to + "_sigmoid"))}, to));
      case Op::kSigmoid:
        return Name(Add("Sigmoid", {in(0)}, to));
      case Op::kGelu:
        return Gelu(in(0), to);
      case Op::kGeluTanh:
        return GeluTanh(in(0), to);
      case Op::kQuickGelu: {
        const std::string scaled = Name(Add("Mul", {in(0), Number(1.702)}, to + "_scaled"));
        return Name(Add("Mul", {in(0), Name(Add("Sigmoid", {scaled}, to + "_sigmoid"))}, to));
      }
      case Op::kTanh:
        return Name(Add("Tanh", {in(0)}, to));
      case Op::kAbs:
        return Name(Add("Abs", {in(0)}, to));
      case Op::kClip:
        return Clip(node, in(0), to);
      case Op::kAdd:
        return Name(Add("Add", {in(0), in(1)}, to));
      case Op::kScale:
        return Scale(node, in(0), in(1), to);
      case Op::kConcat:
        return Concat(node, to);
      case Op::kMaxPool: {
        auto* step = Add("MaxPool", {in(0)}, to);
        SetWindow(step, node.conv);
        SetInts(step, "pads", Pads(node.conv));
        return to;
      }
      case Op::kAveragePool:
        SetWindow(Add("AveragePool", {in(0)}, to), node.conv);
        return to;
      case Op::kUpsample:
        return Upsample(in(0), node.conv.stride, node.conv.stride, to);
      case Op::kGlobalAveragePool:
        return Name(Add("GlobalAveragePool", {in(0)}, to));
      case Op::kGlobalDeviation:
        return GlobalDeviation(node, in(0), to);
      case Op::kChannelMax:
        return ChannelMax(node, in(0), to);
      case Op::kTransform:
        return Transform(node, in(0), to);
      case Op::kBandFilter:
        return BandFilter(node, in(0), to);
      case Op::kWindowSoftmax:
        return WindowSoftmax(node, in(0), to);
      case Op::kSquash:
        return Squash(node, in(0), to);
      case Op::kRouting:
        return Routing(node, in(0), to);
      case Op::kFlatten: {
        auto* step = Add("Flatten", {in(0)}, to);
        SetInt(step, "axis", 1);
        return to;
      }
      case Op::kLinear:
        return Linear(node, in(0), to);
      case Op::kDropout:
      case Op::kDropPath:
        return in(0);  // they act in training only
      case Op::kWindows:
        batch_ /= graph_.frames();  // from pictures to clips
        return Reshape(in(0), {batch_, node.shape.steps, node.shape.channels}, to);
      case Op::kLstm:
        return Lstm(node, in(0), to);
      case Op::kLastStep:
        return LastStep(node, in(0), to);
      case Op::kMeanOverTime: {
        const Shape& from = graph_[node.inputs[0]].shape;
        const std::string rows = node.rows == 0 ? in(0)
                                                : Slice(in(0), {0, node.rows, 0},
                                                        {batch_, from.steps, from.channels}, to + "_places");
        return Mean(rows, 1, false, to);
      }
      case Op::kTokens: {
        const Shape& shape = node.shape;
        const std::string rows = Reshape(in(0), {batch_, shape.channels, shape.steps}, to + "_places");
        return Transpose(rows, {0, 2, 1}, to);
      }
      case Op::kPrepend: {
        const auto rows = Find(node.name + ".weight").unsqueeze(0).repeat({batch_, 1, 1});
        SetInt(Add("Concat", {Constant(node.name + ".weight", rows), in(0)}, to), "axis", 1);
        return to;
      }
      case Op::kPositions: {
        const auto rows = ResampledPositions(Find(node.name + ".weight"), node.shape).unsqueeze(0);
        return Name(Add("Add", {in(0), Constant(node.name + ".weight", rows.repeat({batch_, 1, 1}))}, to));
      }
      case Op::kLayerNorm:
        return LayerNorm(node, in(0), to);
      case Op::kAttention:
        return Attention(node, in(0), to);
      case Op::kAttentionPool:
        return AttentionPool(node, in(0), to);
      case Op::kFirstStep: {
        const std::string row = Slice(in(0), {0, 0, 0}, {batch_, 1, node.shape.channels}, to + "_row");
        return Reshape(row, {batch_, node.shape.channels}, to);
      }
      case Op::kChannelScale:
        return FromRows(Add("Mul", {AsRows(in(0), node.shape, to), Weight(node, "weight")},
                            node.shape.steps == 0 ? to : to + "_scaled"),
                        node.shape, to);
      case Op::kUnitLength:
        return UnitLength(node, in(0), to);
      case Op::kMap: {
        const Shape& shape = node.shape;
        return Reshape(Transpose(in(0), {0, 2, 1}, to + "_channels"),
                       {batch_, shape.channels, shape.height, shape.width}, to);
      }
      case Op::kProduct: {
        const std::string right = node.transposed ? Transpose(in(1), {0, 2, 1}, to + "_right") : in(1);
        return Name(Add("MatMul", {in(0), right}, to));
      }
      case Op::kSoftmax:
        SetInt(Add("Softmax", {in(0)}, to), "axis", 2);
        return to;
    }
    throw Error("onnx", "the network has a step that has no counterpart in ONNX");
  }

  std::string Input(const Node& node) {
    if (node.numbers) return InputOfFeatures(node.shape);
    const int frames = graph_.frames(), height = node.shape.height, width = node.shape.width;
    if (frames == 1) {
      Describe(out_.add_input(), "pictures", {batch_, 3, height, width});
      return "pictures";
    }
    Describe(out_.add_input(), "clips", {batch_, frames, 3, height, width});
    batch_ *= frames;
    return Reshape("clips", {batch_, 3, height, width}, "pictures");
  }

  std::string InputOfFeatures(const Shape& shape) {
    const Dims dims = {batch_, shape.height, shape.width, shape.channels};
    Describe(out_.add_input(), "features", dims);
    std::string x = "features";
    if (scale_.mean.defined()) {
      const auto whole = [&](const torch::Tensor& tensor) {
        return tensor.reshape({1, dims[1], dims[2], dims[3]}).repeat({batch_, 1, 1, 1});
      };
      x = Name(Add("Add", {x, Constant("features_shift", whole(-scale_.mean))}, "features_shifted"));
      x = Name(Add("Mul", {x, Constant("features_scale", whole(1 / scale_.deviation))}, "features_scaled"));
    }
    return Transpose(x, {0, 3, 1, 2}, "maps");
  }

  // A convolution of each channel with one number: runtimes fold it into what follows, while OpenCV's
  // subtraction of a constant for each channel is wrong for batches.
  std::string Normalise(const Node& node, const std::string& x, const std::string& to) {
    const auto scale = 1 / torch::tensor(node.std, torch::kDouble);
    const auto shift = -torch::tensor(node.mean, torch::kDouble) * scale;
    return PerChannel(x, to + "_normalise", scale, shift, to);
  }

  // What ComputeChannels() computes, of pictures of whole numbers; but for the local binary pattern in
  // float32.
  std::string Channels(const Node& node, const std::string& pictures, const std::string& to) {
    std::vector<std::string> parts;
    for (const PictureChannel channel : node.channels) {
      const std::string name =
          fmt::format("{}_{}", to, PictureChannelNames()[static_cast<std::size_t>(channel)]);
      switch (channel) {
        case PictureChannel::kRgb:
          parts.push_back(Times(1 / kWhite, pictures, 3, name));
          break;
        case PictureChannel::kGrey:
          parts.push_back(Times(1 / kWhite, Grey(pictures, kGreyOfRgb, name), 1, name));
          break;
        case PictureChannel::kGradient:
          parts.push_back(Times(1 / kWhite, Gradient(Grey(pictures, kGreyOfBgr, name), name), 1, name));
          break;
        case PictureChannel::kFft:
          parts.push_back(
              Times(20 / kWhite, Spectrum(Grey(pictures, kGreyOfBgr, name), node.shape, name), 1, name));
          break;
        case PictureChannel::kLbp:
          parts.push_back(
              Times(1 / kWhite, Pattern(Grey(pictures, kGreyOfBgr, name), node.shape, name), 1, name));
          break;
        case PictureChannel::kDct:
          parts.push_back(Cosines(Grey(pictures, kGreyOfRgb, name), node.shape, name));
          break;
        case PictureChannel::kPhase:
          parts.push_back(Phase(pictures, node.shape, name));
          break;
      }
    }
    SetInt(Add("Concat", parts, to), "axis", 1);
    return to;
  }

  std::string Times(double factor, const std::string& x, std::int64_t channels, const std::string& name) {
    return PerChannel(x, name + "_scale", torch::full({channels}, factor, torch::kDouble),
                      torch::zeros({channels}), name);
  }

  // Whole numbers, as floats hold them exactly.
  std::string Grey(const std::string& pictures, const std::array<int, 3>& weights, const std::string& name) {
    const torch::Tensor shares =
        torch::tensor({weights[0], weights[1], weights[2]}, torch::kDouble) / kGreyScale;
    auto* sum = Add("Conv",
                    {pictures, Constant(name + "_shares", shares.view({1, 3, 1, 1})),
                     Constant(name + "_half", torch::full({1}, 0.5))},
                    name + "_sum");
    SetInts(sum, "kernel_shape", {1, 1});
    return Name(Add("Floor", {name + "_sum"}, name + "_of_grey"));
  }

  // Sobel's kernels of 7 x 7.
  std::string Gradient(const std::string& grey, const std::string& name) {
    const torch::Tensor smooth = torch::tensor({1.0, 6.0, 15.0, 20.0, 15.0, 6.0, 1.0}),
                        slope = torch::tensor({-1.0, -4.0, -5.0, 0.0, 5.0, 4.0, 1.0});
    SetText(Add("Pad", {grey, Integers({0, 0, 3, 3, 0, 0, 3, 3})}, name + "_mirrored"), "mode", "reflect");
    const auto square = [&](const torch::Tensor& down, const torch::Tensor& across, const std::string& to) {
      auto* step = Add(
          "Conv", {name + "_mirrored", Constant(to + "_kernel", down.outer(across).view({1, 1, 7, 7}))}, to);
      SetInts(step, "kernel_shape", {7, 7});
      return Name(Add("Mul", {to, to}, to + "_squared"));
    };
    const std::string across = square(smooth, slope, name + "_across"),
                      down = square(slope, smooth, name + "_down");
    return Name(Add("Sqrt", {Name(Add("Add", {across, down}, name + "_squares"))}, name + "_length"));
  }

  // x [.., H, W] times a matrix [W, N].
  std::string Product(const std::string& x, const torch::Tensor& matrix, const std::string& to) {
    return Name(Add("MatMul", {x, Constant(to + "_matrix", matrix)}, to));
  }
  std::string Turned(const std::string& x) { return Transpose(x, {0, 1, 3, 2}, x + "_turned"); }

  std::string ComputeLog(const std::string& x, double offset, const std::string& to) {
    const std::string sum = PerChannel(x, to + "_offset", torch::ones({1}),
                                       torch::full({1}, offset, torch::kDouble), to + "_above");
    return Name(Add("Log", {sum}, to));
  }

  // ln(|F| + 1e-9), frequency 0 in the middle: the transform is two products with cosines and with sines.
  std::string Spectrum(const std::string& grey, const Shape& shape, const std::string& name) {
    const auto waves = [](int n) {
      const torch::Tensor k = torch::arange(n, torch::kDouble);
      const torch::Tensor shifted = (k + (n - n / 2)).fmod(n);  // which frequency lies at each place
      return (k.outer(shifted).fmod(n) * (2 * std::numbers::pi / n));
    };
    const torch::Tensor across = waves(shape.width), down = waves(shape.height);
    const std::string a = Turned(Product(grey, across.cos(), name + "_a")),
                      b = Turned(Product(grey, across.sin(), name + "_b"));
    const auto sum = [&](const char* op, const torch::Tensor& of_a, const torch::Tensor& of_b,
                         const std::string& to) {
      Add(op, {Product(a, of_a, to + "_a"), Product(b, of_b, to + "_b")}, to);
      return Name(Add("Mul", {to, to}, to + "_squared"));
    };
    const std::string real = sum("Sub", down.cos(), down.sin(), name + "_real"),
                      imaginary = sum("Add", down.sin(), down.cos(), name + "_imaginary");
    const std::string modulus =
        Name(Add("Sqrt", {Name(Add("Add", {real, imaginary}, name + "_squares"))}, name + "_modulus"));
    return Turned(ComputeLog(modulus, 1e-9, name + "_log"));
  }

  // The transform of the mean of the colours, each number of it divided by its modulus, and back. Its
  // imaginary part has the other sign here, and both parts lie on their side.
  std::string Phase(const std::string& pictures, const Shape& shape, const std::string& name) {
    const auto waves = [](int n) {
      const torch::Tensor k = torch::arange(n, torch::kDouble);
      return k.outer(k).fmod(n) * (2 * std::numbers::pi / n);
    };
    const torch::Tensor across = waves(shape.width), down = waves(shape.height);
    constexpr double kColours = 3;
    auto* mean =
        Add("Conv",
            {pictures, Constant(name + "_shares", torch::full({1, 3, 1, 1}, 2 / (kColours * kWhite))),
             Constant(name + "_middle", torch::full({1}, -1.0))},
            name + "_mean");
    SetInts(mean, "kernel_shape", {1, 1});
    const auto sum = [&](const char* op, const std::string& x, const torch::Tensor& of_x,
                         const std::string& y, const torch::Tensor& of_y, const std::string& to) {
      return Name(Add(op, {Product(x, of_x, to + "_x"), Product(y, of_y, to + "_y")}, to));
    };
    const std::string a = Turned(Product(Name(mean), across.cos(), name + "_a")),
                      b = Turned(Product(Name(mean), across.sin(), name + "_b"));
    const std::string real = sum("Sub", a, down.cos(), b, down.sin(), name + "_real"),
                      imaginary = sum("Add", a, down.sin(), b, down.cos(), name + "_imaginary");
    const std::string squares = Name(Add("Add",
                                         {Name(Add("Mul", {real, real}, real + "_squared")),
                                          Name(Add("Mul", {imaginary, imaginary}, imaginary + "_squared"))},
                                         name + "_squares"));
    const std::string modulus = PerChannel(Name(Add("Sqrt", {squares}, name + "_modulus")), name + "_offset",
                                           torch::ones({1}), torch::full({1}, 1e-9), name + "_above");
    const std::string unit_real = Name(Add("Div", {real, modulus}, name + "_unit_real")),
                      unit_imaginary = Name(Add("Div", {imaginary, modulus}, name + "_unit_imaginary"));
    const std::string c = Turned(sum("Add", unit_real, down.cos(), unit_imaginary, down.sin(), name + "_c")),
                      d = Turned(sum("Sub", unit_imaginary, down.cos(), unit_real, down.sin(), name + "_d"));
    const double count = static_cast<double>(shape.height) * shape.width;
    return sum("Add", c, across.cos() / count, d, across.sin() / count, name);
  }

  // ln(|X| + 1e-12) of the orthonormal cosine transform.
  std::string Cosines(const std::string& grey, const Shape& shape, const std::string& name) {
    const auto waves = [](int n) {
      const torch::Tensor k = torch::arange(n, torch::kDouble);
      torch::Tensor matrix = ((2 * k + 1).outer(k) * (std::numbers::pi / (2 * n))).cos() * std::sqrt(2.0 / n);
      matrix.select(1, 0).fill_(std::sqrt(1.0 / n));
      return matrix;
    };
    const std::string across = Turned(Product(grey, waves(shape.width), name + "_across"));
    const std::string both = Product(across, waves(shape.height), name + "_both");
    return Turned(ComputeLog(Name(Add("Abs", {both}, name + "_absolute")), kDctOffset, name + "_log"));
  }

  // LocalBinaryPattern() in doubles, since ties depend on their rounding.
  std::string Pattern(const std::string& grey, const Shape& shape, const std::string& name) {
    constexpr std::int64_t kAround = 6;
    const std::int64_t height = shape.height, width = shape.width;
    Add("Pad", {grey, Integers({0, 0, kAround, kAround, 0, 0, kAround, kAround})}, name + "_padded");
    SetInt(Add("Cast", {name + "_padded"}, name + "_doubles"), "to", onnx::TensorProto::DOUBLE);
    const auto part = [&](std::int64_t down, std::int64_t across) {
      const std::string to = fmt::format("{}_{}_{}", name, kAround + down, kAround + across);
      return Slice(name + "_doubles", {0, 0, kAround + down, kAround + across},
                   {batch_, 1, kAround + down + height, kAround + across + width}, to);
    };
    const std::string middle = part(0, 0);
    const auto count = [&](const std::string& point, const std::string& to) {
      Add("GreaterOrEqual", {point, middle}, to);
      SetInt(Add("Cast", {to}, to + "_count"), "to", onnx::TensorProto::FLOAT);
      return to + "_count";
    };
    std::string sum = count(part(0, 6), name + "_right");
    for (const double away : {-kPatternRow, kPatternRow}) {
      const auto above = static_cast<std::int64_t>(std::floor(away));
      const torch::Tensor rows = torch::arange(height, torch::kDouble) + away;
      const torch::Tensor share = (rows - rows.floor()).view({1, 1, height, 1});
      const std::string to = fmt::format("{}_left{}", name, above < 0 ? "_above" : "_below");
      const std::string first = Name(
                            Add("Mul", {part(above, -3), Doubles(to + "_rest", 1 - share)}, to + "_first")),
                        second = Name(
                            Add("Mul", {part(above + 1, -3), Doubles(to + "_share", share)}, to + "_second"));
      const std::string point = Name(Add("Add", {first, second}, to + "_point"));
      sum = Name(Add("Add", {sum, count(point, to)}, to + "_sum"));
    }
    return sum;
  }

  // x * scale + shift of each channel.
  std::string PerChannel(const std::string& x, const std::string& name, const torch::Tensor& scale,
                         const torch::Tensor& shift, const std::string& to) {
    const std::int64_t channels = scale.numel();
    auto* step = Add("Conv",
                     {x, Constant(name + ".factors", scale.reshape({channels, 1, 1, 1})),
                      Constant(name + ".summands", shift)},
                     to);
    SetInts(step, "kernel_shape", {1, 1});
    SetInt(step, "group", channels);
    return to;
  }

  // Zeros that differ from side to side are a step of their own: not every runtime has them in convolutions.
  std::string Conv(const Node& node, std::string x, const std::string& to) {
    ConvSpec spec = node.conv;
    if (spec.pad_before != spec.pad_after) {
      const std::int64_t before = spec.pad_before, after = spec.pad_after;
      x = Name(Add("Pad", {x, Integers({0, 0, before, before, 0, 0, after, after})}, to + "_padded"));
      spec.pad_before = spec.pad_after = 0;
    }
    const std::string weight =
        node.op == Op::kConv
            ? Weight(node, "weight")
            : Constant(node.name + ".binary",
                       BinaryWeights(Find(node.name + ".weight"), Find(node.name + ".temperature")));
    std::vector<std::string> inputs = {x, weight};
    if (spec.bias) inputs.push_back(Weight(node, "bias"));
    auto* step = Add("Conv", inputs, to);
    SetWindow(step, spec);
    SetInts(step, "pads", Pads(spec));
    SetInts(step, "dilations", {spec.dilation, spec.dilation});
    SetInt(step, "group", spec.groups);
    return to;
  }

  std::string FixedConv(const Node& node, const std::string& x, const std::string& to) {
    const ConvSpec& spec = node.conv;
    const auto weights = torch::tensor(node.fixed).view({spec.channels, -1, spec.kernel, spec.kernel});
    auto* step = Add("Conv", {x, Constant(to + "_weights", weights)}, to);
    SetWindow(step, spec);
    SetInts(step, "pads", {spec.pad_before, spec.pad_before, spec.pad_after, spec.pad_after});
    SetInts(step, "dilations", {spec.dilation, spec.dilation});
    SetInt(step, "group", spec.groups);
    return to;
  }

  // OpenCV 4.6 does not read this opset's Clip, so it is made of ReLUs: x - max(0, x - b) + max(0, -x - b).
  std::string Clip(const Node& node, const std::string& x, const std::string& to) {
    const auto all = [&](double number) {
      return torch::full({node.shape.channels}, number, torch::kDouble);
    };
    const auto beyond = [&](double sign, const std::string& name) {
      return Name(Add("Relu", {PerChannel(x, name, all(sign), all(-node.rate), name + "_less")}, name));
    };
    const std::string low = Name(Add("Sub", {x, beyond(1, to + "_above")}, to + "_low"));
    return Name(Add("Add", {low, beyond(-1, to + "_below")}, to));
  }

  // One factor a pixel becomes one a number: OpenCV 4.6 multiplies maps of equal shapes, and by channels.
  std::string Scale(const Node& node, const std::string& x, std::string factors, const std::string& to) {
    const Shape& shape = graph_[node.inputs[1]].shape;
    if (shape.channels != node.shape.channels) {
      auto* step = Add("Conv", {factors, Constant(to + "_ones", torch::ones({node.shape.channels, 1, 1, 1}))},
                       to + "_factors");
      SetInts(step, "kernel_shape", {1, 1});
      factors = Name(step);
    }
    return Name(Add("Mul", {x, factors}, to));
  }

  std::string Upsample(const std::string& x, int down, int across, const std::string& to) {
    const auto scales = torch::tensor({1.0F, 1.0F, static_cast<float>(down), static_cast<float>(across)});
    auto* step = Add("Resize", {x, "", Constant(to + "_scales", scales)}, to);
    SetText(step, "mode", "nearest");
    SetText(step, "coordinate_transformation_mode", "asymmetric");
    SetText(step, "nearest_mode", "floor");
    return to;
  }

  std::string GlobalDeviation(const Node& node, const std::string& x, const std::string& to) {
    const Shape& from = graph_[node.inputs[0]].shape;
    const std::string mean = Name(Add("GlobalAveragePool", {x}, to + "_mean"));
    const std::string centred =
        Name(Add("Sub", {x, Upsample(mean, from.height, from.width, to + "_means")}, to + "_centred"));
    const std::string square = Name(Add("Mul", {centred, centred}, to + "_square"));
    const double count = static_cast<double>(from.height) * from.width;
    const std::string variance = PerChannel(Name(Add("GlobalAveragePool", {square}, to + "_mean_square")), to,
                                            torch::full({from.channels}, count / (count - 1), torch::kDouble),
                                            torch::zeros({from.channels}), to + "_variance");
    return Name(Add("Sqrt", {variance}, to));
  }

  // As a pooling over rows of channels, [B, 1, H * W, C].
  std::string ChannelMax(const Node& node, const std::string& x, const std::string& to) {
    const Shape& from = graph_[node.inputs[0]].shape;
    const std::int64_t pixels = std::int64_t{from.height} * from.width;
    const std::string rows =
        Reshape(Transpose(x, {0, 2, 3, 1}, to + "_last"), {batch_, 1, pixels, from.channels}, to + "_rows");
    auto* step = Add("MaxPool", {rows}, to + "_greatest");
    SetInts(step, "kernel_shape", {1, from.channels});
    SetInts(step, "strides", {1, 1});
    return Reshape(Name(step), {batch_, 1, from.height, from.width}, to);
  }

  std::string Transform(const Node& node, const std::string& x, const std::string& to) {
    const Shape& shape = node.shape;
    const auto turned = [](const std::vector<float>& numbers, int rows) {
      return torch::tensor(numbers).view({rows, -1}).t().contiguous();
    };
    const std::string rows = Turned(Product(x, turned(node.matrices.across, shape.width), to + "_across"));
    return Transpose(Product(rows, turned(node.matrices.down, shape.height), to + "_down"), {0, 1, 3, 2}, to);
  }

  std::string BandFilter(const Node& node, const std::string& x, const std::string& to) {
    const Shape& shape = node.shape;
    const auto ones = torch::ones({1, 1, shape.height, shape.width});
    const auto factors = RunNode(
        node, {ones}, [&](const std::string& member) { return Find(node.name + "." + member).cpu(); },
        RunMode());
    return Name(
        Add("Mul", {x, Constant(node.name + ".factors", factors.repeat({1, shape.channels, 1, 1}))}, to));
  }

  std::string WindowSoftmax(const Node& node, const std::string& x, const std::string& to) {
    const int side = node.conv.kernel;
    const std::int64_t channels = node.shape.channels;
    auto* greatest = Add("MaxPool", {x}, to + "_greatest");
    SetWindow(greatest, node.conv);
    const std::string less =
        Name(Add("Sub", {x, Upsample(Name(greatest), side, side, to + "_most")}, to + "_less"));
    const std::string power = Name(Add("Exp", {less}, to + "_power"));
    auto* mean = Add("AveragePool", {power}, to + "_mean");
    SetWindow(mean, node.conv);
    const std::string sum = PerChannel(Name(mean), to, torch::full({channels}, side * side, torch::kDouble),
                                       torch::zeros({channels}), to + "_sum");
    return Name(Add("Div", {power, Upsample(sum, side, side, to + "_sums")}, to));
  }

  // Rows [R, N], each of which becomes v |v| / (1 + |v|^2).
  std::string SquashRows(const std::string& x, std::int64_t numbers, const std::string& to) {
    const std::string square = Name(Add("Mul", {x, x}, to + "_square")),
                      sum = Name(Add("MatMul", {square, Ones(numbers, 1)}, to + "_sum")),
                      sums = Name(Add("MatMul", {sum, Ones(1, numbers)}, to + "_sums"));
    const std::string length = Name(Add("Sqrt", {sums}, to + "_length")),
                      above = Name(Add("Add", {sums, Number(1)}, to + "_above"));
    return Name(Add("Mul", {x, Name(Add("Div", {length, above}, to + "_factor"))}, to));
  }

  std::string Squash(const Node& node, const std::string& x, const std::string& to) {
    const std::int64_t channels = node.shape.channels, rows = node.rows, columns = channels / rows;
    const std::string turned =
        Transpose(Reshape(x, {batch_, rows, columns}, to + "_split"), {0, 2, 1}, to + "_turned");
    const std::string made =
        SquashRows(Reshape(turned, {batch_ * columns, rows}, to + "_rows"), rows, to + "_made");
    const std::string back =
        Transpose(Reshape(made, {batch_, columns, rows}, to + "_columns"), {0, 2, 1}, to + "_back");
    return Reshape(back, {batch_, channels, 1, 1}, to);
  }

  // Each number of a class is a row of as many predictions as there are capsules.
  std::string Routing(const Node& node, const std::string& x, const std::string& to) {
    const RoutingSpec& spec = node.routing;
    const std::int64_t numbers = node.shape.channels, capsules = spec.capsules, rows = batch_ * numbers,
                       width = numbers / spec.classes;
    const std::string predictions =
        Reshape(Transpose(Reshape(x, {batch_, capsules, numbers}, to + "_split"), {0, 2, 1}, to + "_turned"),
                {rows, capsules}, to + "_predictions");
    std::string agreement, sums;
    for (int i = 0; i < spec.iterations; ++i) {
      const std::string name = fmt::format("{}_{}", to, i);
      std::string shares = Number(1.0 / static_cast<double>(capsules));
      if (i > 0) {
        auto* softmax = Add("Softmax", {agreement}, name + "_shares");
        SetInt(softmax, "axis", 1);
        shares = Name(softmax);
      }
      const std::string weighted = Name(Add("Mul", {predictions, shares}, name + "_weighted"));
      const std::string sum = Name(Add("MatMul", {weighted, Ones(capsules, 1)}, name + "_sum"));
      sums = SquashRows(Reshape(sum, {batch_ * spec.classes, width}, name + "_classes"), width,
                        name + "_squashed");
      if (i + 1 == spec.iterations) break;
      const std::string spread = Name(
          Add("MatMul", {Reshape(sums, {rows, 1}, name + "_column"), Ones(1, capsules)}, name + "_spread"));
      const std::string more = Name(Add("Mul", {predictions, spread}, name + "_more"));
      agreement = i == 0 ? more : Name(Add("Add", {agreement, more}, name + "_agreement"));
    }
    return Reshape(sums, {batch_, numbers, 1, 1}, to);
  }

  std::string BatchNorm(const Node& node, const std::string& x, const std::string& to) {
    auto* step = Add("BatchNormalization",
                     {x, Weight(node, "weight"), Weight(node, "bias"), Weight(node, "running_mean"),
                      Weight(node, "running_var")},
                     to);
    SetFloat(step, "epsilon", node.norm.eps);
    return to;
  }

  std::string Concat(const Node& node, const std::string& to) {
    std::vector<std::string> parts;
    for (const int input : node.inputs) parts.push_back(values_[static_cast<std::size_t>(input)]);
    SetInt(Add("Concat", parts, to), "axis", 1);
    return to;
  }

  // A constant of no dimension.
  std::string Number(double value) {
    return Constant(fmt::format("number_{}", value), torch::tensor(static_cast<float>(value)));
  }

  std::string Mean(const std::string& x, int axis, bool keep, const std::string& to) {
    auto* step = Add("ReduceMean", {x}, to);
    SetInts(step, "axes", {axis});
    SetInt(step, "keepdims", keep ? 1 : 0);
    return to;
  }

  std::string Gelu(const std::string& x, const std::string& to) {
    const std::string scaled = Name(Add("Mul", {x, Number(std::sqrt(0.5))}, to + "_scaled"));
    const std::string erf = Name(Add("Erf", {scaled}, to + "_erf"));
    const std::string share = Name(Add("Add", {erf, Number(1)}, to + "_share"));
    return Name(Add("Mul", {Name(Add("Mul", {x, share}, to + "_twice")), Number(0.5)}, to));
  }

  std::string GeluTanh(const std::string& x, const std::string& to) {
    const std::string square = Name(Add("Mul", {x, x}, to + "_square"));
    const std::string cube = Name(Add("Mul", {square, x}, to + "_cube"));
    const std::string part = Name(Add("Mul", {cube, Number(0.044715)}, to + "_part"));
    const std::string sum = Name(Add("Add", {x, part}, to + "_sum"));
    const std::string scaled =
        Name(Add("Mul", {sum, Number(std::sqrt(2 / std::numbers::pi))}, to + "_scaled"));
    const std::string share =
        Name(Add("Add", {Name(Add("Tanh", {scaled}, to + "_tanh")), Number(1)}, to + "_share"));
    return Name(Add("Mul", {Name(Add("Mul", {x, share}, to + "_twice")), Number(0.5)}, to));
  }

  // Vectors as rows [rows, C], and back. OpenCV 4.6 multiplies and adds constants of channels right in these
  // alone.
  std::string AsRows(const std::string& x, const Shape& shape, const std::string& to) {
    if (shape.steps == 0) return x;
    return Reshape(x, {std::int64_t{batch_} * shape.steps, shape.channels}, to + "_rows");
  }

  std::string FromRows(const onnx::NodeProto* step, const Shape& shape, const std::string& to) {
    return shape.steps == 0 ? Name(step) : Reshape(Name(step), {batch_, shape.steps, shape.channels}, to);
  }

  // One number a row [rows, 1] -> [rows, C]: OpenCV 4.6 subtracts equal shapes alone.
  std::string Spread(const std::string& x, const Shape& shape, const std::string& to) {
    return Name(Add("MatMul", {x, Ones(1, shape.channels)}, to));
  }

  std::string Ones(std::int64_t rows, std::int64_t columns) {
    return Constant(fmt::format("ones_{}_{}", rows, columns), torch::ones({rows, columns}));
  }

  // x / |x|, of one vector a picture. OpenCV 4.6 has no LpNormalization.
  std::string UnitLength(const Node& node, const std::string& x, const std::string& to) {
    const std::string square = Name(Add("Mul", {x, x}, to + "_square")),
                      sum = Name(Add("MatMul", {square, Ones(node.shape.channels, 1)}, to + "_sum")),
                      length = Name(Add("Sqrt", {sum}, to + "_length"));
    return Name(Add("Div", {x, Spread(length, node.shape, to + "_lengths")}, to));
  }

  // (x - mean) / sqrt(variance + eps) * weight + bias: LayerNormalization is younger than this opset.
  std::string LayerNorm(const Node& node, const std::string& x, const std::string& to) {
    const Shape& shape = node.shape;
    const std::string rows = AsRows(x, shape, to),
                      mean = Spread(Mean(rows, 1, true, to + "_mean"), shape, to + "_means");
    const std::string centred = Name(Add("Sub", {rows, mean}, to + "_centred"));
    const std::string square = Name(Add("Mul", {centred, centred}, to + "_square"));
    const std::string variance = Mean(square, 1, true, to + "_variance");
    const std::string positive = Name(Add("Add", {variance, Number(node.norm.eps)}, to + "_positive"));
    const std::string deviation = Name(Add("Sqrt", {positive}, to + "_deviation"));
    const std::string scaled =
        Name(Add("Div", {centred, Spread(deviation, shape, to + "_deviations")}, to + "_scaled"));
    const std::string weighted = Name(Add("Mul", {scaled, Weight(node, "weight")}, to + "_weighted"));
    return FromRows(Add("Add", {weighted, Weight(node, "bias")}, shape.steps == 0 ? to : to + "_shifted"),
                    shape, to);
  }

  // Columns [first, first + count) of a sequence -> [B, heads, N, count / heads].
  std::string Heads(const std::string& x, int steps, std::int64_t first, std::int64_t count,
                    std::int64_t heads, const std::string& to) {
    const std::string part = Slice(x, {0, 0, first}, {batch_, steps, first + count}, to + "_part");
    return Transpose(Reshape(part, {batch_, steps, heads, count / heads}, to + "_split"), {0, 2, 1, 3}, to);
  }

  // x cos + (x R) sin, where R takes a pair (a, b) to (-b, a).
  std::string Turned(const Node& node, const std::string& x, const std::string& angles_name,
                     const std::string& to) {
    const std::int64_t heads = node.attention.heads, width = node.shape.channels / heads;
    const auto angles = torch::tensor(node.attention.angles)
                            .view({1, 1, node.shape.steps, width / 2})
                            .repeat_interleave(2, 3)
                            .repeat({1, heads, 1, 1});
    const auto crossing = torch::zeros({width, width});
    for (std::int64_t i = 0; i < width; i += 2) {
      crossing[i + 1][i] = -1;
      crossing[i][i + 1] = 1;
    }
    const std::string straight =
        Name(Add("Mul", {x, Constant(angles_name + "_cosines", angles.cos())}, to + "_straight"));
    const std::string crossed =
        Name(Add("MatMul", {x, Constant(fmt::format("crossing_{}", width), crossing)}, to + "_crossed"));
    const std::string turned =
        Name(Add("Mul", {crossed, Constant(angles_name + "_sines", angles.sin())}, to + "_turned"));
    return Name(Add("Add", {straight, turned}, to));
  }

  std::string Attention(const Node& node, const std::string& x, const std::string& to) {
    const AttentionSpec& spec = node.attention;
    const std::int64_t channels = node.shape.channels, heads = spec.heads, width = channels / heads;
    const int steps = node.shape.steps;
    std::string queries = Heads(x, steps, 0, channels, heads, to + "_queries"),
                keys = Heads(x, steps, channels, channels, heads, to + "_keys");
    const std::string values = Heads(x, steps, 2 * channels, channels, heads, to + "_values");
    if (!spec.angles.empty()) {
      queries = Turned(node, queries, to, to + "_queries_turned");
      keys = Turned(node, keys, to, to + "_keys_turned");
    }
    queries = Name(Add("Mul", {queries, Number(1 / std::sqrt(static_cast<double>(width)))}, to + "_scaled"));
    const std::string across = Transpose(keys, {0, 1, 3, 2}, to + "_across");
    const std::string sums = Weighted(Name(Add("MatMul", {queries, across}, to + "_scores")), values, to);
    return Reshape(Transpose(sums, {0, 2, 1, 3}, to + "_joined"), {batch_, steps, channels}, to);
  }

  // [B, heads, queries, width]
  std::string Weighted(const std::string& scores, const std::string& values, const std::string& to) {
    auto* weights = Add("Softmax", {scores}, to + "_weights");
    SetInt(weights, "axis", 3);
    return Name(Add("MatMul", {Name(weights), values}, to + "_sums"));
  }

  // The query is a constant, so its products with the keys are sums of weighted numbers.
  std::string AttentionPool(const Node& node, const std::string& x, const std::string& to) {
    const std::int64_t steps = graph_[node.inputs[0]].shape.steps, channels = node.shape.channels,
                       heads = node.attention.heads, width = channels / heads;
    const auto query = Find(node.name + ".weight") / std::sqrt(static_cast<double>(width));
    const std::string keys = Slice(x, {0, 0, 0}, {batch_, steps, channels}, to + "_keys");
    const std::string weighted =
        Name(Add("Mul", {keys, Constant(node.name + ".weight", query.view({1, 1, -1}).repeat({1, steps, 1}))},
                 to + "_weighted"));
    const std::string rows = Reshape(weighted, {batch_ * steps * heads, width}, to + "_rows");
    const std::string products = Name(Add("MatMul", {rows, Ones(width, 1)}, to + "_products"));
    const std::string turned =
        Transpose(Reshape(products, {batch_, steps, heads}, to + "_split"), {0, 2, 1}, to + "_turned");
    const std::string scores = Reshape(turned, {batch_, heads, 1, steps}, to + "_scores");
    const std::string values = Heads(x, static_cast<int>(steps), channels, channels, heads, to + "_values");
    return Reshape(Weighted(scores, values, to), {batch_, channels}, to);
  }

  // Within windows the steps are rows.
  std::string Linear(const Node& node, std::string x, const std::string& to) {
    const int steps = node.shape.steps;
    const int in = graph_[node.inputs[0]].shape.channels;
    if (steps > 0) x = Reshape(x, {std::int64_t{batch_} * steps, in}, to + "_rows");
    std::vector<std::string> inputs = {x, Weight(node, "weight")};
    if (node.conv.bias) inputs.push_back(Weight(node, "bias"));
    auto* step = Add("Gemm", inputs, steps > 0 ? to + "_dense" : to);
    SetInt(step, "transB", 1);
    return steps > 0 ? Reshape(step->output(0), {batch_, steps, node.conv.channels}, to) : to;
  }

  // [N, T, F] -> [N, T, H * directions]. ONNX has the steps first, and the layers one by one.
  std::string Lstm(const Node& node, const std::string& x, const std::string& to) {
    const std::int64_t steps = node.shape.steps, hidden = node.lstm.hidden;
    const std::int64_t directions = node.lstm.bidirectional ? 2 : 1;
    std::string y = Transpose(x, {1, 0, 2}, to + "_steps");
    for (int layer = 0; layer < node.lstm.layers; ++layer) {
      const std::string name = fmt::format("{}_layer{}", to, layer);
      const std::string zeros = Constant(to + "_zeros", torch::zeros({directions, batch_, hidden}));
      auto* step = Add("LSTM",
                       {y, Gates(node, "weight_ih", layer), Gates(node, "weight_hh", layer),
                        GateBiases(node, layer), "", zeros, zeros},
                       name);
      SetInt(step, "hidden_size", hidden);
      SetText(step, "direction", directions == 2 ? "bidirectional" : "forward");
      y = directions == 2 ? Transpose(name, {0, 2, 1, 3}, name + "_directions") : name;
      y = Reshape(y, {steps, batch_, directions * hidden}, name + "_merged");
    }
    return Transpose(y, {1, 0, 2}, to);
  }

  std::string LastStep(const Node& node, const std::string& x, const std::string& to) {
    const std::int64_t hidden = node.lstm.hidden;
    const std::int64_t steps = graph_[node.inputs[0]].shape.steps;
    const auto state = [&](std::int64_t step, std::int64_t first, const std::string& name) {
      const std::string slice =
          Slice(x, {0, step, first}, {batch_, step + 1, first + hidden}, name + "_step");
      return Reshape(slice, {batch_, hidden}, name);
    };
    if (!node.lstm.bidirectional) return state(steps - 1, 0, to);
    const std::string forward = state(steps - 1, 0, to + "_forward");
    SetInt(Add("Concat", {forward, state(0, hidden, to + "_backward")}, to), "axis", 1);
    return to;
  }

  // LibTorch's gates are input, forget, cell, output; ONNX's input, output, forget, cell.
  static torch::Tensor Reordered(const torch::Tensor& tensor) {
    const auto parts = tensor.chunk(4);
    return torch::cat({parts[0], parts[3], parts[1], parts[2]});
  }

  // Of all directions: [directions, 4 * H, ...].
  torch::Tensor OfDirections(const Node& node, const std::string& member, int layer) const {
    std::vector<torch::Tensor> parts;
    for (const char* direction : {"", "_reverse"}) {
      if (*direction != '\0' && !node.lstm.bidirectional) continue;
      parts.push_back(Reordered(Find(fmt::format("{}.{}_l{}{}", node.name, member, layer, direction))));
    }
    return torch::stack(parts);
  }

  std::string Gates(const Node& node, const std::string& member, int layer) {
    return Constant(fmt::format("{}.{}_l{}", node.name, member, layer), OfDirections(node, member, layer));
  }

  std::string GateBiases(const Node& node, int layer) {
    const auto biases =
        torch::cat({OfDirections(node, "bias_ih", layer), OfDirections(node, "bias_hh", layer)}, 1);
    return Constant(fmt::format("{}.bias_l{}", node.name, layer), biases);
  }

  std::string Transpose(const std::string& x, const Dims& order, const std::string& to) {
    SetInts(Add("Transpose", {x}, to), "perm", order);
    return to;
  }

  std::string Reshape(const std::string& x, const Dims& shape, const std::string& to) {
    return Name(Add("Reshape", {x, Integers(shape)}, to));
  }

  std::string Slice(const std::string& x, const Dims& first, const Dims& end, const std::string& to) {
    Dims axes;
    for (std::size_t i = 0; i < first.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
    return Name(Add("Slice", {x, Integers(first), Integers(end), Integers(axes)}, to));
  }

  onnx::NodeProto* Add(const char* type, const std::vector<std::string>& inputs, const std::string& to) {
    auto* step = out_.add_node();
    step->set_op_type(type);
    for (const auto& input : inputs) step->add_input(input);
    step->add_output(to);
    return step;
  }

  static std::string Name(const onnx::NodeProto* step) { return step->output(0); }

  static onnx::AttributeProto* Attribute(onnx::NodeProto* step, const char* name,
                                         onnx::AttributeProto::AttributeType type) {
    auto* attribute = step->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }

  static void SetInt(onnx::NodeProto* step, const char* name, std::int64_t value) {
    Attribute(step, name, onnx::AttributeProto::INT)->set_i(value);
  }

  static void SetFloat(onnx::NodeProto* step, const char* name, double value) {
    Attribute(step, name, onnx::AttributeProto::FLOAT)->set_f(static_cast<float>(value));
  }

  static void SetText(onnx::NodeProto* step, const char* name, const char* value) {
    Attribute(step, name, onnx::AttributeProto::STRING)->set_s(value);
  }

  static void SetInts(onnx::NodeProto* step, const char* name, const Dims& values) {
    auto* attribute = Attribute(step, name, onnx::AttributeProto::INTS);
    for (const auto value : values) attribute->add_ints(value);
  }

  static void SetWindow(onnx::NodeProto* step, const ConvSpec& spec) {
    SetInts(step, "kernel_shape", {spec.kernel, spec.kernel});
    SetInts(step, "strides", {spec.stride, spec.stride});
  }

  static Dims Pads(const ConvSpec& spec) {
    return {spec.pad_before, spec.pad_before, spec.pad_after, spec.pad_after};
  }

  const torch::Tensor& Find(const std::string& name) const {
    const auto found = weights_.find(name);
    if (found == weights_.end()) throw Error("onnx", fmt::format("the weight '{}' is missing", name));
    return found->second;
  }

  std::string Weight(const Node& node, const char* member) {
    const std::string name = fmt::format("{}.{}", node.name, member);
    return Constant(name, Find(name));
  }

  // Weights that several nodes share are written once.
  std::string Constant(const std::string& name, const torch::Tensor& tensor) {
    const auto [place, fresh] = written_.try_emplace(name, tensor.sizes().vec());
    if (!fresh) return name;
    const Dims& dims = place->second;
    const auto values = tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
    auto* out = out_.add_initializer();
    out->set_name(name);
    out->set_data_type(onnx::TensorProto::FLOAT);
    for (const auto dim : dims) out->add_dims(dim);
    size_ += values.nbytes();
    if (size_ > kGreatestFile) throw Error("onnx", "the network is larger than the 2 GiB of an ONNX file");
    out->set_raw_data(values.data_ptr(), values.nbytes());
    return name;
  }

  std::string Doubles(const std::string& name, const torch::Tensor& tensor) {
    const torch::Tensor values = tensor.to(torch::kDouble).contiguous();
    auto* out = out_.add_initializer();
    out->set_name(name);
    out->set_data_type(onnx::TensorProto::DOUBLE);
    for (const auto dim : values.sizes()) out->add_dims(dim);
    out->set_raw_data(values.data_ptr(), values.nbytes());
    return name;
  }

  // Named by its contents.
  std::string Integers(const Dims& values) {
    std::string name = "integers";
    for (const auto value : values) name += fmt::format("_{}", value);
    auto& dims = written_[name];
    if (!dims.empty()) return name;
    dims = {static_cast<std::int64_t>(values.size())};
    auto* out = out_.add_initializer();
    out->set_name(name);
    out->set_data_type(onnx::TensorProto::INT64);
    out->add_dims(dims[0]);
    out->set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
    return name;
  }

  static void Describe(onnx::ValueInfoProto* value, const char* name, const Dims& shape) {
    value->set_name(name);
    auto* type = value->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    for (const auto dim : shape) type->mutable_shape()->add_dim()->set_dim_value(dim);
  }

  const Graph& graph_;
  const std::map<std::string, torch::Tensor>& weights_;
  FeatureScale scale_;
  int batch_;  // of the node at hand: pictures, and behind kWindows clips
  onnx::GraphProto& out_;
  std::vector<std::string> values_;      // of the graph's nodes, by number
  std::map<std::string, Dims> written_;  // constants
  std::uint64_t size_ = 0;
};

}  // namespace

void OnnxOptions::Register(Options* options) {
  options->Add("batch", &batch, "clips that the ONNX file takes at a time", Between(1, 4096));
}

void OnnxOptions::Check() const { CheckDeclared(*this); }

std::string ToOnnx(const Graph& graph, const std::map<std::string, torch::Tensor>& weights,
                   const std::map<std::string, std::string>& metadata, const OnnxOptions& options,
                   const FeatureScale& scale) {
  options.Check();
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("seam");
  auto* opset = model.add_opset_import();
  opset->set_domain("");
  opset->set_version(kOpset);
  for (const auto& [key, value] : metadata) {
    auto* entry = model.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
  }
  model.mutable_graph()->set_name("seam");
  Exporter(graph, weights, scale, options.batch, model.mutable_graph()).Run();
  std::string bytes;
  if (model.ByteSizeLong() > kGreatestFile || !model.SerializeToString(&bytes)) {
    throw Error("onnx", "the network is larger than the 2 GiB of an ONNX file");
  }
  return bytes;
}

}  // namespace seam

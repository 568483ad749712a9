#include "models/networks/onednn_lowering.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "models/networks/binary_kernels.h"
#include "models/networks/silu_kernels.h"

namespace seam {
namespace {

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

dnnl::algorithm ToAlgorithm(Activation activation) {
  switch (activation) {
    case Activation::kRelu6:
      return dnnl::algorithm::eltwise_clip;  // from alpha to beta
    case Activation::kGelu:
      return dnnl::algorithm::eltwise_gelu_erf;
    case Activation::kGeluTanh:
      return dnnl::algorithm::eltwise_gelu_tanh;
    case Activation::kSilu:
    case Activation::kQuickGelu:
      return dnnl::algorithm::eltwise_swish;
    case Activation::kSigmoid:
      return dnnl::algorithm::eltwise_logistic;
    case Activation::kTanh:
      return dnnl::algorithm::eltwise_tanh;
    case Activation::kAbs:
      return dnnl::algorithm::eltwise_abs;
    case Activation::kClip:
      return dnnl::algorithm::eltwise_clip;
    default:
      return dnnl::algorithm::eltwise_relu;  // alpha is the slope below zero
  }
}

float EltwiseAlpha(const FoldedStep& step) {
  constexpr float kQuickGelu = 1.702F;
  if (step.activation == Activation::kQuickGelu) return kQuickGelu;
  if (step.activation == Activation::kClip) return -step.slope;
  return step.activation == Activation::kSilu ? 1.0F : step.slope;
}
float EltwiseBeta(const FoldedStep& step) {
  if (step.activation == Activation::kClip) return step.slope;
  return step.activation == Activation::kRelu6 ? 6.0F : 0.0F;
}

void AppendActivation(const FoldedStep& step, dnnl::post_ops* ops) {
  if (step.activation == Activation::kNone) return;
  ops->append_eltwise(1, ToAlgorithm(step.activation), EltwiseAlpha(step), EltwiseBeta(step));
}

// Scratch memory lies in the arena, not in memory that primitives share.
memory::desc VectorDesc(std::int64_t numbers) { return {{numbers}, Type::f32, Tag::x}; }

}  // namespace

dnnl::primitive_attr PrimitiveAttributes(const dnnl::post_ops& ops) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attributes.set_post_ops(ops);
  return attributes;
}

OneDnnLowering::OneDnnLowering(const FoldedGraph& graph, Type type, bool winograd, bool packed,
                               const dnnl::engine& engine, OneDnnProgram* program)
    : graph_(graph),
      type_(type),
      engine_(engine),
      program_(*program),
      winograd_(winograd && type == Type::f32),
      bits_(graph.steps.size(), -1) {
  values_.resize(graph.steps.size());
  blocked_.resize(graph.steps.size());
  last_use_.assign(graph.steps.size(), 0);
  for (int step = 0; step < static_cast<int>(graph.steps.size()); ++step) {
    for (const int input : At(step).inputs) last_use_[static_cast<std::size_t>(input)] = step;
  }
  for (const FoldedOutput& output : graph.outputs)
    last_use_[static_cast<std::size_t>(output.step)] = static_cast<int>(graph.steps.size());
  for (std::size_t step = 0; packed && step < graph.steps.size(); ++step)
    bits_[step] = PadOfBits(static_cast<int>(step));
}

void OneDnnLowering::LowerBody(int batch) {
  batch_ = batch;
  Answer(0, MapDesc(At(0).shape));
  input_ = GetValue(0).storage;
  for (int step = 1; step < static_cast<int>(graph_.steps.size()); ++step) {
    if (At(step).op != Op::kChannels) continue;
    Answer(step, MapDesc(At(step).shape));
    computed_.push_back({step, GetValue(step).storage});
  }
  int last = graph_.features;
  for (const FoldedOutput& output : graph_.outputs) last = std::max(last, output.step);
  for (int step = 1; step <= last; ++step) Lower(step);
  if (graph_.features >= 0) answer_ = Keep(graph_.features);
  for (const FoldedOutput& output : graph_.outputs) outputs_.push_back(Keep(output.step));
  program_.Place();
}

void OneDnnLowering::LowerHead() {
  const int last = static_cast<int>(graph_.steps.size()) - 1;
  std::int64_t frames = 1;
  for (int step = graph_.features; step <= last; ++step) {
    frames = std::max<std::int64_t>(frames, At(step).shape.steps);
  }
  Answer(graph_.features, RowsDesc(frames, At(graph_.features).shape.channels));
  input_ = GetValue(graph_.features).storage;
  for (int step = graph_.features + 1; step <= last; ++step) Lower(step);
  answer_ = Keep(last);
  program_.Place();
}

int OneDnnLowering::Keep(int step) {
  MakePlain(step);
  const Value& value = GetValue(step);
  int storage = value.storage;
  if (value.desc.data_type() != Type::f32) {
    memory::desc floats = value.desc;
    floats.data.data_type = dnnl_f32;
    storage = program_.NewStorage(floats.get_size());
    const dnnl::reorder::primitive_desc made(engine_, value.desc, engine_, floats, PrimitiveAttributes());
    program_.Add(dnnl::reorder(made), made.scratchpad_desc(),
                 {InArena(DNNL_ARG_FROM, step), {DNNL_ARG_TO, floats, storage, 0, {}}});
  }
  program_.Keep(storage);
  return storage;
}

void OneDnnLowering::Lower(int step) {
  if (LowerWinograd(step)) return;
  for (const int input : At(step).inputs) MakePlain(input);
  switch (At(step).op) {
    case Op::kChannels:
      return;  // computed before the program runs
    case Op::kConv:
      return LowerConv(step);
    case Op::kSign:
      return LowerSign(step);
    case Op::kBinaryConv:
      return LowerBinaryConv(step);
    case Op::kChannelPrelu:
      return LowerPRelu(step);
    case Op::kLinear:
      return LowerLinear(step);
    case Op::kBatchNorm:
      return LowerBatchNorm(step);
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
      return LowerActivation(step);
    case Op::kAdd:
    case Op::kScale:
      return LowerBinary(step);
    case Op::kConcat:
      return LowerConcat(step);
    case Op::kMaxPool:
    case Op::kAveragePool:
    case Op::kGlobalAveragePool:
      return LowerPool(step);
    case Op::kUpsample:
      return LowerUpsample(step);
    case Op::kFlatten:
      return LowerFlatten(step);
    case Op::kWindows:
      return Answer(step, GetValue(At(step).inputs[0]).desc, At(step).inputs[0]);
    case Op::kLstm:
      return LowerLstm(step);
    case Op::kLastStep:
      return LowerLastStep(step);
    case Op::kMeanOverTime:
      return LowerMeanOverTime(step);
    case Op::kTokens:
      return LowerTokens(step);
    case Op::kPrepend:
      return LowerPrepend(step);
    case Op::kPositions:
      return LowerPositions(step);
    case Op::kLayerNorm:
      return LowerLayerNorm(step);
    case Op::kAttention:
      return LowerAttention(step);
    case Op::kAttentionPool:
      return LowerAttentionPool(step);
    case Op::kFirstStep:
      return LowerFirstStep(step);
    case Op::kChannelScale:
      return LowerChannelScale(step);
    case Op::kUnitLength:
      return LowerUnitLength(step);
    case Op::kMap:
      return LowerMap(step);
    case Op::kProduct:
      return LowerProduct(step);
    case Op::kSoftmax:
      return LowerSoftmax(step);
    case Op::kTransform:
      return LowerTransform(step);
    case Op::kBandFilter:
      return LowerBandFilter(step);
    case Op::kChannelMax:
      return LowerChannelMax(step);
    case Op::kGlobalDeviation:
      return LowerGlobalDeviation(step);
    case Op::kWindowSoftmax:
      return LowerWindowSoftmax(step);
    case Op::kSquash:
      return LowerSquash(step);
    case Op::kRouting:
      return LowerRouting(step);
    case Op::kInput:
    case Op::kNormalise:
    case Op::kGrey:
    case Op::kFixedConv:
    case Op::kPrelu:
    case Op::kBias:
    case Op::kBlend:
    case Op::kDropout:
    case Op::kDropPath:
      break;
  }
  throw Error("network", "it has a step that inference does not know");
}

bool OneDnnLowering::LowerSilu(int step) {
  const FoldedStep& it = At(step);
  const Shape& from = At(it.inputs[0]).shape;
  if (type_ != Type::f32 || !SiluConvolution::Fits(it, from)) return false;
  Answer(step, MapDesc(it.shape));
  const auto kernel = std::make_shared<const SiluConvolution>(it, from, batch_);
  program_.AddKernel([kernel](const float* source, float* target) { kernel->Run(source, target); },
                     GetValue(it.inputs[0]).storage, GetValue(step).storage);
  return true;
}

void OneDnnLowering::LowerConv(int step) {
  if (LowerSilu(step)) return;
  const FoldedStep& it = At(step);
  // What is added lies where the result shall lie, if it may be written over. If not, it is added afterwards:
  // oneDNN 2.6's gemm convolutions in groups add it from the wrong places.
  const int added = it.inputs.size() > 1 ? it.inputs[1] : -1;
  const bool in_place = added >= 0 && added != it.inputs[0] && DiesAt(added, step);
  dnnl::post_ops ops;
  if (in_place) ops.append_sum();
  const bool adds_afterwards = added >= 0 && !in_place;
  if (!adds_afterwards) AppendActivation(it, &ops);
  AddConv(step, ops, in_place ? added : -1);
  if (adds_afterwards) AddBinary(dnnl::algorithm::binary_add, step, step, added);
}

void OneDnnLowering::AddConv(int step, const dnnl::post_ops& ops, int instead) {
  const FoldedStep& it = At(step);
  const ConvSpec& conv = it.conv;
  const std::int64_t in = At(it.inputs[0]).shape.channels, out = it.shape.channels, kernel = conv.kernel,
                     groups = conv.groups;
  const bool grouped = groups > 1;
  const memory::dims dims = grouped ? memory::dims{groups, out / groups, in / groups, kernel, kernel}
                                    : memory::dims{out, in, kernel, kernel};
  const memory::desc target = MapDesc(it.shape);
  // The summand of a kBinaryConv is not the convolution's: its factors come first.
  const bool summand = !it.bias.empty() && it.op == Op::kConv;
  const std::vector<float> no_bias(static_cast<std::size_t>(out), 0.0F);
  const dnnl::convolution_forward::primitive_desc made(
      dnnl::convolution_forward::desc(kInference, dnnl::algorithm::convolution_direct,
                                      GetValue(it.inputs[0]).desc, memory::desc(dims, type_, Tag::any),
                                      VectorDesc(out), target, {conv.stride, conv.stride},
                                      {conv.dilation - 1, conv.dilation - 1},
                                      {conv.pad_before, conv.pad_before}, {conv.pad_after, conv.pad_after}),
      PrimitiveAttributes(ops), engine_);
  Answer(step, target, instead);
  program_.Add(dnnl::convolution_forward(made), made.scratchpad_desc(),
               {InArena(DNNL_ARG_SRC, it.inputs[0]), InArena(DNNL_ARG_DST, step),
                Weights(DNNL_ARG_WEIGHTS, it.weight, {dims, Type::f32, grouped ? Tag::goihw : Tag::oihw},
                        made.weights_desc()),
                Vector(DNNL_ARG_BIAS, summand ? it.bias : no_bias)});
}

bool OneDnnLowering::LowerWinograd(int step) {
  const FoldedStep& it = At(step);
  const ConvSpec& conv = it.conv;
  if (!winograd_ || it.op != Op::kConv || it.inputs.size() != 1) return false;
  const Shape& from = At(it.inputs[0]).shape;
  // Fewer products than this save less than it costs to bring the maps into the kernels' order.
  constexpr int kLeastProducts = 1024, kBlock = 16;
  if (conv.kernel != 3 || conv.stride != 1 || conv.dilation != 1 || conv.groups != 1 ||
      conv.pad_before != 1 || conv.pad_after != 1 || from.channels % kBlock != 0 ||
      it.shape.channels % kBlock != 0 || from.channels * it.shape.channels < kLeastProducts)
    return false;
  const memory::desc source = BlockedDesc(from), target = BlockedDesc(it.shape);
  const memory::dims dims = {it.shape.channels, from.channels, 3, 3};
  dnnl::post_ops ops;
  AppendActivation(it, &ops);
  const dnnl::convolution_forward::primitive_desc made(
      dnnl::convolution_forward::desc(kInference, dnnl::algorithm::convolution_winograd, source,
                                      memory::desc(dims, Type::f32, Tag::any), VectorDesc(it.shape.channels),
                                      target, {1, 1}, {1, 1}, {1, 1}),
      PrimitiveAttributes(ops), engine_, true);
  if (made.get(true) == nullptr) return false;  // not on this processor
  const Value input = Blocked(it.inputs[0]);
  const Value answer = {program_.NewStorage(target.get_size()), target};
  blocked_[static_cast<std::size_t>(step)] = answer;
  const std::vector<float> no_bias(static_cast<std::size_t>(it.shape.channels), 0.0F);
  program_.Add(dnnl::convolution_forward(made), made.scratchpad_desc(),
               {{DNNL_ARG_SRC, source, input.storage, 0, {}},
                {DNNL_ARG_DST, target, answer.storage, 0, {}},
                Weights(DNNL_ARG_WEIGHTS, it.weight, {dims, Type::f32, Tag::oihw}, made.weights_desc()),
                Vector(DNNL_ARG_BIAS, it.bias.empty() ? no_bias : it.bias)});
  return true;
}

OneDnnLowering::Value OneDnnLowering::Blocked(int step) {
  Value& blocked = blocked_[static_cast<std::size_t>(step)];
  if (blocked.storage < 0) blocked = Reordered(GetValue(step), BlockedDesc(At(step).shape));
  return blocked;
}

void OneDnnLowering::MakePlain(int step) {
  Value& value = values_[static_cast<std::size_t>(step)];
  if (value.storage < 0) value = Reordered(blocked_[static_cast<std::size_t>(step)], MapDesc(At(step).shape));
}

OneDnnLowering::Value OneDnnLowering::Reordered(const Value& from, const memory::desc& desc) {
  const dnnl::reorder::primitive_desc made(engine_, from.desc, engine_, desc, PrimitiveAttributes());
  const Value to = {program_.NewStorage(desc.get_size()), desc};
  program_.Add(dnnl::reorder(made), made.scratchpad_desc(),
               {{DNNL_ARG_FROM, from.desc, from.storage, 0, {}}, {DNNL_ARG_TO, desc, to.storage, 0, {}}});
  return to;
}

void OneDnnLowering::LowerLinear(int step) {
  const FoldedStep& it = At(step);
  const memory::desc source = GetValue(it.inputs[0]).desc;
  const std::int64_t rows = source.dims()[0], in = source.dims()[1], out = it.shape.channels;
  const Type type = source.data_type();
  const memory::desc target = RowsDesc(rows, out, FeedsProducts(step) ? type : Type::f32);
  const int added = it.inputs.size() > 1 ? it.inputs[1] : -1;
  const bool in_place =
      added >= 0 && added != it.inputs[0] && DiesAt(added, step) && GetValue(added).desc == target;
  const bool adds_afterwards = added >= 0 && !in_place;
  dnnl::post_ops ops;
  if (in_place) ops.append_sum();
  if (!adds_afterwards) AppendActivation(it, &ops);
  const std::vector<float> no_bias(static_cast<std::size_t>(out), 0.0F);
  const dnnl::inner_product_forward::primitive_desc made(
      dnnl::inner_product_forward::desc(kInference, source, {{out, in}, type, Tag::any}, VectorDesc(out),
                                        target),
      PrimitiveAttributes(ops), engine_);
  Answer(step, target, in_place ? added : -1);
  program_.Add(dnnl::inner_product_forward(made), made.scratchpad_desc(),
               {InArena(DNNL_ARG_SRC, it.inputs[0]), InArena(DNNL_ARG_DST, step),
                Weights(DNNL_ARG_WEIGHTS, it.weight, {{out, in}, Type::f32, Tag::oi}, made.weights_desc()),
                Vector(DNNL_ARG_BIAS, it.bias.empty() ? no_bias : it.bias)});
  if (adds_afterwards) AddBinary(dnnl::algorithm::binary_add, step, step, added);
}

// As a product and a sum: oneDNN's own batch norm of bfloat16 with few channels is a hundred times slower.
void OneDnnLowering::LowerBatchNorm(int step) {
  const FoldedStep& it = At(step);
  const memory::desc desc = GetValue(it.inputs[0]).desc;
  memory::dims dims(desc.dims().size(), 1);
  dims[1] = desc.dims()[1];
  const memory::desc channels(dims, Type::f32, dims.size() == 4 ? Tag::nhwc : Tag::nc);
  dnnl::post_ops ops;
  ops.append_binary(dnnl::algorithm::binary_add, channels);
  const dnnl::binary::primitive_desc made(
      dnnl::binary::desc(dnnl::algorithm::binary_mul, desc, channels, desc), PrimitiveAttributes(ops),
      engine_);
  Answer(step, desc, it.inputs[0]);
  program_.Add(dnnl::binary(made), made.scratchpad_desc(),
               {InArena(DNNL_ARG_SRC_0, it.inputs[0]), InArena(DNNL_ARG_DST, step),
                Weights(DNNL_ARG_SRC_1, it.weight, channels, channels),
                Weights(DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, it.bias, channels, channels)});
}

int OneDnnLowering::PadOfBits(int step) const {
  if (At(step).op != Op::kSign || step == graph_.features) return -1;
  for (const FoldedOutput& output : graph_.outputs) {
    if (output.step == step) return -1;
  }
  int pad = -1;
  for (const FoldedStep& user : graph_.steps) {
    if (std::find(user.inputs.begin(), user.inputs.end(), step) == user.inputs.end()) continue;
    const bool fits = BinaryConvolution::Fits(user, At(step).shape);
    if (!fits || (pad >= 0 && user.conv.pad_before != pad)) return -1;
    pad = user.conv.pad_before;
  }
  return pad;
}

void OneDnnLowering::CheckFloats(const char* what) const {
  if (type_ == Type::f32) return;
  throw Error("--precision", fmt::format("bf16 is not for networks with {}", what),
              "--precision fp32 is as exact as they were trained");
}

void OneDnnLowering::LowerSign(int step) {
  CheckFloats("convolutions of signs");
  const FoldedStep& it = At(step);
  const int from = GetValue(it.inputs[0]).storage;
  const int pad = bits_[static_cast<std::size_t>(step)];
  if (pad >= 0) {
    const auto signs = std::make_shared<const PackedSigns>(it.shape, pad, batch_);
    Answer(step, {{static_cast<std::int64_t>(signs->bytes())}, Type::u8, Tag::x});
    const BinaryKernel kernel = BinaryKernels().back();
    program_.AddKernel(
        [signs, kernel, bias = it.bias](const float* source, float* target) {
          signs->Pack(source, bias.data(), kernel, reinterpret_cast<std::uint64_t*>(target));
        },
        from, GetValue(step).storage);
    return;
  }
  Answer(step, MapDesc(it.shape));
  const auto pixels = static_cast<std::size_t>(batch_ * it.shape.height * it.shape.width);
  program_.AddKernel(
      [pixels, bias = it.bias](const float* source, float* target) {
        FindSigns(source, bias.data(), pixels, bias.size(), target);
      },
      from, GetValue(step).storage);
}

void OneDnnLowering::LowerBinaryConv(int step) {
  CheckFloats("convolutions of signs");
  const FoldedStep& it = At(step);
  const int signs = it.inputs[0];
  if (bits_[static_cast<std::size_t>(signs)] >= 0) {
    const auto made =
        std::make_shared<const BinaryConvolution>(it, At(signs).shape, batch_, BinaryKernels().back());
    Answer(step, MapDesc(it.shape));
    program_.AddKernel(
        [made](const float* source, float* target) {
          made->Run(reinterpret_cast<const std::uint64_t*>(source), target);
        },
        GetValue(signs).storage, GetValue(step).storage);
    return;
  }
  const auto channels = static_cast<std::size_t>(it.shape.channels);
  AddConv(step, {}, -1);
  const auto numbers = [&](const std::vector<float>& given, float otherwise) {
    return given.empty() ? std::vector<float>(channels, otherwise) : given;
  };
  const auto pixels = static_cast<std::size_t>(batch_ * it.shape.height * it.shape.width);
  program_.AddKernel(
      [pixels, factors = numbers(it.factors, 1), bias = numbers(it.bias, 0), slopes = numbers(it.slopes, 1)](
          const float* source, float* target) {
        FinishSums(source, factors.data(), bias.data(), slopes.data(), pixels, factors.size(), target);
      },
      GetValue(step).storage, GetValue(step).storage);
}

void OneDnnLowering::LowerPRelu(int step) {
  CheckFloats("slopes of each channel");
  const FoldedStep& it = At(step);
  Answer(step, GetValue(it.inputs[0]).desc, it.inputs[0]);
  const auto pixels = static_cast<std::size_t>(batch_ * it.shape.height * it.shape.width);
  const std::vector<float> ones(it.slopes.size(), 1), zeros(it.slopes.size(), 0);
  program_.AddKernel(
      [pixels, ones, zeros, slopes = it.slopes](const float* source, float* target) {
        FinishSums(source, ones.data(), zeros.data(), slopes.data(), pixels, slopes.size(), target);
      },
      GetValue(it.inputs[0]).storage, GetValue(step).storage);
}

void OneDnnLowering::LowerGate(int step) {
  CheckFloats("gates beside a shortcut");
  const FoldedStep& it = At(step);
  Answer(step, MapDesc(it.shape));
  const auto pixels = static_cast<std::size_t>(it.shape.height * it.shape.width);
  std::vector<int> from;
  for (const int input : it.inputs) from.push_back(GetValue(input).storage);
  program_.AddKernel(
      [pixels, batch = batch_, factors = it.weight, bias = it.bias, multiplies = it.multiplies](
          const std::vector<const float*>& sources, float* target) {
        const std::size_t channels = factors.size(), map = pixels * channels;
        for (std::size_t i = 0; i < static_cast<std::size_t>(batch); ++i) {
          AddGated(sources[0] + i * map, sources[1] + i * map, sources[2] + i * channels, multiplies,
                   factors.data(), bias.data(), pixels, channels, target + i * map);
        }
      },
      std::move(from), GetValue(step).storage);
}

void OneDnnLowering::LowerActivation(int step) {
  const FoldedStep& it = At(step);
  const memory::desc desc = GetValue(it.inputs[0]).desc;
  const dnnl::eltwise_forward::primitive_desc made(
      dnnl::eltwise_forward::desc(kInference, ToAlgorithm(it.activation), desc, EltwiseAlpha(it),
                                  EltwiseBeta(it)),
      PrimitiveAttributes(), engine_);
  Answer(step, desc, it.inputs[0]);
  program_.Add(dnnl::eltwise_forward(made), made.scratchpad_desc(),
               {InArena(DNNL_ARG_SRC, it.inputs[0]), InArena(DNNL_ARG_DST, step)});
}

void OneDnnLowering::LowerBinary(int step) {
  const FoldedStep& it = At(step);
  if (it.inputs.size() == 3) return LowerGate(step);
  if (it.op == Op::kScale && At(it.inputs[1]).shape.channels != it.shape.channels)
    return LowerPixelScale(step);
  Answer(step, GetValue(it.inputs[0]).desc, it.inputs[0]);
  AddBinary(it.op == Op::kAdd ? dnnl::algorithm::binary_add : dnnl::algorithm::binary_mul, step, it.inputs[0],
            it.inputs[1]);
}

void OneDnnLowering::AddBinary(dnnl::algorithm algorithm, int step, int left, int right) {
  dnnl::post_ops ops;
  AppendActivation(At(step), &ops);
  const dnnl::binary::primitive_desc made(
      dnnl::binary::desc(algorithm, GetValue(left).desc, GetValue(right).desc, GetValue(step).desc),
      PrimitiveAttributes(ops), engine_);
  program_.Add(dnnl::binary(made), made.scratchpad_desc(),
               {InArena(DNNL_ARG_SRC_0, left), InArena(DNNL_ARG_SRC_1, right), InArena(DNNL_ARG_DST, step)});
}

void OneDnnLowering::LowerConcat(int step) {
  const FoldedStep& it = At(step);
  const memory::desc target = MapDesc(it.shape);
  std::vector<memory::desc> parts;
  std::vector<Operand> operands;
  for (const int input : it.inputs) {
    parts.push_back(GetValue(input).desc);
    operands.push_back(InArena(DNNL_ARG_MULTIPLE_SRC + static_cast<int>(operands.size()), input));
  }
  const dnnl::concat::primitive_desc made(target, 1, parts, engine_, PrimitiveAttributes());
  Answer(step, target);
  operands.push_back(InArena(DNNL_ARG_DST, step));
  program_.Add(dnnl::concat(made), made.scratchpad_desc(), std::move(operands));
}

void OneDnnLowering::LowerPool(int step) {
  const FoldedStep& it = At(step);
  const bool global = it.op == Op::kGlobalAveragePool;
  const Shape& from = At(it.inputs[0]).shape;
  const memory::dims kernel =
      global ? memory::dims{from.height, from.width} : memory::dims{it.conv.kernel, it.conv.kernel};
  const std::int64_t stride = global ? 1 : it.conv.stride, before = global ? 0 : it.conv.pad_before,
                     after = global ? 0 : it.conv.pad_after;
  const memory::desc target = MapDesc(it.shape);
  const dnnl::pooling_forward::primitive_desc made(
      dnnl::pooling_forward::desc(
          kInference,
          it.op == Op::kMaxPool ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding,
          GetValue(it.inputs[0]).desc, target, {stride, stride}, kernel, {before, before}, {after, after}),
      PrimitiveAttributes(), engine_);
  Answer(step, target);
  program_.Add(dnnl::pooling_forward(made), made.scratchpad_desc(),
               {InArena(DNNL_ARG_SRC, it.inputs[0]), InArena(DNNL_ARG_DST, step)});
}

void OneDnnLowering::LowerUpsample(int step) {
  const memory::desc source = GetValue(At(step).inputs[0]).desc, target = MapDesc(At(step).shape);
  const auto factor = static_cast<float>(At(step).conv.stride);
  const dnnl::resampling_forward::primitive_desc made(
      dnnl::resampling_forward::desc(kInference, dnnl::algorithm::resampling_nearest, {factor, factor},
                                     source, target),
      PrimitiveAttributes(), engine_);
  Answer(step, target);
  program_.Add(dnnl::resampling_forward(made), made.scratchpad_desc(),
               {InArena(DNNL_ARG_SRC, At(step).inputs[0]), InArena(DNNL_ARG_DST, step)});
}

// By channels, then rows, then columns: LibTorch's order, which the dense layers know.
void OneDnnLowering::LowerFlatten(int step) {
  const FoldedStep& it = At(step);
  const Shape& from = At(it.inputs[0]).shape;
  const memory::desc map({batch_, from.channels, from.height, from.width}, Type::f32, Tag::nchw);
  const dnnl::reorder::primitive_desc made(engine_, GetValue(it.inputs[0]).desc, engine_, map,
                                           PrimitiveAttributes());
  Answer(step, RowsDesc(batch_, from.numbers()));
  Operand target = InArena(DNNL_ARG_TO, step);
  target.desc = map;
  program_.Add(dnnl::reorder(made), made.scratchpad_desc(), {InArena(DNNL_ARG_FROM, it.inputs[0]), target});
}

// Layer by layer; oneDNN's gates are in LibTorch's order.
void OneDnnLowering::LowerLstm(int step) {
  const FoldedStep& it = At(step);
  const std::int64_t frames = GetValue(it.inputs[0]).desc.dims()[0], hidden = it.lstm.hidden,
                     directions = it.lstm.bidirectional ? 2 : 1;
  Value value = GetValue(it.inputs[0]);
  for (const FoldedLstmLayer& layer : it.layers) {
    const memory::desc source({frames, 1, layer.inputs}, Type::f32, Tag::tnc),
        target({frames, 1, hidden * directions}, Type::f32, Tag::tnc),
        bias({1, directions, 4, hidden}, Type::f32, Tag::ldgo);
    const memory::dims input_dims = {1, directions, layer.inputs, 4, hidden},
                       hidden_dims = {1, directions, hidden, 4, hidden};
    const dnnl::lstm_forward::primitive_desc made(
        dnnl::lstm_forward::desc(kInference,
                                 it.lstm.bidirectional ? dnnl::rnn_direction::bidirectional_concat
                                                       : dnnl::rnn_direction::unidirectional_left2right,
                                 source, {}, {}, {input_dims, Type::f32, Tag::any},
                                 {hidden_dims, Type::f32, Tag::any}, bias, target, {}, {}),
        PrimitiveAttributes(), engine_);
    const Value made_value = {program_.NewStorage(target.get_size()), RowsDesc(frames, hidden * directions)};
    const Operand from{DNNL_ARG_SRC_LAYER, source, value.storage, 0, {}},
        to{DNNL_ARG_DST_LAYER, target, made_value.storage, 0, {}};
    program_.Add(dnnl::lstm_forward(made), made.scratchpad_desc(),
                 {from, to,
                  Weights(DNNL_ARG_WEIGHTS_LAYER, layer.weight_input, {input_dims, Type::f32, Tag::ldgoi},
                          made.weights_layer_desc()),
                  Weights(DNNL_ARG_WEIGHTS_ITER, layer.weight_hidden, {hidden_dims, Type::f32, Tag::ldgoi},
                          made.weights_iter_desc()),
                  Weights(DNNL_ARG_BIAS, layer.bias, bias, bias)});
    value = made_value;
  }
  values_[static_cast<std::size_t>(step)] = value;
}

// Forward the last row, backward the first.
void OneDnnLowering::LowerLastStep(int step) {
  const FoldedStep& it = At(step);
  const auto rows = static_cast<std::size_t>(GetValue(it.inputs[0]).desc.dims()[0]);
  const int directions = it.lstm.bidirectional ? 2 : 1;
  const std::int64_t hidden = it.shape.channels / directions;
  const auto row_bytes = static_cast<std::size_t>(it.shape.channels) * sizeof(float);
  const memory::desc part = RowsDesc(1, hidden);
  const dnnl::reorder::primitive_desc made(engine_, part, engine_, part, PrimitiveAttributes());
  Answer(step, RowsDesc(1, it.shape.channels));
  for (int direction = 0; direction < directions; ++direction) {
    Operand from = InArena(DNNL_ARG_FROM, it.inputs[0]), to = InArena(DNNL_ARG_TO, step);
    from.desc = to.desc = part;
    to.offset = direction == 0 ? 0 : part.get_size();
    from.offset = (direction == 0 ? (rows - 1) * row_bytes : 0) + to.offset;
    program_.Add(dnnl::reorder(made), made.scratchpad_desc(), {from, to});
  }
}

void OneDnnLowering::LowerMeanOverTime(int step) {
  const int input = At(step).inputs[0];
  const Value from = Floats(input);
  const std::int64_t channels = At(step).shape.channels, lead = At(step).rows;
  const memory::desc target = RowsDesc(1, channels), rows = RowsDesc(from.desc.dims()[0] - lead, channels);
  const dnnl::reduction::primitive_desc made(
      dnnl::reduction::desc(dnnl::algorithm::reduction_mean, rows, target, 0, 0), PrimitiveAttributes(),
      engine_);
  Answer(step, target);
  const auto skipped = static_cast<std::size_t>(lead * channels) * sizeof(float);
  program_.Add(dnnl::reduction(made), made.scratchpad_desc(),
               {{DNNL_ARG_SRC, rows, from.storage, skipped, {}}, InArena(DNNL_ARG_DST, step)});
}

memory::desc OneDnnLowering::MapDesc(const Shape& shape) const {
  return {{batch_, shape.channels, shape.height, shape.width}, type_, Tag::nhwc};
}

memory::desc OneDnnLowering::BlockedDesc(const Shape& shape) const {
  return {{batch_, shape.channels, shape.height, shape.width}, type_, Tag::nChw16c};
}

memory::desc OneDnnLowering::RowsDesc(std::int64_t rows, std::int64_t columns, Type type) const {
  return {{rows, columns}, type, Tag::nc};
}

void OneDnnLowering::Answer(int step, const memory::desc& desc, int instead) {
  const bool reuse = instead >= 0 && DiesAt(instead, step) && GetValue(instead).desc == desc;
  const int storage = reuse ? GetValue(instead).storage : program_.NewStorage(desc.get_size());
  values_[static_cast<std::size_t>(step)] = {storage, desc};
}

OneDnnLowering::Operand OneDnnLowering::InArena(int argument, int step) const {
  return {argument, GetValue(step).desc, GetValue(step).storage, 0, {}};
}

OneDnnLowering::Operand OneDnnLowering::Fixed(int argument, const memory& memory) const {
  return {argument, memory.get_desc(), -1, 0, memory};
}

OneDnnLowering::Operand OneDnnLowering::Weights(int argument, const std::vector<float>& values,
                                                const memory::desc& plain, const memory::desc& wanted) const {
  // Only read from.
  memory from(plain, engine_, const_cast<float*>(values.data())), to(wanted, engine_);
  dnnl::stream stream(engine_);
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return Fixed(argument, to);
}

OneDnnLowering::Operand OneDnnLowering::Vector(int argument, const std::vector<float>& values) const {
  const memory made(VectorDesc(static_cast<std::int64_t>(values.size())), engine_);
  std::copy(values.begin(), values.end(), static_cast<float*>(made.get_data_handle()));
  return Fixed(argument, made);
}

}  // namespace seam

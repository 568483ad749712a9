#pragma once

#include <string>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "models/networks/fold.h"
#include "models/networks/onednn_program.h"

namespace seam {

inline constexpr auto kInference = dnnl::prop_kind::forward_inference;

// Of a primitive whose scratch memory is the program's.
dnnl::primitive_attr PrimitiveAttributes(const dnnl::post_ops& ops = {});

// Writes steps of a folded network down as oneDNN primitives. Maps [B, C, H, W] lie channels last and are of
// `type`; vectors [B, C] are floats.
class OneDnnLowering {
 public:
  using Operand = OneDnnProgram::Operand;

  OneDnnLowering(const FoldedGraph& graph, dnnl::memory::data_type type, bool winograd, bool packed,
                 const dnnl::engine& engine, OneDnnProgram* program);

  // Lowers the backbone for `batch` pictures. Afterwards input() is where the program finds its pictures
  // [batch, H, W, 3] of the body's type. If the network has a head, `answer()` is where it leaves its
  // features [batch, F]. Its named outputs are floats [batch, H, W, C].
  void LowerBody(int batch = 1);
  // What follows the features, for a clip of T pictures: where it finds them, [T, F], and leaves the logit.
  void LowerHead();
  int input() const { return input_; }
  int answer() const { return answer_; }
  const std::vector<int>& outputs() const { return outputs_; }  // as FoldedGraph::outputs
  // Where the program finds the computed channels of its pictures [batch, H, W, C], of the body's type.
  struct ComputedInput {
    int step = 0, storage = 0;
  };
  const std::vector<ComputedInput>& computed() const { return computed_; }

 private:
  // The result of a step.
  struct Value {
    int storage = -1;
    dnnl::memory::desc desc;
  };

  void Lower(int step);
  void LowerConv(int step);
  // The convolution alone, with `ops` after it; `instead` as in `Answer()`.
  void AddConv(int step, const dnnl::post_ops& ops, int instead);
  // Whether it could be done that way.
  bool LowerWinograd(int step);
  bool LowerSilu(int step);
  // The step's map with 16 channels side by side, as the kernels of Winograd's convolutions want it.
  Value Blocked(int step);
  // Makes sure that the step's map lies as every other kernel wants it.
  void MakePlain(int step);
  Value Reordered(const Value& from, const dnnl::memory::desc& desc);
  void LowerLinear(int step);
  void LowerBatchNorm(int step);
  void LowerSign(int step);
  void LowerBinaryConv(int step);
  void LowerPRelu(int step);
  // kAdd of three.
  void LowerGate(int step);
  // The pixels around the step's signs, where they are asked for as bits alone; else -1.
  int PadOfBits(int step) const;
  void CheckFloats(const char* what) const;
  void LowerActivation(int step);
  void LowerBinary(int step);
  // `step` gives the two steps' results, one by one, with its activation.
  void AddBinary(dnnl::algorithm algorithm, int step, int left, int right);
  void LowerConcat(int step);
  void LowerPool(int step);
  void LowerUpsample(int step);
  void LowerFlatten(int step);
  void LowerLstm(int step);
  void LowerLastStep(int step);
  void LowerMeanOverTime(int step);
  // Of tokens, in onednn_tokens.cc. A sequence [N, C] is rows of numbers. What only products read is of the
  // body's type; all else, such as the sums along the blocks, is floats.
  void LowerTokens(int step);
  void LowerPrepend(int step);
  void LowerPositions(int step);
  void LowerLayerNorm(int step);
  void LowerAttention(int step);
  void LowerAttentionPool(int step);
  void LowerFirstStep(int step);
  void LowerChannelScale(int step);
  void LowerUnitLength(int step);
  void LowerMap(int step);
  void LowerProduct(int step);
  void LowerSoftmax(int step);
  // Of maps, by kernels and products of our own, in onednn_maps.cc.
  void LowerTransform(int step);
  void LowerBandFilter(int step);
  void LowerChannelMax(int step);
  void LowerPixelScale(int step);
  void LowerGlobalDeviation(int step);
  void LowerWindowSoftmax(int step);
  void LowerSquash(int step);
  void LowerRouting(int step);
  // `kernel` of our own brings floats to floats: of the step's inputs, channels last, and its result.
  void LowerByKernel(int step, OneDnnProgram::JoiningKernel kernel);
  // The step's result is this map of floats, brought to the body's type.
  void AnswerWithMap(int step, const Value& value);
  // Whether products alone read the step's result.
  bool FeedsProducts(int step) const;
  // The step's result as floats.
  Value Floats(int step);
  // The step's result is `value`, brought to the body's type where products alone read it.
  void AnswerWith(int step, const Value& value);
  // The step's result stays, as floats; where.
  int Keep(int step);

  const FoldedStep& At(int step) const { return graph_.steps[static_cast<std::size_t>(step)]; }
  const Value& GetValue(int step) const { return values_[static_cast<std::size_t>(step)]; }
  bool DiesAt(int input, int step) const { return last_use_[static_cast<std::size_t>(input)] <= step; }
  dnnl::memory::desc MapDesc(const Shape& shape) const;
  dnnl::memory::desc BlockedDesc(const Shape& shape) const;
  dnnl::memory::desc RowsDesc(std::int64_t rows, std::int64_t columns,
                              dnnl::memory::data_type type = dnnl::memory::data_type::f32) const;
  // Gives the step's result memory: that of the step `instead` where nobody needs it later, or a new one.
  void Answer(int step, const dnnl::memory::desc& desc, int instead = -1);
  Operand InArena(int argument, int step) const;
  Operand Fixed(int argument, const dnnl::memory& memory) const;
  // `values` lie as `plain` says; copied into the order that a primitive wants.
  Operand Weights(int argument, const std::vector<float>& values, const dnnl::memory::desc& plain,
                  const dnnl::memory::desc& wanted) const;
  Operand Vector(int argument, const std::vector<float>& values) const;

  const FoldedGraph& graph_;
  dnnl::memory::data_type type_;
  dnnl::engine engine_;
  OneDnnProgram& program_;
  bool winograd_;
  std::vector<Value> values_;   // by step
  std::vector<Value> blocked_;  // by step; most have none
  std::vector<int> last_use_;   // by step: the last step that reads it
  std::vector<int> bits_;       // by step: PadOfBits()
  int batch_ = 1;
  int input_ = -1, answer_ = -1;  // storages
  std::vector<int> outputs_;      // storages
  std::vector<ComputedInput> computed_;
};

}  // namespace seam

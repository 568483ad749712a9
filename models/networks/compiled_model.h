#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "models/networks/compile_options.h"
#include "models/networks/fold.h"
#include "models/networks/graph.h"

namespace seam {

// A named output of a network: a map, or a vector of height and width 1.
struct OutputSpec {
  std::string name;
  Shape shape;
};

// A network in its form for inference: batch norms folded, activations fused, no gradients. It keeps its own
// copy of the weights. Any number of threads may call it at once. Each call runs on its own thread alone,
// with scratch memory that is kept for the next call. So cores are shared by callers, not by operators.
//
//   const auto network = CompileForCpu(Fold(stored.graph, stored.weights), GetInput(stored.graph), {});
//   const std::vector<double> logits = network->Logits(pixels, count);
//
// Logits() and Features() are of networks with a head, Outputs() of any whose graph names some.
class CompiledModel {
 public:
  virtual ~CompiledModel() = default;

  // clips [n, T, S, S, 3], RGB bytes, T and S as input() says -> a logit per clip; fake is positive. A clip's
  // logit does not depend on the others of the call but for rounding.
  virtual std::vector<double> Logits(const std::uint8_t* clips, std::int64_t n) const = 0;
  // pictures [n, H, W, 3], RGB bytes -> their features [n, F], which the head works with.
  virtual std::vector<float> Features(const std::uint8_t* pictures, std::int64_t n) const = 0;
  // pictures [n, H, W, 3], RGB bytes -> for each of outputs() its numbers [n, H, W, C]: channels last.
  virtual std::vector<std::vector<float>> Outputs(const std::uint8_t* pictures, std::int64_t n) const = 0;
  // Of a network that takes numbers: maps [n, H, W, C], C fastest -> its outputs [n, K].
  virtual std::vector<float> Answers(const float* /*maps*/, std::int64_t /*n*/) const {
    throw Error("network", "it takes pictures, not features");
  }
  const std::vector<OutputSpec>& outputs() const { return outputs_; }
  virtual InputSpec input() const = 0;
  // Whether a call runs its clips one after the other on the calling thread. Then several calls of one clip
  // are as fast as one call of several.
  virtual bool OneByOne() const { return false; }
  // "fp32 on the CPU (oneDNN)": for the user.
  virtual std::string description() const = 0;

 protected:
  explicit CompiledModel(const FoldedGraph& graph) {
    for (const FoldedOutput& output : graph.outputs)
      outputs_.push_back({output.name, graph.steps[static_cast<std::size_t>(output.step)].shape});
  }

 private:
  std::vector<OutputSpec> outputs_;
};

// On the CPU, by oneDNN's kernels: without LibTorch. An Error where the options ask for what this machine has
// not. In a build without oneDNN there is only Compile() of models/torch/compile.h.
std::unique_ptr<CompiledModel> CompileForCpu(const FoldedGraph& graph, const InputSpec& input,
                                             const CompileOptions& options);

}  // namespace seam

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/networks/compile_options.h"
#include "models/networks/fold.h"
#include "models/networks/graph.h"

namespace seam {

// A network in its form for inference: batch norms folded, activations fused, no gradients. It keeps its own
// copy of the weights. Any number of threads may call it at once; each works on itself alone, with scratch
// memory that is kept for the next call, so that cores are shared by callers, not by operators.
//
//   const auto network = CompileForCpu(Fold(stored.graph, stored.weights), InputOf(stored.graph), {});
//   const std::vector<double> logits = network->Logits(pixels, count);
class CompiledModel {
 public:
  virtual ~CompiledModel() = default;

  // clips [n, T, S, S, 3], RGB bytes, T and S as input() says -> a logit per clip; fake is positive. A clip's
  // logit does not depend on the others of the call but for rounding.
  virtual std::vector<double> Logits(const std::uint8_t* clips, std::int64_t n) const = 0;
  virtual InputSpec input() const = 0;
  // Whether a call runs its clips one after the other on the calling thread, so that several calls of one
  // clip are as fast as one of several.
  virtual bool OneByOne() const { return false; }
  // "fp32 on the CPU (oneDNN)": for the user.
  virtual std::string description() const = 0;
};

// On the CPU, by oneDNN's kernels: without LibTorch. An Error where the options ask for what this machine has
// not. In a build without oneDNN there is only Compile() of models/torch/compile.h.
std::unique_ptr<CompiledModel> CompileForCpu(const FoldedGraph& graph, const InputSpec& input,
                                             const CompileOptions& options);

}  // namespace seam

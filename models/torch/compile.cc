#include "models/torch/compile.h"

#include <torch/cuda.h>

#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "models/torch/checkpoint.h"
#include "models/torch/folded_torch_model.h"

namespace seam {
namespace {

bool UseCuda(const std::string& device) {
  if (device == "cpu") return false;
  const bool available = torch::cuda::is_available();
  if (device == "cuda" && !available) {
    throw Error("--device", "there is no CUDA device that this LibTorch can use",
                "--device cpu works everywhere");
  }
  return available;
}

}  // namespace

FoldedGraph FoldModel(const Model& model) {
  std::map<std::string, std::vector<float>> numbers;
  for (const auto& [name, tensor] : ListWeights(model)) {
    const torch::Tensor plain = tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
    numbers[name] = {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
  }
  return Fold(model.graph(), numbers);
}

std::unique_ptr<CompiledModel> Compile(const FoldedGraph& graph, const InputSpec& input,
                                       const CompileOptions& options) {
  if (UseCuda(options.device))
    return MakeFoldedTorchModel(graph, input, torch::kCUDA, options.precision == "bf16");
#ifdef SEAM_ONEDNN
  return CompileForCpu(graph, input, options);
#else
  if (options.precision == "bf16") {
    throw Error("--precision", "bf16 on the CPU needs a Seam that was built with oneDNN",
                "--precision auto, which is fp32, works everywhere");
  }
  return MakeFoldedTorchModel(graph, input, torch::kCPU, false);
#endif
}

std::unique_ptr<CompiledModel> Compile(const Model& model, const CompileOptions& options) {
  return Compile(FoldModel(model), model.input(), options);
}

}  // namespace seam

#include "models/compile.h"

#include <torch/cuda.h>

#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "models/checkpoint.h"
#include "models/folded_torch_model.h"
#ifdef SEAM_ONEDNN
#include "models/onednn_model.h"
#endif

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

[[maybe_unused]] Error NoBf16(const std::string& why) {
  return {"--precision", "bf16 " + why, "--precision auto, which is fp32, works everywhere"};
}

}  // namespace

void CompileOptions::Register(Options* options) {
  options->Add("precision", &precision, "of the network: fp32; bf16: faster, less exact; auto: fp32",
               {"auto", "fp32", "bf16"});
  options->Add("device", &device, "cpu, cuda, or auto: cuda where there is one", {"auto", "cpu", "cuda"});
}

FoldedGraph FoldModel(const Model& model) {
  std::map<std::string, std::vector<float>> numbers;
  for (const auto& [name, tensor] : WeightsOf(model)) {
    const torch::Tensor plain = tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
    numbers[name] = {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
  }
  return Fold(model.graph(), numbers);
}

std::unique_ptr<CompiledModel> Compile(const Model& model, const CompileOptions& options) {
  const FoldedGraph graph = FoldModel(model);
  if (UseCuda(options.device)) {
    return MakeFoldedTorchModel(graph, model.input(), torch::kCUDA, options.precision == "bf16");
  }
#ifdef SEAM_ONEDNN
  if (options.precision == "bf16" && !HasNativeBf16()) throw NoBf16("is not native to this processor");
  return MakeOneDnnModel(graph, model.input(), options.precision == "bf16");
#else
  if (options.precision == "bf16") throw NoBf16("on the CPU needs a Seam that was built with oneDNN");
  return MakeFoldedTorchModel(graph, model.input(), torch::kCPU, false);
#endif
}

}  // namespace seam

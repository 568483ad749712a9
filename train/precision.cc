#include "train/precision.h"

#include <ATen/detail/CUDAHooksInterface.h>
#include <torch/cuda.h>

#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

// Of PyTorch's GradScaler.
constexpr double kFirstScale = 65536;
constexpr std::int64_t kGoodSteps = 2000;
constexpr double kGreatestScale = 16777216;  // beyond, float32's own small numbers are not what is lost

constexpr char kScale[] = "scaler.scale", kGood[] = "scaler.good_steps";

// LibTorch would emulate bf16 on older processors, at a fraction of float32's speed.
bool CpuHasBf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

Error NoSuchPrecision(const std::string& problem) {
  return {"--precision", problem, "--precision auto takes what suits the machine, fp32 works everywhere"};
}

torch::Device ResolveDevice(const std::string& name) {
  if (name == "cpu") return torch::kCPU;
  if (torch::cuda::is_available()) return torch::Device(torch::kCUDA, 0);
  if (name == "auto") return torch::kCPU;
  throw Error("--device", "there is no CUDA device that this LibTorch can use",
              "--device cpu works everywhere");
}

// Takes the number `name` out of `tensors`.
double TakeNumber(std::map<std::string, torch::Tensor>* tensors, const std::string& name,
                  const std::string& subject) {
  const auto found = tensors->extract(name);
  if (found.empty() || found.mapped().numel() != 1) {
    throw Error(subject, fmt::format("the tensor {} is missing", name), "--overwrite starts anew");
  }
  return found.mapped().item<double>();
}

}  // namespace

void PrecisionOptions::Register(Options* options) {
  options->Add("precision", &precision, "in which convolutions and dense layers compute",
               {"fp32", "bf16", "fp16", "auto"});
  options->Add("device", &device, "cpu, cuda, or auto: cuda where there is one", {"auto", "cpu", "cuda"});
}

std::string TrainPrecision::Name() const {
  const char* name = type == torch::kBFloat16 ? "bf16" : type == torch::kHalf ? "fp16" : "fp32";
  return fmt::format("{} on {}", name, device.str());
}

TrainPrecision ResolvePrecision(const PrecisionOptions& options) {
  TrainPrecision resolved{ResolveDevice(options.device)};
  std::string name = options.precision;
  if (resolved.device.is_cpu()) {
    if (name == "fp16") throw NoSuchPrecision("fp16 needs a CUDA device");
    if (name == "bf16" && !CpuHasBf16()) throw NoSuchPrecision("bf16 is not native to this processor");
    if (name == "auto") name = "fp32";
  } else if (name == "auto") {
    name = at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8() ? "bf16" : "fp16";
  }
  if (name == "bf16") resolved.type = torch::kBFloat16;
  if (name == "fp16") resolved.type = torch::kHalf;
  resolved.scale = name == "fp16";  // bfloat16 reaches as far as float32
  return resolved;
}

GradientScaler::GradientScaler(bool on) : on_(on), scale_(on ? kFirstScale : 1) {}

bool GradientScaler::Update(bool finite) {
  if (!on_) return finite;
  if (!finite) {
    good_steps_ = 0;
    if (scale_ <= 1) return false;
    scale_ /= 2;
  } else if (++good_steps_ == kGoodSteps) {
    good_steps_ = 0;
    if (scale_ < kGreatestScale) scale_ *= 2;
  }
  return true;
}

std::map<std::string, torch::Tensor> GradientScaler::State() const {
  if (!on_) return {};
  return {{kScale, torch::tensor(scale_, torch::kDouble)}, {kGood, torch::tensor(good_steps_, torch::kLong)}};
}

void GradientScaler::SetState(std::map<std::string, torch::Tensor>* tensors, const std::string& subject) {
  if (!on_) return;
  const double scale = TakeNumber(tensors, kScale, subject), good = TakeNumber(tensors, kGood, subject);
  if (!(scale >= 1 && scale <= kGreatestScale) || !(good >= 0 && good < kGoodSteps)) {
    throw Error(subject,
                fmt::format("the gradient scaler's state, {:g} and {:g}, makes no sense", scale, good),
                "--overwrite starts anew");
  }
  scale_ = scale;
  good_steps_ = static_cast<std::int64_t>(good);
}

}  // namespace seam

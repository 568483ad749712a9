#include "train/ema.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
#include <string>

#include "models/networks/graph.h"
#include "models/torch/checkpoint.h"

namespace seam {

Ema::Ema(double decay, const Model& model)
    : decay_(decay), average_(std::make_shared<Model>(model.options(), model.graph(), Model::kUnset)) {
  const torch::NoGradGuard no_grad;
  const auto weights = ListWeights(model);
  if (!weights.empty()) average_->to(weights.begin()->second.device());
  for (auto& [name, average] : ListWeights(*average_)) {
    average.copy_(weights.at(name));
    average.set_requires_grad(false);
  }
  average_->eval();
}

void Ema::Update(const Model& model) {
  const torch::NoGradGuard no_grad;
  const auto n = static_cast<double>(updates_++);
  const double decay = std::min(decay_, (1 + n) / (10 + n));
  auto parameters = average_->named_parameters(), buffers = average_->named_buffers();
  for (const auto& parameter : model.named_parameters()) {
    parameters[parameter.key()].lerp_(parameter.value(), 1 - decay);
  }
  for (const auto& buffer : model.named_buffers()) {
    torch::Tensor& average = buffers[buffer.key()];
    if (average.is_floating_point() && !IsTemperature(buffer.key()))
      average.lerp_(buffer.value(), 1 - decay);
    else
      average.copy_(buffer.value());
  }
}

}  // namespace seam

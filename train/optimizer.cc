#include "train/optimizer.h"

#include <torch/optim/adamw.h>

#include <cmath>
#include <sstream>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

using torch::optim::AdamWParamState;
using StateMap = std::decay_t<decltype(std::declval<torch::optim::AdamW&>().state())>;

// LibTorch finds a parameter's state by the parameter's address: written by a stream in 1.x, as it is in 2.x.
template <class Key>
Key KeyOf(const torch::Tensor& parameter) {
  if constexpr (std::is_pointer_v<Key>) {
    return parameter.unsafeGetTensorImpl();
  } else {
    std::ostringstream address;
    address << parameter.unsafeGetTensorImpl();
    return address.str();
  }
}

// A copy of the tensor `name`, which is taken out of `tensors`.
torch::Tensor Take(std::map<std::string, torch::Tensor>* tensors, const std::string& name,
                   const torch::Tensor& like, const std::string& subject) {
  const auto found = tensors->extract(name);
  if (found.empty()) throw Error(subject, fmt::format("the tensor {} is missing", name));
  if (found.mapped().sizes() != like.sizes() || found.mapped().dtype() != like.dtype()) {
    throw Error(subject, fmt::format("the tensor {} has not the shape and type of the model's", name));
  }
  return found.mapped().clone();
}

}  // namespace

void OptimizerOptions::Register(Options* options) {
  options->Add("weight-decay", &weight_decay, "of AdamW; not on biases and norms");
}

void OptimizerOptions::Check() const {
  if (!(weight_decay >= 0) || !std::isfinite(weight_decay)) {
    throw UsageError("--weight-decay", fmt::format("{:g} is below 0", weight_decay),
                     "0.01 is usual, 0 for none");
  }
}

struct Optimizer::Impl {
  torch::OrderedDict<std::string, torch::Tensor> parameters;
  std::unique_ptr<torch::optim::AdamW> adamw;
};

Optimizer::Optimizer(const OptimizerOptions& options, Model* model) : impl_(std::make_unique<Impl>()) {
  impl_->parameters = model->named_parameters();
  std::vector<torch::Tensor> decayed, others;
  for (const auto& parameter : impl_->parameters) {
    (parameter.value().dim() > 1 ? decayed : others).push_back(parameter.value());
  }
  using torch::optim::AdamWOptions;
  std::vector<torch::optim::OptimizerParamGroup> groups;
  groups.emplace_back(decayed,
                      std::make_unique<AdamWOptions>(AdamWOptions().weight_decay(options.weight_decay)));
  groups.emplace_back(others, std::make_unique<AdamWOptions>(AdamWOptions().weight_decay(0)));
  impl_->adamw = std::make_unique<torch::optim::AdamW>(std::move(groups));
}

Optimizer::~Optimizer() = default;

void Optimizer::ZeroGrad() { impl_->adamw->zero_grad(); }

void Optimizer::Step(double learning_rate) {
  for (auto& group : impl_->adamw->param_groups()) group.options().set_lr(learning_rate);
  impl_->adamw->step();
}

std::map<std::string, torch::Tensor> Optimizer::State() const {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& parameter : impl_->parameters) {
    const auto found = impl_->adamw->state().find(KeyOf<StateMap::key_type>(parameter.value()));
    if (found == impl_->adamw->state().end()) continue;
    const auto& state = static_cast<const AdamWParamState&>(*found->second);
    tensors["exp_avg." + parameter.key()] = state.exp_avg();
    tensors["exp_avg_sq." + parameter.key()] = state.exp_avg_sq();
    tensors["step." + parameter.key()] = torch::tensor(state.step(), torch::kLong);
  }
  return tensors;
}

void Optimizer::SetState(const std::map<std::string, torch::Tensor>& tensors, const std::string& subject) {
  auto left = tensors;
  for (const auto& parameter : impl_->parameters) {
    const std::string& name = parameter.key();
    if (left.count("step." + name) == 0) continue;
    auto state = std::make_unique<AdamWParamState>();
    state->exp_avg(Take(&left, "exp_avg." + name, parameter.value(), subject));
    state->exp_avg_sq(Take(&left, "exp_avg_sq." + name, parameter.value(), subject));
    state->step(Take(&left, "step." + name, torch::empty({}, torch::kLong), subject).item<std::int64_t>());
    impl_->adamw->state()[KeyOf<StateMap::key_type>(parameter.value())] = std::move(state);
  }
  if (!left.empty()) {
    throw Error(subject,
                fmt::format("the tensor {} belongs to no parameter of the model", left.begin()->first));
  }
}

}  // namespace seam

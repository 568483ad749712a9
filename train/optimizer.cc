#include "train/optimizer.h"

#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <array>
#include <cmath>
#include <sstream>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

using torch::optim::AdamWOptions;
using torch::optim::AdamWParamState;
using torch::optim::OptimizerParamGroup;
using torch::optim::OptimizerParamState;
using torch::optim::SGDOptions;
using torch::optim::SGDParamState;
using Tensors = std::map<std::string, torch::Tensor>;
constexpr char kHint[] = "--overwrite starts anew";

using StateMap = std::decay_t<decltype(std::declval<torch::optim::AdamW&>().state())>;

// LibTorch finds a parameter's state by the parameter's address: written by a stream in 1.x, as it is in 2.x.
template <class Key>
Key MakeKey(const torch::Tensor& parameter) {
  if constexpr (std::is_pointer_v<Key>) {
    return parameter.unsafeGetTensorImpl();
  } else {
    std::ostringstream address;
    address << parameter.unsafeGetTensorImpl();
    return address.str();
  }
}

// A copy of the tensor `name`, which is taken out of `tensors`.
torch::Tensor Take(Tensors* tensors, const std::string& name, const torch::Tensor& like,
                   const std::string& subject) {
  const auto found = tensors->extract(name);
  if (found.empty()) throw Error(subject, fmt::format("the tensor {} is missing", name), kHint);
  if (found.mapped().sizes() != like.sizes() || found.mapped().dtype() != like.dtype()) {
    throw Error(subject, fmt::format("the tensor {} has not the shape and type of the model's", name), kHint);
  }
  return torch::empty_like(like).copy_(found.mapped());
}

// The parameters that weight decay is applied to, and the others.
using Groups = std::pair<std::vector<torch::Tensor>, std::vector<torch::Tensor>>;

template <class Optim, class GroupOptions>
std::unique_ptr<torch::optim::Optimizer> Make(const Groups& parameters, const GroupOptions& options) {
  std::vector<OptimizerParamGroup> groups;
  groups.emplace_back(parameters.first, std::make_unique<GroupOptions>(options));
  groups.emplace_back(parameters.second,
                      std::make_unique<GroupOptions>(GroupOptions(options).weight_decay(0)));
  return std::make_unique<Optim>(std::move(groups), options);
}

std::unique_ptr<torch::optim::Optimizer> MakeAdamW(const OptimizerOptions& options,
                                                   const Groups& parameters) {
  return Make<torch::optim::AdamW>(parameters, AdamWOptions().weight_decay(options.weight_decay));
}

void SaveAdamW(const OptimizerParamState& general, const std::string& parameter, Tensors* tensors) {
  const auto& state = static_cast<const AdamWParamState&>(general);
  (*tensors)["exp_avg." + parameter] = state.exp_avg();
  (*tensors)["exp_avg_sq." + parameter] = state.exp_avg_sq();
  (*tensors)["step." + parameter] = torch::tensor(state.step(), torch::kLong);
}

std::unique_ptr<OptimizerParamState> LoadAdamW(const std::string& parameter, const torch::Tensor& like,
                                               Tensors* tensors, const std::string& subject) {
  auto state = std::make_unique<AdamWParamState>();
  state->exp_avg(Take(tensors, "exp_avg." + parameter, like, subject));
  state->exp_avg_sq(Take(tensors, "exp_avg_sq." + parameter, like, subject));
  state->step(
      Take(tensors, "step." + parameter, torch::empty({}, torch::kLong), subject).item<std::int64_t>());
  return state;
}

std::unique_ptr<torch::optim::Optimizer> MakeSgd(const OptimizerOptions& options, const Groups& parameters) {
  return Make<torch::optim::SGD>(
      parameters,
      SGDOptions(0).momentum(options.momentum).nesterov(options.nesterov).weight_decay(options.weight_decay));
}

void SaveSgd(const OptimizerParamState& general, const std::string& parameter, Tensors* tensors) {
  (*tensors)["momentum_buffer." + parameter] = static_cast<const SGDParamState&>(general).momentum_buffer();
}

std::unique_ptr<OptimizerParamState> LoadSgd(const std::string& parameter, const torch::Tensor& like,
                                             Tensors* tensors, const std::string& subject) {
  auto state = std::make_unique<SGDParamState>();
  state->momentum_buffer(Take(tensors, "momentum_buffer." + parameter, like, subject));
  return state;
}

struct Kind {
  const char* name;
  const char* mark;  // prefix of a tensor that every parameter with a state has
  std::unique_ptr<torch::optim::Optimizer> (*make)(const OptimizerOptions&, const Groups&);
  void (*save)(const OptimizerParamState&, const std::string& parameter, Tensors*);
  std::unique_ptr<OptimizerParamState> (*load)(const std::string& parameter, const torch::Tensor& like,
                                               Tensors*, const std::string& subject);
};

constexpr std::array<Kind, 2> kKinds = {{
    {"adamw", "step.", &MakeAdamW, &SaveAdamW, &LoadAdamW},
    {"sgd", "momentum_buffer.", &MakeSgd, &SaveSgd, &LoadSgd},
}};

const Kind& Find(const std::string& name) {
  for (const Kind& kind : kKinds) {
    if (name == kind.name) return kind;
  }
  throw UsageError("--optimizer", fmt::format("'{}' is not a choice", name), "choose from: adamw, sgd");
}

}  // namespace

void OptimizerOptions::Register(Options* options) {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  options->Add("optimizer", &optimizer, "what turns gradients into steps", names);
  options->Add("momentum", &momentum, "of sgd", BelowOne("0.9 is usual, 0 for none"));
  options->Add("nesterov", &nesterov, "Nesterov's momentum, of sgd");
  options->Add("weight-decay", &weight_decay, "not on biases and norms; sgd wants less, say 5e-4",
               AtLeast(0, "0.01 is usual, 0 for none"));
}

void OptimizerOptions::Check() const {
  CheckDeclared(*this);
  if (nesterov && (optimizer != "sgd" || momentum == 0)) {
    throw UsageError("--nesterov", optimizer == "sgd" ? "there is no momentum" : "is of sgd alone",
                     "--optimizer sgd --momentum 0.9");
  }
}

struct Optimizer::Impl {
  const Kind* kind = nullptr;
  torch::OrderedDict<std::string, torch::Tensor> parameters;
  std::unique_ptr<torch::optim::Optimizer> engine;
};

Optimizer::Optimizer(const OptimizerOptions& options, Model* model) : impl_(std::make_unique<Impl>()) {
  impl_->kind = &Find(options.optimizer);
  impl_->parameters = model->named_parameters();
  Groups groups;
  for (const auto& parameter : impl_->parameters) {
    (parameter.value().dim() > 1 ? groups.first : groups.second).push_back(parameter.value());
  }
  impl_->engine = impl_->kind->make(options, groups);
}

Optimizer::~Optimizer() = default;

void Optimizer::ZeroGrad() {
  for (auto& parameter : impl_->parameters) parameter.value().mutable_grad().reset();
}

void Optimizer::Step(double learning_rate) {
  for (auto& group : impl_->engine->param_groups()) group.options().set_lr(learning_rate);
  impl_->engine->step();
}

Tensors Optimizer::State() const {
  Tensors tensors;
  for (const auto& parameter : impl_->parameters) {
    const auto found = impl_->engine->state().find(MakeKey<StateMap::key_type>(parameter.value()));
    if (found != impl_->engine->state().end()) impl_->kind->save(*found->second, parameter.key(), &tensors);
  }
  return tensors;
}

void Optimizer::SetState(const Tensors& tensors, const std::string& subject) {
  auto left = tensors;
  for (const auto& parameter : impl_->parameters) {
    if (left.count(impl_->kind->mark + parameter.key()) == 0) continue;
    impl_->engine->state()[MakeKey<StateMap::key_type>(parameter.value())] =
        impl_->kind->load(parameter.key(), parameter.value(), &left, subject);
  }
  if (!left.empty()) {
    throw Error(subject,
                fmt::format("the tensor {} belongs to no parameter of the model", left.begin()->first),
                kHint);
  }
}

}  // namespace seam

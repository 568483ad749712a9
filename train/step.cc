#include "train/step.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "models/torch/autocast.h"
#include "models/torch/checkpoint.h"
#include "train/ema.h"

namespace seam {
namespace {

using Tensors = std::map<std::string, torch::Tensor>;
using Batches = std::vector<std::unique_ptr<TrainBatch>>;

constexpr char kRaw[] = "raw.", kUpdates[] = "ema.updates";

// What dropout draws from.
torch::Tensor RandomState(torch::Device device) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return generator.get_state();
}

void SetRandomState(torch::Device device, const torch::Tensor& state) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state);
}

}  // namespace

void StepOptions::Register(Options* options) {
  optimizer.Register(options);
  options->Add("sam-rho", &sam_rho, "radius of sharpness-aware minimisation, twice the work; 0: without",
               AtLeast(0, "0.05 is usual"));
  options->Add("clip-norm", &clip_norm, "greatest norm of a step's gradients; 0: any",
               AtLeast(0, "1 to 5 are usual"));
  options->Add("accumulate", &accumulate, "batches of one step of the optimiser",
               Between(1, 65536, "1 steps at each batch"));
  options->Add("ema", &ema, "decay of an average of the weights, which is then what is kept; 0: without",
               BelowOne("0.99 to 0.9999 are usual"));
}

void StepOptions::Check() const {
  CheckDeclared(*this);
  optimizer.Check();
}

struct TrainStep::Impl {
  Impl(const StepOptions& options_given, const TrainPrecision& precision_given,
       std::shared_ptr<Model> model_given, GradientSync* sync_given);

  // Leaves the gradients of the mean loss in .grad, unscaled and averaged over the processes, and says in
  // `result` what they are. False when there is no step to take.
  bool Gradients(const Batches& batches, StepResult* result);
  double RunBackward(const TrainBatch& batch, double weight, bool sync_now);
  std::vector<torch::Tensor> Defined() const;  // the gradients
  bool SecondPass(const Batches& batches, const torch::Tensor& random, StepResult* result);
  void Clip(double norm);

  StepOptions options;
  TrainPrecision precision;
  std::shared_ptr<Model> model;
  GradientSync* sync;
  std::optional<Optimizer> optimizer;
  std::optional<Ema> ema;
  GradientScaler scaler;
  std::vector<torch::Tensor> trainable;
};

TrainStep::Impl::Impl(const StepOptions& options_given, const TrainPrecision& precision_given,
                      std::shared_ptr<Model> model_given, GradientSync* sync_given)
    : options(options_given),
      precision(precision_given),
      model(std::move(model_given)),
      sync(sync_given),
      scaler(precision.scale) {
  model->to(precision.device);
  optimizer.emplace(options.optimizer, model.get());
  if (options.ema > 0) ema.emplace(options.ema, *model);
}

// The backward pass of a batch's share of the step's mean loss; returns the sum of its samples' losses.
double TrainStep::Impl::RunBackward(const TrainBatch& batch, double weight, bool sync_now) {
  const bool empty = batch.samples() == 0;
  if (empty) weight = 0;
  if (sync != nullptr) sync->BeforeForward(sync_now);
  std::vector<torch::Tensor> answers;
  {
    const Autocast autocast(precision.device.type(), precision.type);
    answers = batch.Forward(model.get());
  }
  const BatchLoss sum = batch.Loss(answers);
  const torch::Tensor loss = sum.learned * (weight * scaler.scale());
  if (sync != nullptr) sync->BeforeBackward(loss, sync_now);
  loss.backward();
  if (sync != nullptr) sync->AfterBackward(sync_now);
  return empty ? 0 : sum.reported.item<double>();
}

std::vector<torch::Tensor> TrainStep::Impl::Defined() const {
  std::vector<torch::Tensor> gradients;
  for (const auto& parameter : trainable) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  return gradients;
}

bool TrainStep::Impl::Gradients(const Batches& batches, StepResult* result) {
  std::int64_t own = 0;
  for (const auto& batch : batches) own += batch->samples();
  double weight = 1 / static_cast<double>(own);
  if (sync != nullptr) {
    const std::int64_t all = sync->CountSamples(own);
    weight = all > 0 ? sync->processes() / static_cast<double>(all) : 0;
  }
  optimizer->ZeroGrad();
  double sum = 0;
  std::optional<std::size_t> bad;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const double loss = RunBackward(*batches[i], weight, i + 1 == batches.size());
    if (!std::isfinite(loss) && !bad) bad = i;
    sum += loss;
  }
  result->loss = own > 0 ? sum / static_cast<double>(own) : 0;
  std::vector<torch::Tensor> norms;
  for (torch::Tensor& gradient : Defined()) {
    if (scaler.scale() != 1) gradient.mul_(1 / scaler.scale());
    norms.push_back(gradient.norm());
  }
  result->norm = norms.empty() ? 0 : torch::stack(norms).norm().item<double>();
  // Every process comes to the same answer from the gradients' norm; only that with the bad loss can name it.
  const bool finite = std::isfinite(result->norm) && !bad;
  if (finite) return true;
  result->batch = bad.value_or(0);
  result->outcome = bad ? StepResult::kBadLoss : StepResult::kBadGradient;
  return false;
}

// SAM: climbs from the weights w to w + rho * g / |g|, and leaves the gradients of there for a step from w.
bool TrainStep::Impl::SecondPass(const Batches& batches, const torch::Tensor& random, StepResult* result) {
  const torch::NoGradGuard no_grad;
  const double factor = options.sam_rho / (result->norm + 1e-12);
  std::vector<std::pair<torch::Tensor, torch::Tensor>>
      kept;  // a parameter, and w, which subtracting would round
  for (torch::Tensor& parameter : trainable) {
    if (!parameter.grad().defined()) continue;
    kept.emplace_back(parameter, parameter.clone());
    parameter.add_(parameter.grad(), factor);
  }
  SetRandomState(precision.device, random);
  model->TrackStatistics(false);
  StepResult second;
  bool good = false;
  {
    const torch::AutoGradMode with_grad(true);
    good = Gradients(batches, &second);
  }
  model->TrackStatistics(true);
  for (auto& [parameter, weights] : kept) parameter.copy_(weights);
  result->norm = second.norm;
  result->outcome = second.outcome;
  result->batch = second.batch;
  return good;
}

void TrainStep::Impl::Clip(double norm) {
  if (options.clip_norm == 0 || norm <= options.clip_norm) return;
  for (torch::Tensor& gradient : Defined()) gradient.mul_(options.clip_norm / norm);
}

TrainStep::TrainStep(const StepOptions& options, const TrainPrecision& precision,
                     std::shared_ptr<Model> model, GradientSync* sync)
    : impl_(std::make_unique<Impl>(options, precision, std::move(model), sync)) {}

TrainStep::~TrainStep() = default;

void TrainStep::BeginEpoch(bool freeze_backbone) {
  impl_->model->train();
  impl_->model->FreezeBackbone(freeze_backbone);
  std::vector<torch::Tensor> trainable;
  for (const auto& parameter : impl_->model->parameters()) {
    if (parameter.requires_grad()) trainable.push_back(parameter);
  }
  const bool changed = trainable.size() != impl_->trainable.size();  // it freezes as a whole
  impl_->trainable = std::move(trainable);
  if (!changed) return;
  impl_->optimizer->ZeroGrad();
  if (impl_->sync != nullptr) impl_->sync->SetParameters(impl_->trainable);
}

StepResult TrainStep::Run(const Batches& batches, double learning_rate) {
  Impl& impl = *impl_;
  StepResult result;
  const bool sam = impl.options.sam_rho > 0;
  const torch::Tensor random = sam ? RandomState(impl.precision.device) : torch::Tensor();
  bool good = impl.Gradients(batches, &result);
  if (good && sam) good = impl.SecondPass(batches, random, &result);
  if (!impl.scaler.Update(good)) return result;
  if (!good) {
    result.outcome = StepResult::kSkipped;
    return result;
  }
  impl.Clip(result.norm);
  impl.optimizer->Step(learning_rate);
  if (impl.ema) impl.ema->Update(*impl.model);
  return result;
}

const std::shared_ptr<Model>& TrainStep::evaluated() const {
  return impl_->ema ? impl_->ema->average() : impl_->model;
}

Tensors TrainStep::State() const {
  Tensors tensors = impl_->optimizer->State();
  tensors.merge(impl_->scaler.State());
  if (!impl_->ema) return tensors;
  for (const auto& [name, weight] : ListWeights(*impl_->model)) tensors[kRaw + name] = weight.detach();
  tensors[kUpdates] = torch::tensor(impl_->ema->updates(), torch::kLong);
  return tensors;
}

void TrainStep::SetState(Tensors tensors, const std::string& subject) {
  impl_->scaler.SetState(&tensors, subject);
  if (impl_->ema) {
    const auto updates = tensors.extract(kUpdates);
    if (updates.empty() || updates.mapped().numel() != 1) {
      throw Error(subject, fmt::format("the tensor {} is missing", kUpdates), "--overwrite starts anew");
    }
    Tensors raw;
    for (const auto& [name, weight] : ListWeights(*impl_->model)) {
      auto found = tensors.extract(kRaw + name);
      if (!found.empty()) raw[name] = std::move(found.mapped());
    }
    LoadWeights(raw, subject, impl_->model.get());
    impl_->ema->set_updates(updates.mapped().item<std::int64_t>());
  }
  impl_->optimizer->SetState(tensors, subject);
}

}  // namespace seam

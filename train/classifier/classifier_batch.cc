#include "train/classifier/classifier_batch.h"

#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "train/classifier/preview.h"

namespace seam {
namespace {

// The mean over cells, frames and clips' sum of the cross-entropy between Batch::xray and what the network's
// map [N * T, C, M, M] says. It has no weights of its own: half of the channels speak for an edge, half
// against, so a checkpoint is the same with and without.
torch::Tensor XrayLoss(const torch::Tensor& map, const torch::Tensor& xray) {
  const std::int64_t half = map.size(1) / 2;
  const auto floats = map.to(torch::kFloat);
  const auto logits = (floats.narrow(1, 0, half).mean(1) - floats.narrow(1, half, half).mean(1)) *
                      std::sqrt(static_cast<double>(map.size(1)));
  const auto wanted = xray.to(logits.device()).flatten(0, 1);
  const auto known = wanted.ge(0).to(torch::kFloat);  // ClipMaker::kUnknown is below 0
  const auto sum =
      torch::binary_cross_entropy_with_logits(logits, wanted.clamp_min(0), known, {}, at::Reduction::Sum);
  return sum / (xray.size(1) * xray.size(2) * xray.size(3));
}

}  // namespace

void ClassifierLossOptions::Register(Options* options) {
  options->Add("label-smoothing", &label_smoothing, "share of each label that both classes split",
               BelowOne("0.05 to 0.1 are usual, 0 for none"));
  options->Add("class-weights", &class_weights,
               "of a clip's loss: all alike, or so that both classes weigh as much", {"none", "balanced"});
  options->Add("xray", &xray,
               "weight of a second loss: on where fakes made on the fly are blended; 0: without",
               AtLeast(0, "1 is usual"));
}

void ClassifierLossOptions::Check() const { CheckDeclared(*this); }

void ClassifierLossOptions::WeighClasses(std::int64_t reals, std::int64_t fakes) {
  if (class_weights != "balanced" || reals == 0 || fakes == 0) return;
  const double half = static_cast<double>(reals + fakes) / 2;
  real_weight = half / static_cast<double>(reals);
  fake_weight = half / static_cast<double>(fakes);
}

std::int64_t ClassifierBatch::progress() const {
  return static_cast<std::int64_t>(batch_.planned) * batch_.clips.size(1);
}

std::vector<torch::Tensor> ClassifierBatch::Forward(Model* network) const {
  torch::Tensor clips = batch_.clips;
  if (samples() == 0)
    clips = torch::zeros({1, clips.size(1), clips.size(2), clips.size(3), clips.size(4)}, torch::kUInt8);
  torch::Tensor map;
  const torch::Tensor logits = network->forward(clips, traced() ? &map : nullptr);
  return {logits, map};
}

BatchLoss ClassifierBatch::Loss(const std::vector<torch::Tensor>& answers) const {
  const torch::Tensor &logits = answers[0], &map = answers[1];
  torch::Tensor labels = samples() == 0 ? torch::zeros({1}) : batch_.labels;
  labels = labels.to(logits.device());
  torch::Tensor weights;
  if (options_.real_weight != options_.fake_weight)
    weights = labels * (options_.fake_weight - options_.real_weight) + options_.real_weight;
  const double smoothing = options_.label_smoothing;
  if (smoothing > 0) labels = labels * (1 - smoothing) + smoothing / 2;
  const auto sum = torch::binary_cross_entropy_with_logits(logits.to(torch::kFloat), labels, weights, {},
                                                           at::Reduction::Sum);
  return {traced() ? sum + options_.xray * XrayLoss(map, batch_.xray) : sum, sum};
}

std::vector<std::string> ClassifierBatch::InputNames() const {
  std::vector<std::string> names;
  if (dataset_ == nullptr) return names;
  for (const std::size_t index : batch_.indices) names.push_back(dataset_->video(index));
  return names;
}

Sheet ClassifierBatch::Picture() const { return batch_.clips.size(0) > 0 ? MakeSheet(batch_) : Sheet(); }

}  // namespace seam

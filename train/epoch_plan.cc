#include "train/epoch_plan.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "train/random.h"
#include "train/sampling.h"

namespace seam {
namespace {

int WindowOf(const ClipDataset& dataset, int frames) {
  return frames > 0 && frames < dataset.frames() ? frames : dataset.frames();
}

std::size_t BatchesOf(std::size_t samples, std::size_t batch) { return (samples + batch - 1) / batch; }

}  // namespace

void LoaderOptions::Register(Options* options) {
  options->Add("batch", &batch, "clips in a batch");
  options->Add("workers", &workers, "threads that decode pictures, at most as many as cores; 0: as many");
  options->Add("balance", &balance, "what is shown equally often: nothing, both classes, or all methods, too",
               BalanceNames());
  options->Add("pairs", &pairs, "put a real and a fake clip of the same group side by side in a batch");
  augment.Register(options);
}

void LoaderOptions::Check() const {
  if (batch < 1 || batch > 65536)
    throw UsageError("--batch", fmt::format("{} is not 1 to 65536", batch), "64 is usual");
  if (workers < 0 || workers > 1024)
    throw UsageError("--workers", fmt::format("{} is not 0 to 1024", workers), "0 takes one for each core");
  if (pairs && batch % 2 != 0) {
    throw UsageError("--pairs", fmt::format("cannot fill batches of {}", batch), "give an even --batch");
  }
  augment.Check();
}

EpochPlan::Range EpochPlan::Whole(std::size_t number) const {
  const std::size_t units = samples.size() / unit;
  return {units * number / batches * unit, units * (number + 1) / batches * unit};
}

EpochPlan::Range EpochPlan::Own(std::size_t number) const {
  const Range whole = Whole(number);
  const std::size_t units = whole.size() / unit;
  const auto share = [&](int of) {
    return whole.begin + units * static_cast<std::size_t>(of) / static_cast<std::size_t>(world) * unit;
  };
  return {share(rank), share(rank + 1)};
}

Augmentation EpochPlan::AugmentationOf(const Sample& sample) const {
  if (!augmenter) return {};
  auto engine = MakeEngine(seed, Stream::kAugmentation, epoch, sample.draw);
  return augmenter->Draw(&engine);
}

EpochPlan PlanTraining(const ClipDataset& dataset, const LoaderOptions& options, std::uint64_t seed,
                       std::uint64_t epoch, int frames) {
  auto engine = MakeEngine(seed, Stream::kOrder, epoch);
  const Balance balance = BalanceOf(options.balance);
  const auto indices =
      options.pairs ? DrawPairs(dataset, balance, &engine) : DrawClips(dataset, balance, &engine);
  EpochPlan plan;
  plan.unit = options.pairs ? 2 : 1;
  plan.batches = BatchesOf(indices.size(), static_cast<std::size_t>(options.batch));
  plan.frames = WindowOf(dataset, frames);
  plan.seed = seed;
  plan.epoch = epoch;
  plan.augmenter.emplace(options.augment);
  const auto starts = static_cast<std::uint64_t>(dataset.frames() - plan.frames + 1);
  plan.samples.reserve(indices.size());
  for (const std::size_t index : indices) {
    EpochPlan::Sample sample{index, static_cast<int>(Draw(&engine, starts))};
    sample.draw = plan.samples.size();
    plan.samples.push_back(sample);
  }
  return plan;
}

EpochPlan PlanInOrder(const ClipDataset& dataset, const LoaderOptions& options, int frames) {
  EpochPlan plan;
  plan.frames = WindowOf(dataset, frames);
  const int clips = frames > 0 ? options.batch : std::max(1, options.batch / plan.frames);
  plan.batches = BatchesOf(dataset.size(), static_cast<std::size_t>(clips));
  const int first = (dataset.frames() - plan.frames) / 2;
  plan.samples.reserve(dataset.size());
  for (std::size_t i = 0; i < dataset.size(); ++i) plan.samples.push_back({i, first});
  return plan;
}

EpochPlan ShareOf(EpochPlan plan, int rank, int world) {
  plan.rank = rank;
  plan.world = world;
  return plan;
}

}  // namespace seam

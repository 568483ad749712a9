#include "train/data/epoch_plan.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/random.h"
#include "train/data/clip_sampling.h"

namespace seam {
namespace {

int FindWindow(const ClipDataset& dataset, int frames) {
  return frames > 0 && frames < dataset.frames() ? frames : dataset.frames();
}

using Kind = EpochPlan::Sample::Kind;

// A real and a fake sample side by side.
struct Pair {
  std::size_t real = 0, fake = 0;  // clips
  bool blended = false;            // the fake is made of the real one, and `fake` means nothing
};

bool IsBlendable(const ClipDataset& dataset, std::size_t index) {
  return dataset.label(index) == 0 && dataset.points(index) == PointsState::kGood;
}

std::vector<std::size_t> Blendable(const ClipDataset& dataset) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    if (IsBlendable(dataset, i)) indices.push_back(i);
  }
  return indices;
}

std::vector<Pair> BlendedPairs(const ClipDataset& dataset, std::mt19937_64* engine) {
  std::vector<Pair> pairs;
  for (const std::size_t index : DrawClips(dataset, Balance::kNone, engine)) {
    if (IsBlendable(dataset, index)) pairs.push_back({index, index, true});
  }
  return pairs;
}

std::vector<Pair> MixedPairs(const ClipDataset& dataset, Balance balance, double share,
                             std::mt19937_64* engine) {
  const auto indices = DrawPairs(dataset, balance, engine);
  std::vector<Pair> pairs;
  std::vector<std::size_t> blendable;  // numbers of pairs
  for (std::size_t i = 0; i + 1 < indices.size(); i += 2) {
    if (IsBlendable(dataset, indices[i])) blendable.push_back(pairs.size());
    pairs.push_back({indices[i], indices[i + 1]});
  }
  const auto wanted = static_cast<std::size_t>(std::llround(share * static_cast<double>(pairs.size())));
  const std::size_t count = std::min(wanted, blendable.size());
  for (std::size_t i = 0; i < count; ++i) {
    std::swap(blendable[i], blendable[i + Draw(engine, blendable.size() - i)]);
    pairs[blendable[i]].blended = true;
  }
  return pairs;
}

std::size_t CountBatches(std::size_t samples, std::size_t batch) { return (samples + batch - 1) / batch; }

}  // namespace

void LoaderOptions::Register(Options* options) {
  options->Add("batch", &batch, "clips in a batch", Between(1, 65536, "64 is usual"));
  options->Add("workers", &workers, "threads that decode pictures, at most as many as cores; 0: as many",
               Between(0, 1024));
  options->Add("balance", &balance, "what is shown equally often: nothing, both classes, or all methods, too",
               BalanceNames());
  options->Add("pairs", &pairs, "put a real and a fake clip of the same group side by side in a batch");
  fakes.Register(options);
  augment.Register(options);
}

void LoaderOptions::Check() const {
  CheckDeclared(*this);
  fakes.Check();
  if ((pairs || fakes.Blends()) && batch % 2 != 0) {
    throw UsageError(pairs ? "--pairs" : "--fakes", fmt::format("cannot fill batches of {}", batch),
                     "give an even --batch");
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

Augmentation EpochPlan::DrawAugmentation(const Sample& sample) const {
  if (!augmenter) return {};
  auto engine = MakeEngine(seed, Stream::kAugmentation, epoch, sample.draw);
  return augmenter->Draw(&engine);
}

EpochPlan PlanTraining(const ClipDataset& dataset, const LoaderOptions& options, std::uint64_t seed,
                       std::uint64_t epoch, int frames) {
  auto engine = MakeEngine(seed, Stream::kOrder, epoch);
  const Balance balance = ReadBalance(options.balance);
  EpochPlan plan;
  plan.frames = FindWindow(dataset, frames);
  plan.seed = seed;
  plan.epoch = epoch;
  plan.augmenter.emplace(options.augment);
  const auto starts = static_cast<std::uint64_t>(dataset.frames() - plan.frames + 1);
  const auto add = [&](std::size_t index, int first, Kind kind, std::size_t draw) {
    plan.samples.push_back({index, first, kind, draw});
  };
  const auto start = [&] { return static_cast<int>(Draw(&engine, starts)); };
  if (options.fakes.Blends()) {
    plan.fakes = options.fakes;
    if (plan.fakes.sbi_swap > 0) plan.donors = Blendable(dataset);
    const auto pairs = options.fakes.fakes == "sbi"
                           ? BlendedPairs(dataset, &engine)
                           : MixedPairs(dataset, balance, options.fakes.sbi_share, &engine);
    for (const Pair& pair : pairs) {
      const int first = start();
      const std::size_t draw = plan.samples.size();
      add(pair.real, first, pair.blended ? Kind::kBlendReal : Kind::kStored, draw);
      if (pair.blended) add(pair.real, first, Kind::kBlendFake, draw);
      if (!pair.blended) add(pair.fake, start(), Kind::kStored, draw + 1);
    }
  } else {
    const auto indices =
        options.pairs ? DrawPairs(dataset, balance, &engine) : DrawClips(dataset, balance, &engine);
    plan.samples.reserve(indices.size());
    for (const std::size_t index : indices) add(index, start(), Kind::kStored, plan.samples.size());
  }
  plan.unit = options.pairs || options.fakes.Blends() ? 2 : 1;
  plan.batches = CountBatches(plan.samples.size(), static_cast<std::size_t>(options.batch));
  return plan;
}

EpochPlan PlanInOrder(const ClipDataset& dataset, const LoaderOptions& options, int frames) {
  EpochPlan plan;
  plan.frames = FindWindow(dataset, frames);
  const int clips = frames > 0 ? options.batch : std::max(1, options.batch / plan.frames);
  plan.batches = CountBatches(dataset.size(), static_cast<std::size_t>(clips));
  const int first = (dataset.frames() - plan.frames) / 2;
  plan.samples.reserve(dataset.size());
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    Kind kind = Kind::kStored;
    if (dataset.IsSelfBlended(i)) kind = Kind::kBlendFake;
    if (dataset.has_self_blended() && IsBlendable(dataset, i)) kind = Kind::kBlendReal;
    plan.samples.push_back({i, first, kind, dataset.place(i)});
  }
  return plan;
}

EpochPlan TakeShare(EpochPlan plan, int rank, int world) {
  plan.rank = rank;
  plan.world = world;
  return plan;
}

}  // namespace seam

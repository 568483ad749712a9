#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "train/data/augment.h"
#include "train/data/dataset.h"
#include "train/data/fakes.h"

namespace seam {

struct LoaderOptions {
  int batch = 64;
  int workers = 0;               // at most, and with 0, as many as the machine has cores
  std::string balance = "none";  // BalanceNames()
  bool pairs = false;            // real and fake clips of a group side by side
  FakesOptions fakes = {};
  AugmentOptions augment = {};
  void Register(Options* options);
  void Check() const;  // UsageError
};

// Which clips an epoch shows, in what order, and what happens to each: what follows from the seed alone, so
// that any thread of any process can make any of its batches. Batches differ in size by one unit at most, so
// that none is tiny.
struct EpochPlan {
  // One labelled clip of a batch. ClipMaker makes it; FindLabel() labels it.
  struct Sample {
    enum class Kind : std::uint8_t {
      kStored,     // as it stands in the shard
      kBlendReal,  // the real one of a pair of self-blended images (train/data/self_blend.h)
      kBlendFake,  // the fake one: of the same clip, window and draw
    };
    std::size_t index = 0;  // of the clip in the dataset
    int first = 0;          // frame of the clip that the window begins with
    Kind kind = Kind::kStored;
    std::uint64_t draw = 0;  // tells what is drawn for it from what is drawn for others of the epoch
    bool operator==(const Sample&) const = default;
  };
  struct Range {
    std::size_t begin = 0, end = 0;
    std::size_t size() const { return end - begin; }
  };

  std::vector<Sample> samples = {};  // of all processes
  std::size_t batches = 0;
  int frames = 0;           // of a window; 0: the whole clip
  std::size_t unit = 1;     // so many samples, side by side, stay in one batch and one process
  int rank = 0, world = 1;  // whose share of each batch Own() is
  std::uint64_t seed = 0, epoch = 0;
  std::optional<Augmenter> augmenter = {};  // none: clips stay as they are
  FakesOptions fakes = {};                  // how those made on the fly are drawn
  std::vector<std::size_t> donors = {};     // clips whose faces are blended into others' pictures
  int xray_side = 0;                        // of the maps of where fakes are blended; 0: without

  // The samples of batch `number`, counted from 0: of all processes, and of this one.
  Range Whole(std::size_t number) const;
  Range Own(std::size_t number) const;
  // What happens to a sample; the same whoever asks.
  Augmentation DrawAugmentation(const Sample& sample) const;
};

// A shuffled epoch, a pure function of the dataset (labels, groups, methods, weights), the options, seed and
// epoch. Which clips it shows, and how often, is what `balance` and `pairs` say (train/data/clip_sampling.h):
// every clip once, by default. Of each clip a window of `frames` that begins anywhere; 0, and what fits no
// clip, is all of it. So with `frames` 1, for networks of single pictures, a clip of several frames shows one
// of them, and another one in another epoch.
//
// With --fakes sbi an epoch has a pair of each real clip with good landmarks, and nothing else. A pair is a
// real and a fake clip side by side. With both, it has the pairs of --pairs. In a random `sbi_share` of them
// a fake made of the real clip replaces the stored one. Those without good landmarks keep it.
EpochPlan PlanTraining(const ClipDataset& dataset, const LoaderOptions& options, std::uint64_t seed,
                       std::uint64_t epoch, int frames = 0);
// Every clip once, in order, as it is stored, or as the self-blended pairs that the dataset was given
// (ClipDataset::AddSelfBlended()), always the same; of each the window in its middle. With `frames` 0, whole
// clips, and so many of them in a batch that it has not more than options.batch frames, or one clip.
EpochPlan PlanInOrder(const ClipDataset& dataset, const LoaderOptions& options, int frames = 0);

// The plan of process `rank` (from 0) of `world`: the same batches, of which Own() is its part. The parts
// follow one another in the order of the ranks, differ by one unit at most and may be empty.
EpochPlan TakeShare(EpochPlan plan, int rank, int world);

}  // namespace seam

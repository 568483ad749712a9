#include "train/data/fakes.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "train/data/dataset.h"

namespace seam {

void FakesOptions::Register(Options* options) {
  constexpr Range kShare = Between(0, 1, "0 for self-blended images as published");
  options->Add("fakes", &fakes,
               "shards: as stored; sbi: made of the real clips, which need landmarks, on the fly; both",
               {"shards", "sbi", "both"});
  options->Add("sbi-share", &sbi_share, "with --fakes both: the share of the fakes that is made on the fly",
               {0, 1, "--fakes shards takes none of them, --fakes sbi nothing else", true, true});
  options->Add("sbi-swap", &sbi_swap, "of the fakes made on the fly, the share that shows another's face",
               kShare);
  options->Add("sbi-plain", &sbi_plain,
               "of the fakes made on the fly, the share that is neither made smaller nor sharpened", kShare);
  options->Add(
      "sbi-mouth", &sbi_mouth,
      "of the fakes made on the fly, the share whose lower face is rendered again with another mouth",
      kShare);
}

void FakesOptions::Check() const {
  CheckDeclared(*this);
  for (const auto& [name, share] : {std::pair("--sbi-swap", sbi_swap), std::pair("--sbi-plain", sbi_plain),
                                    std::pair("--sbi-mouth", sbi_mouth)}) {
    if (share > 0 && !Blends())
      throw UsageError(name, "is for fakes made on the fly alone", "add --fakes sbi or both");
  }
}

void CheckBlendable(const ClipDataset& dataset) {
  std::array<std::size_t, 3> clips = {};  // real ones, by PointsState
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    if (dataset.label(i) == 0) ++clips[static_cast<std::size_t>(dataset.points(i))];
  }
  const auto [good, missing, implausible] = clips;
  if (good == 0) {
    throw Error(
        dataset.folder().string(),
        fmt::format("no real clip of the split '{}' can be blended into itself: {} have no landmarks, {} "
                    "implausible ones",
                    dataset.split(), missing, implausible),
        "store the landmarks with `seam extract --landmarks 68`");
  }
  if (missing + implausible == 0) return;
  SayWarning(
      fmt::format("{}: {} of {} real clips of '{}' make no self-blended images: {} have no landmarks, {} "
                  "implausible ones",
                  dataset.folder().string(), missing + implausible, good + missing + implausible,
                  dataset.split(), missing, implausible));
}

}  // namespace seam

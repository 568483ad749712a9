#include "train/clip_maker.h"

#include <fmt/format.h>

namespace seam {
namespace {

// Frame `number` of a clip at `pixels`, [T, side, side, 3], without a copy.
cv::Mat FrameOf(std::uint8_t* pixels, int number, int side) {
  return cv::Mat(side, side, CV_8UC3, pixels + std::int64_t{3} * number * side * side);
}

}  // namespace

int LabelOf(const ClipDataset& dataset, const EpochPlan::Sample& sample) {
  return dataset.label(sample.index);
}

std::string ClipMaker::Make(const EpochPlan::Sample& sample, std::uint8_t* pixels) {
  std::string problem;
  const auto clip = dataset_.TryRead(sample.index, &problem);
  if (clip) problem = Decode(*clip, sample, pixels);
  if (!problem.empty()) return problem;
  switch (sample.kind) {
    case EpochPlan::Sample::Kind::kStored:
      break;
  }
  Augment(sample, pixels);
  return "";
}

std::string ClipMaker::Decode(const Clip& clip, const EpochPlan::Sample& sample, std::uint8_t* pixels) {
  const int side = static_cast<int>(dataset_.crop().size());
  for (int i = 0; i < plan_.frames; ++i) {
    const int frame = sample.first + i;
    const auto problem =
        decoder_.Decode(clip.frames(frame).image(), dataset_.crop(), FrameOf(pixels, i, side).data);
    if (!problem.empty()) return fmt::format("frame {} of {}: {}", frame, clip.video(), problem);
  }
  return "";
}

void ClipMaker::Augment(const EpochPlan::Sample& sample, std::uint8_t* pixels) const {
  const auto augmentation = plan_.AugmentationOf(sample);
  if (augmentation.steps.empty()) return;
  const int side = static_cast<int>(dataset_.crop().size());
  for (int i = 0; i < plan_.frames; ++i) {
    cv::Mat picture = FrameOf(pixels, i, side);
    Augmenter::Apply(augmentation, sample.first + i, &picture);
  }
}

}  // namespace seam

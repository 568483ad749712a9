#include "train/clip_maker.h"

#include <fmt/format.h>

#include "train/face_points.h"
#include "train/random.h"
#include "train/self_blend.h"

namespace seam {
namespace {

// Frame `number` of a clip at `pixels`, [T, side, side, 3], without a copy.
cv::Mat FrameOf(std::uint8_t* pixels, int number, int side) {
  return cv::Mat(side, side, CV_8UC3, pixels + std::int64_t{3} * number * side * side);
}

}  // namespace

int LabelOf(const ClipDataset& dataset, const EpochPlan::Sample& sample) {
  return sample.kind == EpochPlan::Sample::Kind::kBlendFake ? 1 : dataset.label(sample.index);
}

std::string ClipMaker::Make(const EpochPlan::Sample& sample, std::uint8_t* pixels) {
  std::string problem;
  const auto clip = dataset_.TryRead(sample.index, &problem);
  if (clip) problem = Decode(*clip, sample, pixels);
  if (!problem.empty()) return problem;
  if (sample.kind != EpochPlan::Sample::Kind::kStored) problem = Blend(*clip, sample, pixels);
  if (!problem.empty()) return problem;
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

std::string ClipMaker::Blend(const Clip& clip, const EpochPlan::Sample& sample, std::uint8_t* pixels) const {
  if (StateOfPoints(clip) != PointsState::kGood) return fmt::format("{} lost its landmarks", clip.video());
  auto engine = MakeEngine(plan_.seed, Stream::kBlend, plan_.epoch, sample.draw);
  const SelfBlendDraw draw = DrawSelfBlend(&engine);
  const int side = static_cast<int>(dataset_.crop().size());
  if (sample.kind == EpochPlan::Sample::Kind::kBlendReal) {
    for (int i = 0; i < plan_.frames; ++i) {
      cv::Mat picture = FrameOf(pixels, i, side);
      MakeReal(draw, &picture);
    }
    return "";
  }
  const SelfBlender blender(draw, PointsOf(clip, sample.first, plan_.frames), side);
  for (int i = 0; i < plan_.frames; ++i) {
    cv::Mat picture = FrameOf(pixels, i, side);
    blender.MakeFake(static_cast<std::size_t>(i), &picture);
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

#include "train/data/clip_maker.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <opencv2/imgproc.hpp>

#include "base/random.h"
#include "train/data/face_points.h"
#include "train/data/self_blend.h"

namespace seam {
namespace {

// Frame `number` of a clip at `pixels`, [T, side, side, 3], without a copy.
cv::Mat ViewFrame(std::uint8_t* pixels, int number, int side) {
  return cv::Mat(side, side, CV_8UC3, pixels + std::int64_t{3} * number * side * side);
}

}  // namespace

int FindLabel(const ClipDataset& dataset, const EpochPlan::Sample& sample) {
  return sample.kind == EpochPlan::Sample::Kind::kBlendFake ? 1 : dataset.label(sample.index);
}

std::string ClipMaker::Make(const EpochPlan::Sample& sample, std::uint8_t* pixels, float* xray) {
  if (plan_.xray_side == 0) xray = nullptr;
  if (xray != nullptr)
    std::fill_n(xray, plan_.frames * plan_.xray_side * plan_.xray_side,
                FindLabel(dataset_, sample) == 1 ? kUnknown : 0.F);
  std::string problem;
  const auto clip = dataset_.TryRead(sample.index, &problem);
  if (clip) problem = Decode(*clip, sample, pixels);
  if (!problem.empty()) return problem;
  const Augmentation augmentation = plan_.DrawAugmentation(sample);
  if (sample.kind != EpochPlan::Sample::Kind::kStored)
    problem = Blend(*clip, sample, augmentation, pixels, xray);
  if (!problem.empty()) return problem;
  Augment(sample, augmentation, pixels);
  return "";
}

std::string ClipMaker::Decode(const Clip& clip, const EpochPlan::Sample& sample, std::uint8_t* pixels) {
  const int side = static_cast<int>(dataset_.crop().size());
  for (int i = 0; i < plan_.frames; ++i) {
    const int frame = sample.first + i;
    const auto problem =
        decoder_.Decode(clip.frames(frame).image(), dataset_.crop(), ViewFrame(pixels, i, side).data);
    if (!problem.empty()) return fmt::format("frame {} of {}: {}", frame, clip.video(), problem);
  }
  return "";
}

// Of eight faces of others, drawn anew for each sample, the one that looks most nearly the same way. None
// where sixty-four draws find nobody else.
std::optional<Clip> ClipMaker::FindDonor(const EpochPlan::Sample& sample, const FacePoints& points,
                                         std::mt19937_64* engine) const {
  constexpr int kFaces = 8, kDraws = 64;
  const cv::Rect2f crop(0, 0, static_cast<float>(dataset_.crop().size()),
                        static_cast<float>(dataset_.crop().size()));
  std::optional<Clip> nearest;
  double least = 0;
  for (int draws = 0, faces = 0; draws < kDraws && faces < kFaces; ++draws) {
    const std::size_t index = plan_.donors[Draw(engine, plan_.donors.size())];
    if (dataset_.video(index) == dataset_.video(sample.index)) continue;
    if (dataset_.group(index) == dataset_.group(sample.index) && !dataset_.group(index).empty()) continue;
    if (dataset_.picture_hash(index) == dataset_.picture_hash(sample.index)) continue;  // in another folder
    std::string problem;  // which is told when the clip is shown itself
    auto clip = dataset_.TryRead(index, &problem);
    if (!clip || StateOfPoints(*clip) != PointsState::kGood) continue;
    const FacePoints donor = ReadPoints(*clip, sample.first, 1).front();
    const auto inside = [&](const cv::Point2f& point) { return crop.contains(point); };
    if (!std::all_of(donor.begin(), donor.end(), inside)) continue;  // what lies beyond would be made up
    ++faces;
    const double residual = FitAffine(donor, points).residual;
    if (nearest && residual >= least) continue;
    least = residual;
    nearest = std::move(clip);
  }
  return nearest;
}

std::string ClipMaker::Blend(const Clip& clip, const EpochPlan::Sample& sample,
                             const Augmentation& augmentation, std::uint8_t* pixels, float* xray) {
  if (StateOfPoints(clip) != PointsState::kGood) return fmt::format("{} lost its landmarks", clip.video());
  auto engine = MakeEngine(plan_.seed, Stream::kBlend, plan_.epoch, sample.draw);
  const SelfBlendDraw draw = DrawSelfBlend(&engine, plan_.fakes);
  const int side = static_cast<int>(dataset_.crop().size());
  if (sample.kind == EpochPlan::Sample::Kind::kBlendReal) {
    for (int i = 0; i < plan_.frames; ++i) {
      cv::Mat picture = ViewFrame(pixels, i, side);
      MakeReal(draw, &picture);
    }
    return "";
  }
  const auto points = ReadPoints(clip, sample.first, plan_.frames);
  std::optional<Clip> donor;
  if (draw.swap) donor = FindDonor(sample, points.front(), &engine);
  if (donor) {
    donor_.resize(std::size_t{3} * static_cast<std::size_t>(plan_.frames * side * side));
    if (!Decode(*donor, sample, donor_.data()).empty()) donor.reset();
  }
  const SelfBlender blender(draw, points, side);
  const int cells = plan_.xray_side;
  for (int i = 0; i < plan_.frames; ++i) {
    cv::Mat picture = ViewFrame(pixels, i, side);
    DonorFace face;
    if (donor) face = {ViewFrame(donor_.data(), i, side), ReadPoints(*donor, sample.first + i, 1).front()};
    cv::Mat edge, small;
    blender.MakeFake(static_cast<std::size_t>(i), &picture, donor ? &face : nullptr,
                     xray != nullptr ? &edge : nullptr);
    if (xray == nullptr) continue;
    Augmenter::ApplyPlace(augmentation, &edge);
    cv::resize(edge, small, {cells, cells}, 0, 0, cv::INTER_AREA);
    cv::Mat out(cells, cells, CV_32F, xray + std::int64_t{i} * cells * cells);
    small.convertTo(out, CV_32F, 1.0 / 255);
  }
  return "";
}

void ClipMaker::Augment(const EpochPlan::Sample& sample, const Augmentation& augmentation,
                        std::uint8_t* pixels) const {
  if (augmentation.steps.empty()) return;
  const int side = static_cast<int>(dataset_.crop().size());
  for (int i = 0; i < plan_.frames; ++i) {
    cv::Mat picture = ViewFrame(pixels, i, side);
    Augmenter::Apply(augmentation, sample.first + i, &picture);
  }
}

}  // namespace seam

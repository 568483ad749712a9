#include "train/classifier/preview.h"

#include <algorithm>
#include <array>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "base/files.h"
#include "proto/picture_codec.h"
#include "train/data/clip_maker.h"

namespace seam {
namespace {

constexpr int kSide = 128, kStripe = 6, kGap = 2;

// The first clips of each class in the plan's order, as many as the sheet holds; pairs stay side by side.
EpochPlan FirstOfEachClass(const ClipDataset& dataset, const EpochPlan& plan, std::size_t of_each) {
  EpochPlan first = plan;
  first.samples.clear();
  first.unit = 1;
  std::array<std::size_t, 2> taken = {};
  for (const auto& sample : plan.samples) {
    if (taken[static_cast<std::size_t>(FindLabel(dataset, sample))]++ < of_each)
      first.samples.push_back(sample);
  }
  const auto by_class = [&](const auto& a, const auto& b) {
    return FindLabel(dataset, a) < FindLabel(dataset, b);
  };
  if (plan.unit == 1) std::stable_sort(first.samples.begin(), first.samples.end(), by_class);
  first.batches = first.samples.size();
  return first;
}

// A clip's frames side by side under the stripe of its class; `pixels` [T, S, S, 3] RGB.
void Place(const torch::Tensor& pixels, bool fake, int frames, cv::Mat cell) {
  cell.rowRange(0, kStripe).setTo(fake ? cv::Scalar(220, 60, 60) : cv::Scalar(60, 170, 60));
  const int side = static_cast<int>(pixels.size(1));
  for (int frame = 0; frame < frames; ++frame) {
    const cv::Mat rgb(side, side, CV_8UC3, pixels[frame].data_ptr<std::uint8_t>());
    cv::resize(rgb, cell(cv::Rect(frame * kSide, kStripe, kSide, kSide)), {kSide, kSide}, 0, 0,
               side > kSide ? cv::INTER_AREA : cv::INTER_LINEAR);
  }
}

// Clips are placed one by one, from left to right and from the top down.
class SheetPainter {
 public:
  SheetPainter(int clips, int frames)
      : frames_(std::min(frames, kPreviewFrames)), columns_(kPreviewColumns / frames_) {
    const int rows = (clips + columns_ - 1) / columns_;
    sheet_ = cv::Mat(rows * (kHeight + kGap), columns_ * (width() + kGap), CV_8UC3, cv::Scalar::all(255));
  }

  // `clip` [T, 3, S, S] uint8
  void Add(const torch::Tensor& clip, bool fake) {
    const cv::Rect cell(placed_ % columns_ * (width() + kGap), placed_ / columns_ * (kHeight + kGap), width(),
                        kHeight);
    Place(clip.permute({0, 2, 3, 1}).contiguous(), fake, frames_, sheet_(cell));
    ++placed_;
  }

  Sheet Encoded() const {
    return {EncodePng(MakeView(sheet_), PngEffort::kSmallest), sheet_.cols, sheet_.rows};
  }

 private:
  static constexpr int kHeight = kSide + kStripe;
  int width() const { return frames_ * kSide; }

  int frames_, columns_, placed_ = 0;
  cv::Mat sheet_;
};

int ClipsOfASheet(int frames) { return kPreviewColumns / std::min(frames, kPreviewFrames) * kPreviewRows; }

}  // namespace

Sheet MakeSheet(const Batch& batch) {
  const int frames = static_cast<int>(batch.clips.size(1));
  const int count = std::min(static_cast<int>(batch.clips.size(0)), ClipsOfASheet(frames));
  SheetPainter painter(count, frames);
  for (int i = 0; i < count; ++i) painter.Add(batch.clips[i], batch.labels[i].item<float>() > 0.5F);
  return painter.Encoded();
}

void WritePreview(const ClipDataset& dataset, const EpochPlan& plan, const std::filesystem::path& path) {
  const EpochPlan first =
      FirstOfEachClass(dataset, plan, static_cast<std::size_t>(ClipsOfASheet(plan.frames)) / 2);
  SheetPainter painter(static_cast<int>(first.samples.size()), plan.frames);
  BatchLoader loader(dataset, first, 0);
  while (const auto batch = loader.Next()) {
    painter.Add(batch->clips[0], batch->labels[0].item<float>() > 0.5F);
  }
  WriteFile(path, painter.Encoded().png);
}

}  // namespace seam

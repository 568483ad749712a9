#include "train/preview.h"

#include <algorithm>
#include <array>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "train/clip_maker.h"

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
    if (taken[static_cast<std::size_t>(LabelOf(dataset, sample))]++ < of_each)
      first.samples.push_back(sample);
  }
  const auto by_class = [&](const auto& a, const auto& b) {
    return LabelOf(dataset, a) < LabelOf(dataset, b);
  };
  if (plan.unit == 1) std::stable_sort(first.samples.begin(), first.samples.end(), by_class);
  first.batches = first.samples.size();
  return first;
}

// A clip's frames side by side under the stripe of its class; `pixels` [T, S, S, 3] RGB.
void Place(const torch::Tensor& pixels, bool fake, int frames, cv::Mat cell) {
  cell.rowRange(0, kStripe).setTo(fake ? cv::Scalar(60, 60, 220) : cv::Scalar(60, 170, 60));
  const int side = static_cast<int>(pixels.size(1));
  for (int frame = 0; frame < frames; ++frame) {
    const cv::Mat rgb(side, side, CV_8UC3, pixels[frame].data_ptr<std::uint8_t>());
    cv::Mat bgr;
    cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
    cv::resize(bgr, cell(cv::Rect(frame * kSide, kStripe, kSide, kSide)), {kSide, kSide}, 0, 0,
               side > kSide ? cv::INTER_AREA : cv::INTER_LINEAR);
  }
}

}  // namespace

void WritePreview(const ClipDataset& dataset, const EpochPlan& plan, const std::filesystem::path& path) {
  const int frames = std::min(plan.frames, kPreviewFrames), columns = kPreviewColumns / frames;
  const EpochPlan first =
      FirstOfEachClass(dataset, plan, static_cast<std::size_t>(columns) * kPreviewRows / 2);
  const auto count = static_cast<int>(first.samples.size());
  const int width = frames * kSide, height = kSide + kStripe, rows = (count + columns - 1) / columns;
  cv::Mat sheet(rows * (height + kGap), columns * (width + kGap), CV_8UC3, cv::Scalar::all(255));
  BatchLoader loader(dataset, first, 0);
  for (int i = 0; const auto batch = loader.Next(); ++i) {
    const torch::Tensor pixels = batch->clips[0].permute({0, 2, 3, 1}).contiguous();
    Place(pixels, batch->labels[0].item<float>() > 0.5F, frames,
          sheet(cv::Rect(i % columns * (width + kGap), i / columns * (height + kGap), width, height)));
  }
  std::vector<std::uint8_t> png;
  constexpr int kSmallest = 9;
  if (!cv::imencode(".png", sheet, png, {cv::IMWRITE_PNG_COMPRESSION, kSmallest})) throw Error(path.string(), "the preview cannot be encoded");
  WriteFile(path, {reinterpret_cast<const char*>(png.data()), png.size()});
}

}  // namespace seam

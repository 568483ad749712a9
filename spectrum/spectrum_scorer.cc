#include "spectrum/spectrum_scorer.h"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "spectrum/feature.h"

namespace seam {
namespace {

class SpectrumScorer : public CompiledModel {
 public:
  explicit SpectrumScorer(SpectrumModel model)
      : CompiledModel(FoldedGraph()),
        model_(std::move(model)),
        features_(FeatureOptions::FromJson(model_.recipe())),
        size_(static_cast<int>(model_.info().crop.size())) {}

  seam::Features FeaturesOfCrop(const std::uint8_t* pixels) const {
    const cv::Mat picture(size_, size_, CV_8UC3, const_cast<std::uint8_t*>(pixels));
    return ComputeFeatures(picture, features_);
  }

  std::vector<double> Logits(const std::uint8_t* clips, std::int64_t n) const override {
    std::vector<double> logits;
    const std::int64_t bytes = std::int64_t{3} * size_ * size_;
    for (std::int64_t i = 0; i < n; ++i) {
      const seam::Features features = FeaturesOfCrop(clips + i * bytes);
      // A crop that gives no features says nothing: one of a single colour has a spectrum of zeros.
      const bool whole = features.problem.empty() && features.shape == model_.shape();
      logits.push_back(whole ? Logit(model_.Probabilities(features.values)[1]) : 0);
    }
    return logits;
  }
  std::vector<float> Features(const std::uint8_t* pictures, std::int64_t n) const override {
    std::vector<float> all;
    const std::int64_t bytes = std::int64_t{3} * size_ * size_;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto features = FeaturesOfCrop(pictures + i * bytes);
      all.insert(all.end(), features.values.begin(), features.values.end());
    }
    return all;
  }
  std::vector<std::vector<float>> Outputs(const std::uint8_t*, std::int64_t) const override { return {}; }
  InputSpec input() const override { return {.size = size_, .frames = 1, .width = size_}; }
  bool OneByOne() const override { return true; }
  std::string description() const override { return "float64 on the CPU"; }

 private:
  SpectrumModel model_;
  FeatureOptions features_;
  int size_;
};

}  // namespace

std::unique_ptr<CompiledModel> CompileSpectrum(SpectrumModel model, const std::string& subject) {
  if (!model.IsDetector()) {
    throw Error(subject, fmt::format("tells {} apart, not real from fake", fmt::join(model.classes(), ", ")),
                "seam spectrum classify and seam spectrum test use it");
  }
  if (model.IsOfWholePictures()) {
    throw Error(subject, "looks at whole pictures, not at the faces in them",
                "seam spectrum test --scores scores them; trained without --whole it looks at faces");
  }
  if (!model.recipe().contains("crop")) {
    throw Error(subject, "does not say how the faces were cut out that it learned from",
                "train it on pictures, videos or shards, or on features that Seam took of them");
  }
  const std::vector<std::int64_t> wanted = model.shape();
  auto scorer = std::make_unique<SpectrumScorer>(std::move(model));
  const InputSpec input = scorer->input();
  const std::vector<std::uint8_t> grey(std::size_t{3} * input.size * input.size, 128);
  const auto given = scorer->FeaturesOfCrop(grey.data());
  if (given.shape != wanted) {
    throw Error(subject,
                fmt::format("takes features of {}, but a crop of {} pixels gives {}",
                            fmt::join(wanted, " x "), input.size, fmt::join(given.shape, " x ")),
                "train it again");
  }
  return scorer;
}

}  // namespace seam

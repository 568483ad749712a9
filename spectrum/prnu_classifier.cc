#include <algorithm>
#include <cmath>
#include <memory>

#include <tbb/parallel_for.h>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "spectrum/classifier.h"

namespace seam {
namespace {

// How fast belief follows correlation. Only the order of the classes means something.
constexpr double kSharpness = 20;

cv::Mat ToPicture(std::span<const double> row, int height, int width) {
  cv::Mat picture(height, width, CV_8UC3);
  for (std::size_t i = 0; i < row.size(); ++i)
    picture.data[i] = static_cast<unsigned char>(std::clamp(row[i], 0.0, 255.0));
  return picture;
}

class Prnu : public Classifier {
 public:
  Prnu(std::vector<cv::Mat> fingerprints, const ResidualOptions& options)
      : fingerprints_(std::move(fingerprints)), options_(options) {}

  std::vector<double> Probabilities(std::span<const double> row) const override {
    const cv::Mat residual =
        ComputeResidual(ToPicture(row, fingerprints_[0].rows, fingerprints_[0].cols), options_);
    std::vector<double> shares;
    double sum = 0;
    for (const cv::Mat& fingerprint : fingerprints_) {
      shares.push_back(std::exp(kSharpness * NormalisedCorrelation(fingerprint, residual)));
      sum += shares.back();
    }
    for (double& share : shares) share /= sum;
    return shares;
  }

  void Store(StoredArrays* arrays, nlohmann::json* facts) const override {
    StoredArray all{
        {static_cast<std::int64_t>(fingerprints_.size()), fingerprints_[0].rows, fingerprints_[0].cols}, {}};
    for (const cv::Mat& fingerprint : fingerprints_)
      all.values.insert(all.values.end(), fingerprint.begin<double>(), fingerprint.end<double>());
    (*arrays)["fingerprints"] = std::move(all);
    (*facts)["levels"] = options_.levels;
    (*facts)["sigma"] = options_.sigma;
  }

 private:
  std::vector<cv::Mat> fingerprints_;
  ResidualOptions options_;
};

}  // namespace

std::unique_ptr<Classifier> TrainPrnu(const FeatureSet& set, int classes, const ClassifierOptions& options) {
  if (set.shape.size() != 3 || set.shape[2] != 3 || std::min(set.shape[0], set.shape[1]) < 8) {
    throw Error("prnu", "takes raw colour pictures of 8 x 8 pixels or more",
                "seam spectrum features --feature raw; the residual is worked out in training");
  }
  const int height = static_cast<int>(set.shape[0]), width = static_cast<int>(set.shape[1]);
  std::vector<cv::Mat> fingerprints(static_cast<std::size_t>(classes));
  tbb::parallel_for(0, classes, [&](int c) {
    FingerprintMaker maker(options.residual);
    for (std::size_t i = 0; i < set.rows(); ++i) {
      if (set.labels[i] == c) maker.Add(ToPicture(set.row(i), height, width));
    }
    fingerprints[static_cast<std::size_t>(c)] = maker.Fingerprint();
  });
  return std::make_unique<Prnu>(std::move(fingerprints), options.residual);
}

std::unique_ptr<Classifier> RestorePrnu(const StoredArrays& arrays, const nlohmann::json& facts,
                                        const std::string& subject) {
  const StoredArray& all = Stored(arrays, "fingerprints", 3, subject);
  const ResidualOptions options{facts.value("levels", 0), facts.value("sigma", 0.0)};
  if (all.shape[0] < 2 || all.values.empty() || options.levels < 1 || !(options.sigma > 0))
    throw Error(subject, "its fingerprints do not fit together", "train it again");
  const int rows = static_cast<int>(all.shape[1]), columns = static_cast<int>(all.shape[2]);
  std::vector<cv::Mat> fingerprints;
  for (std::int64_t c = 0; c < all.shape[0]; ++c) {
    const double* from = all.values.data() + c * rows * columns;
    fingerprints.push_back(cv::Mat(rows, columns, CV_64F, const_cast<double*>(from)).clone());
  }
  return std::make_unique<Prnu>(std::move(fingerprints), options);
}

}  // namespace seam

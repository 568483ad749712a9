#include "spectrum/experiments/picture_change.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/sha256.h"
#include "tests/spectrum/made_pictures.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

std::string ComputeDigest(const cv::Mat& picture) {
  return Sha256Of({reinterpret_cast<const char*>(picture.data), picture.total() * picture.elemSize()});
}

double ComputeSum(const cv::Mat& picture) {
  const cv::Scalar sums = cv::sum(picture);
  return sums[0] + sums[1] + sums[2];
}

TEST(PictureChangeTest, BlurCroppingAndJpegAreAsPublished) {
  SEAM_NEEDS_SHARED("fixtures/frequency/perturbations_001.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/perturbations_001.json").string());
  const cv::Mat square = PatternPicture(128, 128, 3, 5), oblong = PatternPicture(96, 160, 3, 6);
  for (const auto& expected : golden["blur"]) {
    EXPECT_EQ(ComputeDigest(Blurred(square, expected["kernel"])), expected["square"]["sha256"]);
    EXPECT_EQ(ComputeDigest(Blurred(oblong, expected["kernel"])), expected["oblong"]["sha256"]);
  }
  for (const auto& expected : golden["cropping"])
    EXPECT_EQ(ComputeDigest(CroppedAndEnlarged(square, expected["fraction"])), expected["square"]["sha256"]);
  EXPECT_EQ(CroppedAndEnlarged(oblong, 0.2).size(), oblong.size());
  // The published code encodes RGB as if it were BGR.
  cv::Mat swapped;
  cv::cvtColor(square, swapped, cv::COLOR_RGB2BGR);
  for (const auto& expected : golden["jpeg"]["intended_quality"]) {
    const double sum = ComputeSum(Compressed(swapped, expected["quality"]));
    EXPECT_NEAR(sum, expected["square"]["sum"].get<double>(), 2.0 * 128 * 128 * 3);
    EXPECT_NEAR(sum, expected["square"]["sum"].get<double>(), 1000);
  }
}

TEST(PictureChangeTest, NoiseHasTheDeviationThatWasAskedFor) {
  const cv::Mat grey(200, 200, CV_8UC3, cv::Scalar::all(128));
  cv::Scalar mean, deviation;
  cv::meanStdDev(WithNoise(grey, 12, 7), mean, deviation);
  for (int c = 0; c < 3; ++c) {
    EXPECT_NEAR(mean[c], 128, 0.3);
    EXPECT_NEAR(deviation[c], 12, 0.3);
  }
}

TEST(PictureChangeTest, TheShareIsChangedAndTheSeedRepeatsIt) {
  const cv::Mat picture = PatternPicture(32, 32, 3, 1);
  for (const std::string& name : PictureChangeNames()) {
    if (name == "none") continue;
    const PictureChangeOptions options{.change = name, .share = 0.5, .seed = 3};
    int changed = 0;
    for (std::size_t i = 0; i < 200; ++i) {
      const std::string file = std::to_string(i) + ".png";
      const cv::Mat one = Changed(picture, options, file, i);
      EXPECT_EQ(ComputeDigest(one), ComputeDigest(Changed(picture, options, file, i)));
      EXPECT_EQ(one.size(), picture.size());
      changed += ComputeDigest(one) != ComputeDigest(picture) ? 1 : 0;
    }
    EXPECT_GT(changed, 70) << name;
    EXPECT_LT(changed, 130) << name;
  }
}

TEST(PictureChangeTest, JpegQualityIsReallyApplied) {
  const cv::Mat picture = PatternPicture(64, 64, 3, 2);
  EXPECT_GT(cv::norm(picture, Compressed(picture, 10)), 1.2 * cv::norm(picture, Compressed(picture, 90)));
}

}  // namespace
}  // namespace seam

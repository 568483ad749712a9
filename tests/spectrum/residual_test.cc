#include "spectrum/residual.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/spectrum/made_pictures.h"
#include "tests/support/support.h"

namespace seam {
namespace {

double AbsoluteSum(const cv::Mat& x) { return cv::norm(x.reshape(1), cv::NORM_L1); }

TEST(ResidualTest, AFlatPictureHasNoNoise) {
  const cv::Mat flat(40, 40, CV_8UC3, cv::Scalar(90, 120, 60));
  EXPECT_LT(AbsoluteSum(ComputeNoise(flat, {3, 5})), 1e-6);
}

TEST(ResidualTest, WeakNoiseIsTakenOutWhole) {
  // Noise much weaker than sigma is noise to the filter, so that adding it shows in the residual.
  cv::Mat flat(64, 64, CV_8UC3, cv::Scalar::all(100)), noisy = flat.clone(), noise(64, 64, CV_64FC3);
  cv::RNG random(5);
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      const int step = random.uniform(-1, 2);
      noisy.at<cv::Vec3b>(y, x) = cv::Vec3b::all(static_cast<unsigned char>(100 + step));
      noise.at<cv::Vec3d>(y, x) = cv::Vec3d::all(step);
    }
  }
  std::vector<cv::Mat> expected, found;
  cv::split(noise, expected);
  cv::split(ComputeNoise(noisy, {4, 20}), found);
  EXPECT_GT(NormalisedCorrelation(expected[0], found[0]), 0.95);
}

TEST(ResidualTest, AFingerprintTellsItsSource) {
  const ResidualOptions options{3, 0.5};
  std::vector<cv::Mat> fingerprints;
  for (int source = 0; source < 2; ++source) {
    FingerprintMaker maker(options), other(options);
    for (int k = 0; k < 4; ++k) (k < 2 ? maker : other).Add(SourcePicture(64, 64, source, k));
    maker.Merge(other);
    fingerprints.push_back(maker.Fingerprint());
  }
  for (int source = 0; source < 2; ++source) {
    const cv::Mat residual = ComputeResidual(SourcePicture(64, 64, source, 5), options);
    EXPECT_GT(NormalisedCorrelation(fingerprints[static_cast<std::size_t>(source)], residual), 0.5);
    EXPECT_LT(std::abs(NormalisedCorrelation(fingerprints[static_cast<std::size_t>(1 - source)], residual)),
              0.2);
  }
}

TEST(ResidualTest, SaturatedAreasAreMaskedAndLonePixelsAreNot) {
  cv::Mat picture = SourcePicture(64, 64, 0, 9, 250);
  picture(cv::Rect(10, 10, 20, 10)).setTo(cv::Scalar::all(255));
  picture.at<cv::Vec3b>(40, 40) = {255, 255, 255};
  EXPECT_EQ(cv::sum(SaturationMask(picture)), cv::Scalar(64 * 64 - 200, 64 * 64 - 200, 64 * 64 - 200));
  EXPECT_EQ(cv::sum(SaturationMask(SourcePicture(64, 64, 0, 1)))[0], 64 * 64);
}

TEST(ResidualTest, PublishedResidualsAndFingerprintsAreReproduced) {
  SEAM_NEEDS_SHARED("fixtures/frequency/prnu_001.json");
  const auto golden = ReadJson(SharedPath("fixtures/frequency/prnu_001.json").string());
  const cv::Mat picture = SourcePicture(64, 64, 0, 0);
  int compared = 0;
  for (const auto& expected : golden["residuals"]) {
    if (expected["image"] != "A0") continue;
    const ResidualOptions options{expected["levels"], expected["sigma"]};
    const auto& final = expected["float64_final"];
    const cv::Mat residual = ComputeResidual(picture, options);
    for (int i = 0; i < 8; ++i)
      EXPECT_NEAR(residual.at<double>(0, i), final["first8"][static_cast<std::size_t>(i)].get<double>(),
                  1e-9);
    EXPECT_NEAR(AbsoluteSum(residual), final["abs_sum"].get<double>(), 1e-7);
    EXPECT_NEAR(AbsoluteSum(ComputeNoise(picture, options)),
                expected["float64_noise_extract"]["abs_sum"].get<double>(), 1e-7);
    ++compared;
  }
  EXPECT_GT(compared, 3);
  for (const auto& expected : golden["fingerprints"]) {
    const ResidualOptions options{expected["levels"], expected["sigma"]};
    for (int source = 0; source < 2; ++source) {
      FingerprintMaker maker(options);
      for (int k = 0; k < 4; ++k) maker.Add(SourcePicture(64, 64, source, k));
      const cv::Mat fingerprint = maker.Fingerprint();
      const auto s = static_cast<std::size_t>(source);
      EXPECT_NEAR(AbsoluteSum(fingerprint), expected["float64_fingerprints"][s]["abs_sum"].get<double>(),
                  1e-7);
      const auto& correlations = expected["float64_normalised_correlation_class_x_image"][s];
      const int tests[4][2] = {{0, 4}, {0, 5}, {1, 4}, {1, 5}};
      for (std::size_t i = 0; i < 4; ++i) {
        const cv::Mat residual = ComputeResidual(SourcePicture(64, 64, tests[i][0], tests[i][1]), options);
        EXPECT_NEAR(NormalisedCorrelation(fingerprint, residual), correlations[i].get<double>(), 1e-9);
      }
    }
  }
  cv::Mat saturated = SourcePicture(64, 64, 0, 9, 255);
  saturated(cv::Rect(10, 10, 20, 10)).setTo(cv::Scalar::all(255));
  saturated.at<cv::Vec3b>(40, 40) = {255, 255, 255};
  for (int i = 0; i < 3; ++i)
    saturated.at<cv::Vec3b>(41 + i, 50) = cv::Vec3b::all(static_cast<unsigned char>(i == 0   ? 250
                                                                                    : i == 1 ? 251
                                                                                             : 253));
  FingerprintMaker maker({3, 0.5});
  maker.Add(saturated);
  maker.Add(picture);
  EXPECT_NEAR(AbsoluteSum(maker.Fingerprint()),
              golden["saturation_example"]["fingerprint_of_saturated_and_A0_levels3_sigma.5"]["abs_sum"]
                  .get<double>(),
              1e-7);
}

}  // namespace
}  // namespace seam

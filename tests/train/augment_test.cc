#include "train/data/augment.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/random.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// A smooth picture with an edge and colour.
cv::Mat Picture() {
  cv::Mat picture(48, 48, CV_8UC3);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x)
      picture.at<cv::Vec3b>(y, x) =
          cv::Vec3b(static_cast<uchar>(60 + 3 * x), static_cast<uchar>(70 + 2 * y), x > 24 ? 180 : 40);
  }
  return picture;
}

cv::Mat After(Augment what, double amount, int frame = 0, std::uint64_t noise = 5) {
  cv::Mat picture = Picture();
  Augmenter::Apply({{{what, amount, 0.5, 0.5, noise}}}, frame, &picture);
  return picture;
}

double Difference(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_L1) / a.total() / 3; }

AugmentOptions With(Augment what, const std::string& text) {
  AugmentOptions options{"none", {}};
  options.own[static_cast<std::size_t>(what)] = text;
  return options;
}

TEST(AugmentTest, EachDoesWhatItSays) {
  cv::Mat mirrored;
  cv::flip(Picture(), mirrored, 1);
  EXPECT_EQ(Difference(After(Augment::kFlip, 0), mirrored), 0);
  const cv::Scalar before = cv::mean(Picture());
  EXPECT_NEAR(cv::mean(After(Augment::kBrightness, 0.1))[1] - before[1], 25.5, 1);
  cv::Scalar mean, deviation, deviation_before;
  cv::meanStdDev(Picture(), mean, deviation_before);
  cv::meanStdDev(After(Augment::kContrast, 0.5), mean, deviation);
  EXPECT_NEAR(deviation[0] / deviation_before[0], 0.5, 0.02);
  const auto grey = After(Augment::kGrey, 0).at<cv::Vec3b>(10, 40);
  EXPECT_EQ(grey[0], grey[1]);
  EXPECT_EQ(grey[1], grey[2]);
  EXPECT_EQ(After(Augment::kCutout, 0.5).at<cv::Vec3b>(24, 24), cv::Vec3b(128, 128, 128));
  EXPECT_EQ(After(Augment::kCutout, 0.5).at<cv::Vec3b>(2, 2), Picture().at<cv::Vec3b>(2, 2));
}

TEST(AugmentTest, AmountsOfNothingChangeNothing) {
  EXPECT_EQ(Difference(After(Augment::kBrightness, 0), Picture()), 0);
  EXPECT_LE(Difference(After(Augment::kContrast, 1), Picture()), 0.5);
  EXPECT_EQ(Difference(After(Augment::kSaturation, 1), Picture()), 0);
  EXPECT_EQ(Difference(After(Augment::kHue, 0), Picture()), 0);
  EXPECT_EQ(Difference(After(Augment::kCrop, 1), Picture()), 0);
  EXPECT_EQ(Difference(After(Augment::kWarp, 0), Picture()), 0);
  EXPECT_LE(Difference(After(Augment::kDownscale, 1), Picture()), 0.01);
}

TEST(AugmentTest, StrongerAmountsChangeMore) {
  EXPECT_GT(Difference(After(Augment::kBlur, 3), Picture()),
            Difference(After(Augment::kBlur, 0.5), Picture()));
  EXPECT_GT(Difference(After(Augment::kJpeg, 10), Picture()),
            Difference(After(Augment::kJpeg, 95), Picture()));
  EXPECT_GT(Difference(After(Augment::kDownscale, 0.2), Picture()),
            Difference(After(Augment::kDownscale, 0.8), Picture()));
  EXPECT_GT(Difference(After(Augment::kWarp, 0.08), Picture()),
            Difference(After(Augment::kWarp, 0.02), Picture()));
  EXPECT_NEAR(Difference(After(Augment::kNoise, 10), Picture()), 10 * std::sqrt(2 / CV_PI), 1);
}

// Of a picture whose numbers are places: how far each pixel came, and from what direction.
TEST(AugmentTest, AWarpMovesEachPartSmoothlyAndNotFartherThanItSays) {
  cv::Mat places(100, 100, CV_8UC3);
  for (int y = 0; y < places.rows; ++y) {
    for (int x = 0; x < places.cols; ++x)
      places.at<cv::Vec3b>(y, x) = cv::Vec3b(static_cast<uchar>(2 * x), static_cast<uchar>(2 * y), 0);
  }
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    cv::Mat bent = places.clone(), came;
    Augmenter::Apply({{{Augment::kWarp, 0.05, 0.5, 0.5, seed}}}, 0, &bent);
    cv::subtract(bent, places, came, cv::noArray(), CV_16S);  // in half pixels
    int least = 0, most = 0, jump = 0;
    for (int y = 10; y < 89; ++y) {  // nearer to the edge it is a mirror's
      for (int x = 10; x < 89; ++x) {
        for (int i = 0; i < 2; ++i) {
          const int here = came.at<cv::Vec3s>(y, x)[i];
          least = std::min(least, here);
          most = std::max(most, here);
          jump = std::max({jump, std::abs(here - came.at<cv::Vec3s>(y, x + 1)[i]),
                           std::abs(here - came.at<cv::Vec3s>(y + 1, x)[i])});
        }
      }
    }
    EXPECT_LT(least, -2) << seed;  // both ways
    EXPECT_GT(most, 2) << seed;
    EXPECT_GE(least, -19) << seed;  // 5 pixels, and 1.9 times as far between two knots
    EXPECT_LE(most, 19) << seed;
    EXPECT_LE(jump, 2) << seed;  // less than a pixel in a pixel: it does not fold
  }
}

TEST(AugmentTest, AMapOfPlacesMovesAsThePictureDoes) {
  cv::Mat picture(64, 64, CV_8UC3, cv::Scalar::all(0)), map(64, 64, CV_8U, cv::Scalar(0));
  picture(cv::Rect(10, 30, 20, 12)).setTo(cv::Scalar::all(255));
  map(cv::Rect(10, 30, 20, 12)).setTo(255);
  const Augmentation moves{{{Augment::kFlip, 0, 0, 0, 0},
                            {Augment::kWarp, 0.06, 0, 0, 3},
                            {Augment::kCrop, 0.7, 0.9, 0.2, 0},
                            {Augment::kBrightness, 0.1, 0, 0, 0}}};
  const cv::Mat before = map.clone();
  Augmenter::ApplyPlace(moves, &map);
  EXPECT_GT(cv::norm(map, before, cv::NORM_L1) / map.total(), 10);
  cv::Mat bright(64, 64, CV_8U);
  Augmenter::Apply(moves, 0, &picture);
  cv::extractChannel(picture, bright, 0);
  cv::add(map, cv::Scalar(25.5), map);
  EXPECT_LE(cv::norm(map, bright, cv::NORM_INF), 1);
}

TEST(AugmentTest, HueKeepsTheBrightness) {
  cv::Mat before, after;
  cv::cvtColor(Picture(), before, cv::COLOR_RGB2GRAY);
  cv::cvtColor(After(Augment::kHue, 8), after, cv::COLOR_RGB2GRAY);
  EXPECT_GT(Difference(After(Augment::kHue, 8), Picture()), 3);
  EXPECT_LT(cv::norm(before, after, cv::NORM_L1) / before.total(), 6);
}

TEST(AugmentTest, FramesOfAClipGetTheSameButTheirOwnNoise) {
  EXPECT_EQ(Difference(After(Augment::kCrop, 0.5, 0), After(Augment::kCrop, 0.5, 3)), 0);
  EXPECT_GT(Difference(After(Augment::kNoise, 5, 0), After(Augment::kNoise, 5, 3)), 1);
  EXPECT_EQ(Difference(After(Augment::kNoise, 5, 3), After(Augment::kNoise, 5, 3)), 0);
  EXPECT_EQ(Difference(After(Augment::kWarp, 0.05, 0), After(Augment::kWarp, 0.05, 3)), 0);
  EXPECT_GT(Difference(After(Augment::kWarp, 0.05, 0, 5), After(Augment::kWarp, 0.05, 0, 6)), 1);
}

TEST(AugmentTest, DrawsAsOftenAndWithinTheRange) {
  const Augmenter augmenter(With(Augment::kJpeg, "0.3,40,60"));
  auto engine = MakeEngine(1, Stream::kAugmentation);
  int drawn = 0;
  for (int i = 0; i < 2000; ++i) {
    const Augmentation augmentation = augmenter.Draw(&engine);
    drawn += augmentation.steps.empty() ? 0 : 1;
    for (const auto& step : augmentation.steps) {
      EXPECT_EQ(step.what, Augment::kJpeg);
      EXPECT_GE(step.amount, 40);
      EXPECT_LE(step.amount, 60);
    }
  }
  EXPECT_NEAR(drawn / 2000.0, 0.3, 0.04);
}

TEST(AugmentTest, OneOptionDoesNotChangeWhatTheOthersDraw) {
  AugmentOptions plain{"standard", {}}, more = plain;
  more.own[static_cast<std::size_t>(Augment::kFlip)] = "1";
  auto a = MakeEngine(1, Stream::kAugmentation), b = a;
  for (int i = 0; i < 50; ++i) {
    Augmentation first = Augmenter(plain).Draw(&a), second = Augmenter(more).Draw(&b);
    const auto is_flip = [](const auto& step) { return step.what == Augment::kFlip; };
    std::erase_if(first.steps, is_flip);
    std::erase_if(second.steps, is_flip);
    EXPECT_EQ(first, second);
  }
}

// Runs that were begun before there was a warp go on with the draws they had.
TEST(AugmentTest, TheWarpIsDrawnLastAndDoneSecond) {
  AugmentOptions options{"none", {}};
  options.own[static_cast<std::size_t>(Augment::kFlip)] = "1";
  options.own[static_cast<std::size_t>(Augment::kWarp)] = "1,0.01,0.03";
  options.own[static_cast<std::size_t>(Augment::kCrop)] = "1,0.05,1";
  auto engine = MakeEngine(1, Stream::kAugmentation), second = engine;
  const auto draw = [&] {
    Augmentation::Step step;
    DrawBetween(&second, 0, 1);
    step.amount = DrawBetween(&second, 0, 1);
    step.x = DrawBetween(&second, 0, 1);
    step.y = DrawBetween(&second, 0, 1);
    step.noise = second();
    return step;
  };
  draw();  // the flip
  const auto crop = draw();
  for (std::size_t i = 3; i < kAugments; ++i) draw();
  const auto warp = draw();
  const auto drawn = Augmenter(options).Draw(&engine).steps;
  ASSERT_EQ(drawn.size(), 3U);
  EXPECT_EQ(drawn[1].what, Augment::kWarp);
  EXPECT_EQ(drawn[1].noise, warp.noise);
  EXPECT_DOUBLE_EQ(drawn[1].amount, 0.01 + 0.02 * warp.amount);
  EXPECT_EQ(drawn[2].what, Augment::kCrop);
  EXPECT_DOUBLE_EQ(drawn[2].amount, 0.05 + 0.95 * crop.amount);
  EXPECT_EQ(drawn[2].y, crop.y);
}

TEST(AugmentOptionsTest, OwnRangesReplaceTheRecipes) {
  AugmentOptions options{"strong", {}};
  options.own[static_cast<std::size_t>(Augment::kJpeg)] = "0.9,10,20";
  options.own[static_cast<std::size_t>(Augment::kBlur)] = "0";
  const auto ranges = options.Ranges();
  EXPECT_EQ(ranges[static_cast<std::size_t>(Augment::kJpeg)], (AugmentRange{0.9, 10, 20}));
  EXPECT_EQ(ranges[static_cast<std::size_t>(Augment::kBlur)].probability, 0);
  EXPECT_GT(ranges[static_cast<std::size_t>(Augment::kNoise)].probability, 0);
}

TEST(AugmentOptionsTest, NonsenseIsAUsageError) {
  const auto message = [](Augment what, const std::string& text) {
    return CatchMessage([&] { With(what, text).Check(); });
  };
  EXPECT_EQ(message(Augment::kJpeg, "often"), "--augment-jpeg: 'often' is not P or P,LOW,HIGH");
  EXPECT_EQ(message(Augment::kJpeg, "0.5,40"), "--augment-jpeg: '0.5,40' has 2 numbers");
  EXPECT_EQ(message(Augment::kJpeg, "1.5"), "--augment-jpeg: 1.5 is not a probability");
  EXPECT_EQ(message(Augment::kJpeg, "0.5,40,200"), "--augment-jpeg: 40 to 200 is no range of it");
  EXPECT_EQ(message(Augment::kJpeg, "0.5,60,40"), "--augment-jpeg: 60 to 40 is no range of it");
  EXPECT_EQ(message(Augment::kFlip, "0.5,0,1"), "--augment-flip: '0.5,0,1' has 3 numbers");
  EXPECT_EQ(message(Augment::kNoise, "0.5,1,nan"), "--augment-noise: '0.5,1,nan' is not P or P,LOW,HIGH");
  EXPECT_EQ(message(Augment::kNoise, "0.5,1,5"), "");
}

}  // namespace
}  // namespace seam

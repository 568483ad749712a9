#include "transforms/picture_channels.h"

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "tests/support/support.h"
#include "transforms/local_binary_pattern.h"

namespace seam {
namespace {

using Json = nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

constexpr const char* kGolden = "fixtures/bnext/detector_002.json";
constexpr const char* kSmall = "fixtures/channels/channels_golden.json";

std::vector<float> Computed(const Bytes& picture, int height, int width, const std::string& channels) {
  const auto parsed = ParsePictureChannels(channels, "channels");
  std::vector<float> numbers(static_cast<std::size_t>(height * width * CountNumbers(parsed)));
  ComputeChannels(picture.data(), height, width, parsed, numbers.data());
  return numbers;
}

// The formula of the golden numbers: [y][x][channel].
Bytes Picture(int side) {
  Bytes picture;
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (int k = 0; k < 3; ++k) {
        picture.push_back(static_cast<std::uint8_t>(
            (7 * x + 13 * y + 29 * k + x * y % 17 * 5 + (x * x + 3 * y * k) % 23 * 3) % 256));
      }
    }
  }
  return picture;
}

// All three channels alike.
Bytes Grey(int height, int width, const std::function<int(int y, int x)>& value) {
  Bytes picture;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) picture.insert(picture.end(), 3, static_cast<std::uint8_t>(value(y, x)));
  }
  return picture;
}

class GoldenChannelsTest : public testing::Test {
 protected:
  static constexpr int kSide = 224;
  void SetUp() override {
    SEAM_NEEDS_SHARED(kGolden);
    golden_ = Json::parse(ReadFile(SharedPath(kGolden))).at("channels");
    ASSERT_EQ(Sha256Of({reinterpret_cast<const char*>(picture_.data()), picture_.size()}),
              golden_.at("picture_sha256"));
  }
  double At(const std::vector<float>& numbers, int y, int x) const {
    return 255 * static_cast<double>(numbers[static_cast<std::size_t>(y * kSide + x)]);
  }
  void ExpectNear(const std::vector<float>& numbers, int y, int x, const Json& golden, double tolerance) {
    for (std::size_t i = 0; i < golden.size(); ++i) {
      const double wanted = golden[i].get<double>();
      EXPECT_NEAR(At(numbers, y, x + static_cast<int>(i)), wanted, tolerance * std::max(1.0, wanted)) << i;
    }
  }
  static double Sum(const std::vector<float>& numbers) {
    double sum = 0;
    for (const float number : numbers) sum += 255 * static_cast<double>(number);
    return sum;
  }

  Bytes picture_ = Picture(kSide);
  Json golden_;
};

TEST_F(GoldenChannelsTest, FourierIsThatOfThePublishedCode) {
  const auto fft = Computed(picture_, kSide, kSide, "fft");
  const Json& golden = golden_.at("fft_before_div255");
  ExpectNear(fft, 0, 0, golden.at("first8"), 1e-6);
  ExpectNear(fft, 112, 108, golden.at("row112_col108_to_115"), 1e-6);
  EXPECT_NEAR(Sum(fft), golden.at("sum").get<double>(), 1e-7 * golden.at("sum").get<double>());
}

TEST_F(GoldenChannelsTest, EveryLocalPatternIsThatOfThePublishedCode) {
  Bytes found;
  for (const float value : Computed(picture_, kSide, kSide, "lbp"))
    found.push_back(static_cast<std::uint8_t>(std::lround(255 * value)));
  EXPECT_EQ(Sha256Of({reinterpret_cast<const char*>(found.data()), found.size()}),
            golden_.at("lbp_before_div255").at("sha256_as_uint8"));
}

TEST_F(GoldenChannelsTest, GradientIsThatOfThePublishedCode) {
  const auto gradient = Computed(picture_, kSide, kSide, "gradient");
  const Json& golden = golden_.at("magnitude_sobel7_before_div255");
  ExpectNear(gradient, 0, 0, golden.at("first8"), 1e-6);
  ExpectNear(gradient, 112, 0, golden.at("row112_first8"), 1e-6);
  EXPECT_NEAR(Sum(gradient), golden.at("sum").get<double>(), 1e-7 * golden.at("sum").get<double>());
}

// Sums of rounded products are not their exact values: flat areas show in which order they were rounded.
TEST_F(GoldenChannelsTest, TiesOfFlatPicturesFallAsInThePublishedCode) {
  for (const auto& [value, column] : golden_.at("lbp_flat_64x33_col16_rows0to63").items()) {
    const cv::Mat flat(64, 33, CV_8U, cv::Scalar(std::stoi(value)));
    const cv::Mat found = LocalBinaryPattern(flat);
    for (int y = 0; y < 64; ++y)
      EXPECT_EQ(int{found.at<std::uint8_t>(y, 16)}, column[static_cast<std::size_t>(y)].get<int>())
          << value << " " << y;
  }
}

TEST(LocalBinaryPatternTest, PointsThatAreNotDarkerAreCounted) {
  cv::Mat picture(20, 20, CV_8U, cv::Scalar(10));
  picture.at<std::uint8_t>(10, 10) = 11;
  const cv::Mat pattern = LocalBinaryPattern(picture);
  EXPECT_EQ(pattern.at<std::uint8_t>(10, 10), 0);  // all three are darker
  EXPECT_EQ(pattern.at<std::uint8_t>(0, 19), 1);   // two lie outside, where it is dark
}

TEST(PictureChannelsTest, GreyPicturesGiveThePublishedPatternAndSpectrum) {
  SEAM_NEEDS_SHARED(kSmall);
  const Json golden = Json::parse(ReadFile(SharedPath(kSmall)));
  const Bytes picture = Grey(32, 32, [](int y, int x) { return (7 * x + 13 * y + x * y % 17 * 5) % 256; });
  const auto both = Computed(picture, 32, 32, "lbp,fft");
  for (std::size_t y = 0; y < 32; ++y) {
    for (std::size_t x = 0; x < 32; ++x) {
      const std::size_t at = 2 * (32 * y + x);
      EXPECT_EQ(std::lround(255 * both[at]), golden.at("lbp_P3_R6_uniform_raw")[y][x].get<int>());
      EXPECT_NEAR(both[at + 1], golden.at("fft_channel")[y][x].get<double>(), 1e-6);
    }
  }
}

TEST(PictureChannelsTest, ChannelsLieSideBySideInTheOrderThatIsAskedFor) {
  const Bytes picture = Picture(16);
  const auto all = Computed(picture, 16, 16, "lbp,rgb,grey"), lbp = Computed(picture, 16, 16, "lbp"),
             grey = Computed(picture, 16, 16, "grey");
  for (std::size_t i = 0; i < 256; ++i) {
    EXPECT_EQ(all[5 * i], lbp[i]);
    for (std::size_t k = 0; k < 3; ++k)
      EXPECT_EQ(all[5 * i + 1 + k], static_cast<float>(picture[3 * i + k] / 255.0));
    EXPECT_EQ(all[5 * i + 4], grey[i]);
    const double exact = 0.299 * picture[3 * i] + 0.587 * picture[3 * i + 1] + 0.114 * picture[3 * i + 2];
    EXPECT_NEAR(255 * grey[i], exact, 0.51);
  }
}

// X[0] of a flat picture of side n is n times its value; all others are 0, whose logarithm is that of 1e-12.
TEST(PictureChannelsTest, CosinesOfAFlatPictureAreItsMeanAlone) {
  const auto dct = Computed(Grey(8, 8, [](int, int) { return 100; }), 8, 8, "dct");
  EXPECT_NEAR(dct[0], std::log(800.0), 1e-6);
  for (std::size_t i = 1; i < dct.size(); ++i) EXPECT_LT(dct[i], std::log(1e-10));
}

TEST(PictureChannelsTest, UnknownAndRepeatedNamesAreErrors) {
  const auto parse = [](const char* text) {
    return [text] { ParsePictureChannels(text, "--input-channels"); };
  };
  EXPECT_EQ(CatchMessage(parse("rgb,fftt")), "--input-channels: 'fftt' is no channel of a picture");
  EXPECT_EQ(CatchHint(parse("rgb,fftt")), "choose from: rgb, grey, gradient, fft, lbp, dct, phase");
  EXPECT_EQ(CatchMessage(parse("rgb,lbp,rgb")), "--input-channels: rgb stands twice");
  EXPECT_EQ(CatchMessage(parse("")), "--input-channels: '' is no channel of a picture");
}

}  // namespace
}  // namespace seam

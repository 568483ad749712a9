#include "spectrum/experiments/statistics.h"
#include "transforms/dct.h"

#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "tests/spectrum/made_pictures.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class StatisticsTest : public testing::Test {
 protected:
  // Three pictures of a source, the third of another size.
  std::vector<SpectrumInput> Make(const std::string& name, int source) {
    std::vector<SpectrumInput> inputs;
    fs::create_directories(folder_ / name);
    for (int i = 0; i < 3; ++i) {
      const fs::path path = folder_ / name / (std::to_string(i) + ".png");
      cv::imwrite(path.string(), SourcePicture(i == 2 ? 40 : 32, 32, source, i));
      inputs.push_back({SpectrumInput::Kind::kPicture, path, -1});
    }
    return inputs;
  }
  struct Folder : TemporaryFolder {
    fs::path operator/(const std::string& name) const { return path() / name; }
  } folder_;
};

TEST_F(StatisticsTest, AreTheMeanAndDeviationOfThePicturesTransforms) {
  const auto found = SummariseSpectra("a", Make("a", 0), {.grey = true});
  EXPECT_EQ(found.dct.count(), 2);
  ASSERT_EQ(found.bad.size(), 1U);
  EXPECT_THAT(found.bad[0], HasSubstr("2.png: is of another size"));
  cv::Mat first = OrthonormalDct(cv::imread((folder_ / "a/0.png").string(), cv::IMREAD_GRAYSCALE));
  cv::Mat second = OrthonormalDct(cv::imread((folder_ / "a/1.png").string(), cv::IMREAD_GRAYSCALE));
  LogScale(&first);
  LogScale(&second);
  for (int i = 0; i < 32 * 32; ++i) {
    const double a = first.at<double>(i / 32, i % 32), b = second.at<double>(i / 32, i % 32);
    EXPECT_NEAR(found.dct.mean()[static_cast<std::size_t>(i)], (a + b) / 2, 1e-9);
    EXPECT_NEAR(found.dct.PopulationDeviation()[static_cast<std::size_t>(i)], std::abs(a - b) / 2, 1e-9);
  }
}

TEST_F(StatisticsTest, TheProgramWritesPicturesOfEachSetAndOnePage) {
  Make("a", 0);
  Make("b", 1);
  const std::string out = (folder_ / "out").string();
  const auto result = RunCommand("seam spectrum statistics " + Quoted((folder_ / "a").string() + ",camera") +
                                 " " + Quoted((folder_ / "b").string()) + " --output " + Quoted(out));
  EXPECT_EQ(result.status, 3) << result.err;  // a picture of another size in each
  EXPECT_THAT(result.out, HasSubstr("camera"));
  for (const char* name : {"mean_0_camera_red", "deviation_1_b_blue", "difference_1_b_green",
                           "absolute_1_b_red", "ratio_1_b_red", "azimuthal"}) {
    EXPECT_TRUE(fs::exists(folder_ / "out" / (std::string(name) + ".svg"))) << name;
    EXPECT_FALSE(cv::imread((folder_ / "out" / (std::string(name) + ".png")).string()).empty()) << name;
  }
  EXPECT_THAT(ReadFile(folder_ / "out/index.html"), HasSubstr("difference of means: b against camera"));
}

}  // namespace
}  // namespace seam

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RetrieveProgramTest : public testing::Test {
 protected:
  // Pictures that differ in what they show, and one of them again, smaller and as JPEG.
  void SetUp() override {
    fs::create_directories(folder_ / "pictures");
    for (int i = 0; i < 4; ++i) {
      cv::Mat picture(240, 320, CV_8UC3, cv::Scalar(40 * i, 200 - 50 * i, 90));
      for (int k = 0; k < 6; ++k) {
        cv::circle(picture, {40 + 53 * ((k * (i + 2)) % 6), 30 + 37 * ((k * (i + 3)) % 6)}, 12 + 5 * i,
                   cv::Scalar(255 - 60 * i, 80 * i, 30 * k), i % 2 == 0 ? -1 : 4);
      }
      cv::imwrite((folder_ / "pictures" / ("p" + std::to_string(i) + ".png")).string(), picture);
      if (i != 2) continue;
      cv::resize(picture, picture, {200, 150}, 0, 0, cv::INTER_AREA);
      cv::imwrite((folder_ / "copy.jpg").string(), picture, {cv::IMWRITE_JPEG_QUALITY, 70});
    }
  }

  CommandResult Retrieve(const std::string& arguments) const {
    return RunCommand("cd " + Quoted(folder_.path().string()) + " && seam retrieve " + arguments);
  }

  TemporaryFolder folder_;
};

TEST_F(RetrieveProgramTest, ASmallerCopyFindsItsOriginalAndThePageShowsBoth) {
  auto result = Retrieve("index pictures --whole --output archive");
  ASSERT_EQ(result.status, kExitGood) << result.err;
  EXPECT_THAT(result.err, HasSubstr("4 files and 4 vectors"));
  result = Retrieve(
      "query copy.jpg --index archive --nearest 2 --farthest 1 --output found.csv --page found.html");
  ASSERT_EQ(result.status, kExitGood) << result.err;
  const auto rows = ParseCsv(ReadFile(folder_ / "found.csv"), "found.csv");
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0][4], "cosine");
  EXPECT_EQ(rows[1][1], "nearest");
  EXPECT_THAT(rows[1][3], HasSubstr("pictures/p2.png"));
  EXPECT_GT(std::stod(rows[1][4]), .95);
  EXPECT_EQ(rows[3][1], "farthest");
  EXPECT_GT(std::stod(rows[2][4]), std::stod(rows[3][4]));
  const std::string page = ReadFile(folder_ / "found.html");
  EXPECT_THAT(page, HasSubstr("p2.png"));
  EXPECT_THAT(page, HasSubstr("data:image/jpeg;base64,"));
}

TEST_F(RetrieveProgramTest, OnlyNewFilesAreLookedAtAndRemovedOnesAreGone) {
  ASSERT_EQ(Retrieve("index pictures --features corners --metric euclidean --whole --output archive").status,
            kExitGood);
  WriteFile(folder_ / "pictures/broken.jpg", "\xff\xd8\xff this is no picture");
  fs::copy(folder_ / "copy.jpg", folder_ / "pictures/copy.jpg");
  auto result = Retrieve("index pictures --output archive");
  EXPECT_EQ(result.status, kExitSomeFailed);
  EXPECT_THAT(result.err, HasSubstr("1 files added"));
  EXPECT_THAT(result.err, HasSubstr("broken.jpg"));
  result = Retrieve("index pictures --metric cosine --output archive");
  EXPECT_EQ(result.status, kExitUsage);
  EXPECT_THAT(result.err, HasSubstr("--metric"));
  result = Retrieve("query pictures/p1.png --index archive --nearest 1");
  EXPECT_THAT(result.out, HasSubstr("0.0000"));
  result = Retrieve("query pictures/p1.png --others --index archive --nearest 9");
  EXPECT_EQ(result.out.find("1  0.0000"), std::string::npos);
  ASSERT_EQ(Retrieve("remove pictures/p1.png --index archive").status, kExitGood);
  result = Retrieve("query pictures/p1.png --index archive --nearest 9");
  EXPECT_EQ(result.out.find("/p1.png  at"), std::string::npos);
  EXPECT_EQ(Retrieve("remove pictures/p1.png --index archive").status, kExitFailed);
}

TEST_F(RetrieveProgramTest, DuplicatesBetweenTwoIndexesAreListed) {
  ASSERT_EQ(Retrieve("index pictures --whole --output train").status, kExitGood);
  ASSERT_EQ(Retrieve("index copy.jpg --whole --output test").status, kExitGood);
  const auto result = Retrieve("duplicates train test --limit .95 --output pairs.csv --page pairs.html");
  ASSERT_EQ(result.status, kExitGood) << result.err;
  const auto rows = ParseCsv(ReadFile(folder_ / "pairs.csv"), "pairs.csv");
  ASSERT_GE(rows.size(), 2U);
  EXPECT_THAT(rows[1][0], HasSubstr("p2.png"));
  EXPECT_THAT(rows[1][2], HasSubstr("copy.jpg"));
  EXPECT_THAT(ReadFile(folder_ / "pairs.html"), HasSubstr("copy.jpg"));
}

TEST_F(RetrieveProgramTest, FacesOfAVideoFindThatVideo) {
  SEAM_NEEDS_DEMO_CLIP();
  const std::string demo = Quoted(DemoClip().string());
  auto result = Retrieve("index " + demo + " --frames 3 --output faces");
  ASSERT_EQ(result.status, kExitGood) << result.err;
  EXPECT_THAT(result.err, HasSubstr("1 files added with 3 faces"));
  result = Retrieve("query " + demo + " --frames 3 --index faces");
  ASSERT_EQ(result.status, kExitGood) << result.err;
  EXPECT_THAT(result.out, HasSubstr("1.0000"));
  result = Retrieve("query pictures/p0.png --index faces");
  EXPECT_EQ(result.status, kExitFailed);
  EXPECT_THAT(result.err, HasSubstr("p0.png"));
}

}  // namespace
}  // namespace seam

#include <algorithm>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "spectrum/feature_set.h"
#include "tests/spectrum/made_pictures.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SpectrumFeaturesTest : public testing::Test {
 protected:
  // Pictures of two classes, and a file that is none.
  void MakeTree() {
    for (const char* name : {"real", "fake"}) {
      fs::create_directories(folder_ / "train" / name);
      for (int i = 0; i < 3; ++i)
        cv::imwrite((folder_ / "train" / name / (std::to_string(i) + ".png")).string(),
                    PatternPicture(48, 48, 3, i + (name[0] == 'f' ? 7 : 0)));
    }
    WriteFile(folder_ / "train/real/broken.jpg", "no picture");
  }
  std::string Path(const std::string& name) const { return Quoted((folder_.path() / name).string()); }

  struct Folder : TemporaryFolder {
    fs::path operator/(const std::string& name) const { return path() / name; }
  } folder_;
};

TEST_F(SpectrumFeaturesTest, ClassesAreLabelledAndABadPictureIsNamed) {
  MakeTree();
  const auto result = RunCommand("seam spectrum features " + Path("train") +
                                 " --whole --features 20 --output " + Path("f.npz"));
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("broken.jpg: is not a video or picture that Seam knows"));
  EXPECT_THAT(result.err, HasSubstr("without features: 1"));
  const FeatureSet set = ReadFeatureSet(folder_ / "f.npz");
  EXPECT_EQ(set.labels, (std::vector<int>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(set.classes, (std::vector<std::string>{"real", "fake"}));
  EXPECT_EQ(set.width(), 20U);
  EXPECT_FALSE(fs::exists(folder_ / "f.npz.part"));
}

TEST_F(SpectrumFeaturesTest, FilesAreTakenByTheirBytesWhateverTheirNames) {
  MakeTree();
  fs::rename(folder_ / "train/real/0.png", folder_ / "train/real/0");
  fs::rename(folder_ / "train/real/1.png", folder_ / "train/real/1.png.download");
  fs::rename(folder_ / "train/fake/0.png", folder_ / "train/fake/0.mp4");
  fs::remove(folder_ / "train/real/broken.jpg");
  WriteFile(folder_ / "train/real/notes", "no picture");
  const auto result = RunCommand("seam spectrum features " + Path("train") +
                                 " --whole --features 20 --output " + Path("f.npz"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(ReadFeatureSet(folder_ / "f.npz").labels, (std::vector<int>{0, 0, 0, 1, 1, 1}));
}

TEST_F(SpectrumFeaturesTest, SourcesAreClassesInOrderOfTheirNames) {
  MakeTree();
  fs::rename(folder_ / "train/real", folder_ / "train/B_other");
  fs::rename(folder_ / "train/fake", folder_ / "train/A_first");
  const auto result = RunCommand("seam spectrum features " + Path("train") +
                                 " --whole --feature dct --num-files 2 --output " + Path("f.npz"));
  EXPECT_EQ(result.status, 0) << result.err;
  const FeatureSet set = ReadFeatureSet(folder_ / "f.npz");
  EXPECT_EQ(set.classes, (std::vector<std::string>{"A_first", "B_other"}));
  EXPECT_EQ(set.labels, (std::vector<int>{0, 0, 1, 1}));
  EXPECT_EQ(set.shape, (std::vector<std::int64_t>{48, 48, 3}));
}

TEST_F(SpectrumFeaturesTest, CopiesOfAPictureAreChangedEachByItself) {
  MakeTree();
  const std::string command = "seam spectrum features " + Path("train/real") +
                              " --whole --feature raw --grey --change noise --change-share 1 --output " +
                              Path("f.npz");
  fs::remove(folder_ / "train/real/broken.jpg");
  EXPECT_EQ(RunCommand(command + " --copies 3").status, 0);
  const FeatureSet set = ReadFeatureSet(folder_ / "f.npz");
  ASSERT_EQ(set.rows() % 3, 0U);
  for (std::size_t i = 0; i < set.rows(); i += 3) {
    EXPECT_EQ(set.paths[i], set.paths[i + 2]);
    EXPECT_FALSE(std::ranges::equal(set.row(i), set.row(i + 1)));
    EXPECT_FALSE(std::ranges::equal(set.row(i), set.row(i + 2)));
  }
  EXPECT_EQ(set.recipe["copies"], 3);
  const auto useless =
      RunCommand("seam spectrum features " + Path("train") + " --whole --copies 2 --output " + Path("g.npz"));
  EXPECT_EQ(useless.status, 2);
  EXPECT_THAT(useless.err, HasSubstr("--change combined"));
}

TEST_F(SpectrumFeaturesTest, AKilledRunGoesOnWhereItWas) {
  MakeTree();
  const std::string command =
      "seam spectrum features " + Path("train") + " --whole --output " + Path("f.npz");
  RunCommand(command);
  const std::string whole = ReadFile(folder_ / "f.npz");
  // A run that cannot write its result leaves its work.
  fs::remove(folder_ / "f.npz");
  fs::create_directories(folder_ / "f.npz" / "in the way");
  EXPECT_EQ(RunCommand(command).status, 1);
  fs::remove_all(folder_ / "f.npz");
  if (!fs::exists(folder_ / "f.npz.part")) FAIL() << "the work is gone";
  const auto again = RunCommand(command);
  EXPECT_THAT(again.err, HasSubstr("resumed: 7 inputs are done"));
  EXPECT_EQ(ReadFile(folder_ / "f.npz"), whole);
}

TEST_F(SpectrumFeaturesTest, FacesOfVideosAreTakenAndWholeFramesWhereAsked) {
  SEAM_NEEDS_DEMO_CLIP();
  const std::string start = "seam spectrum features " + Quoted(DemoClip().string()) + " --frames 3 --output ";
  EXPECT_EQ(RunCommand(start + Path("face.npz") + " --size 96").status, 0);
  EXPECT_EQ(RunCommand(start + Path("whole.npz") + " --whole").status, 0);
  const FeatureSet face = ReadFeatureSet(folder_ / "face.npz"), whole = ReadFeatureSet(folder_ / "whole.npz");
  EXPECT_EQ(face.rows(), 3U);
  EXPECT_EQ(whole.rows(), 3U);
  EXPECT_EQ(face.labels, (std::vector<int>{-1, -1, -1}));
  EXPECT_NE(face.values, whole.values);
}

}  // namespace
}  // namespace seam

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "spectrum/feature_set.h"
#include "spectrum/spectrum_model.h"
#include "tests/spectrum/made_pictures.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Pictures of two sources in train/ and test/.
class SpectrumExperimentTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* split : {"train", "test"}) {
      for (const char* name : {"real", "fake"}) {
        fs::create_directories(root_ / split / name);
        for (int i = 0; i < 8; ++i)
          cv::imwrite((root_ / split / name / (std::to_string(i) + ".png")).string(),
                      SourcePicture(48, 48, name[0] == 'f' ? 1 : 0,
                                    i + (split[0] == 't' && split[1] == 'e' ? 20 : 0)));
      }
    }
  }
  std::string Path(const std::string& name) const { return Quoted((root_ / name).string()); }
  CommandResult Spectrum(const std::string& arguments) const {
    auto result = RunCommand("seam spectrum " + arguments);
    EXPECT_EQ(result.status, 0) << arguments << "\n" << result.err;
    return result;
  }

  TemporaryFolder folder_;
  fs::path root_ = folder_.path();
};

const std::string kDct = " --whole --feature dct --grey ";

TEST_F(SpectrumExperimentTest, SavedAndFreshFeaturesGiveOneResultInAllFourCombinations) {
  Spectrum("features " + Path("train") + kDct + "--output " + Path("train.npz"));
  Spectrum("features " + Path("test") + kDct + "--output " + Path("test.npz"));
  std::string first;
  for (const char* train : {"train", "train.npz"}) {
    for (const char* test : {"test", "test.npz"}) {
      const auto result = Spectrum("train " + Path(train) + kDct + "--solver ridge --test " + Path(test) +
                                   " --scores " + Path("scores.csv"));
      EXPECT_THAT(result.out, HasSubstr("accuracy 1.0000"));
      EXPECT_THAT(result.out, HasSubstr("of 16 pictures"));
      if (first.empty()) first = ReadFile(root_ / "scores.csv");
      EXPECT_EQ(ReadFile(root_ / "scores.csv").size() > 0, true);
    }
  }
}

TEST_F(SpectrumExperimentTest, AModelTakesFeaturesAsInItsTrainingAndTellsShares) {
  Spectrum("train " + Path("train") + kDct + "--solver svm --kernel linear --C 1 --output " +
           Path("m.safetensors"));
  const auto test = Spectrum("test " + Path("test") + " --model " + Path("m.safetensors") +
                             " --save-results " + Path("results.txt"));
  EXPECT_THAT(test.out, HasSubstr("accuracy 1.0000"));
  EXPECT_THAT(ReadFile(root_ / "results.txt"), HasSubstr("score: 1"));
  const auto shares = Spectrum("classify " + Path("test/fake") + " --model " + Path("m.safetensors"));
  EXPECT_THAT(shares.out, HasSubstr("100.00% of the pictures are from class fake (8)"));
  EXPECT_THAT(shares.out, HasSubstr("0.00% of the pictures are from class real (0)"));
}

TEST_F(SpectrumExperimentTest, ACheckpointKeepsWhatItsValidationTaught) {
  Spectrum("train " + Path("train") + kDct + "--solver ridge --val " + Path("test") +
           " --notice 'made pictures' --output " + Path("m.safetensors"));
  const SpectrumModel model = SpectrumModel::Load(root_ / "m.safetensors");
  ASSERT_TRUE(model.info().calibration.has_value());
  EXPECT_EQ(model.info().calibration->real, 8);
  EXPECT_EQ(model.info().threshold, model.info().calibration->threshold_eer);
  EXPECT_THAT(model.info().metrics, HasSubstr("\"val_video_auc\":1.0"));
  EXPECT_THAT(model.info().recipe, HasSubstr("\"fake\":8"));
  EXPECT_EQ(model.info().notice, "made pictures");
  EXPECT_EQ(model.info().model, "spectrum_ridge");
}

TEST_F(SpectrumExperimentTest, InferRefusesWhatIsNotOfFaces) {
  Spectrum("train " + Path("train") + kDct + "--solver ridge --output " + Path("m.safetensors"));
  const auto result =
      RunCommand("seam infer " + Path("test/real/0.png") + " --model " + Path("m.safetensors"));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("looks at whole pictures"));
}

TEST_F(SpectrumExperimentTest, CrossTestShowsEachModelOnEachSet) {
  fs::create_directories(root_ / "models");
  fs::create_directories(root_ / "features");
  Spectrum("features " + Path("train") + kDct + "--output " + Path("features/a.npz"));
  Spectrum("features " + Path("test") + kDct + "--output " + Path("features/b.npz"));
  Spectrum("train " + Path("features/a.npz") + " --solver ridge --output " +
           Path("models/ridge.safetensors"));
  const auto result = Spectrum("crosstest " + Path("models") + " " + Path("features") + " --report " +
                               Path("cross.html") + " --csv " + Path("cross.csv"));
  EXPECT_THAT(result.out, HasSubstr("ridge"));
  EXPECT_THAT(ReadFile(root_ / "cross.csv"), HasSubstr("ridge"));
  EXPECT_THAT(ReadFile(root_ / "cross.html"), HasSubstr("image/svg+xml"));
}

TEST_F(SpectrumExperimentTest, AGridSearchGoesOnWhereItWas) {
  Spectrum("features " + Path("train") + kDct + "--output " + Path("a.npz"));
  const std::string command =
      "grid-search " + Path("a.npz") + " --val " + Path("a.npz") + " --solver knn --output " + Path("g.json");
  EXPECT_THAT(Spectrum(command).out, HasSubstr("1.0000"));
  // A point that stands there is believed.
  std::string kept = ReadFile(root_ / "g.json");
  const auto at = kept.find("\"accuracy\": 1.0");
  ASSERT_NE(at, std::string::npos);
  kept.replace(at, 15, "\"accuracy\": 0.5");
  WriteFile(root_ / "g.json", kept);
  Spectrum(command);
  EXPECT_EQ(ReadFile(root_ / "g.json"), kept);
}

TEST_F(SpectrumExperimentTest, FeaturesOfAnotherKindAreRefused) {
  Spectrum("features " + Path("train") + kDct + "--output " + Path("a.npz"));
  Spectrum("features " + Path("train") + " --whole --output " + Path("b.npz"));
  Spectrum("train " + Path("a.npz") + " --solver ridge --output " + Path("m.safetensors"));
  const auto result = RunCommand("seam spectrum test " + Path("b.npz") + " --model " + Path("m.safetensors"));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("has rows of 300, the model takes 48 x 48 x 1"));
}

}  // namespace
}  // namespace seam

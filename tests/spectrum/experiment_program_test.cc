#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "base/lines.h"
#include "proto/tfrecord.h"
#include "spectrum/experiments/crop_of_set.h"
#include "spectrum/feature_set.h"
#include "spectrum/numpy_file.h"
#include "spectrum/spectrum_model.h"
#include "tests/spectrum/made_pictures.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

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

TEST_F(SpectrumExperimentTest, FewerFilesAreLearnedFromButAllAreTested) {
  const auto result = Spectrum("train " + Path("train") + kDct + "--num-files 5 --solver ridge --test " +
                               Path("test") + " --output " + Path("m.safetensors"));
  EXPECT_THAT(result.out + result.err, HasSubstr("trained on 10 rows"));
  EXPECT_THAT(result.out, HasSubstr("of 16 pictures"));
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

// Faces of videos, from training to the verdicts of each person.
TEST_F(SpectrumExperimentTest, AModelLearnedFromVideosScoresVideos) {
  SEAM_NEEDS_DEMO_CLIP();
  const std::string demo = "-i " + Quoted(DemoClip().string()) + " -t 1 ";
  for (const char* label : {"videos/real", "videos/fake"}) fs::create_directories(root_ / label);
  const std::string enlarged = "-vf scale=iw/4:-2:flags=area,scale=iw*4:-2:flags=bilinear";
  for (int i = 0; i < 3; ++i) {
    const std::string number = std::to_string(i) + ".mp4", start = "-ss 0." + std::to_string(2 * i) + " ";
    MakeVideo(root_ / "videos/real" / number, start + demo);
    MakeVideo(root_ / "videos/fake" / number, start + demo + enlarged);
  }
  MakeVideo(root_ / "two.mp4", demo + "-filter_complex \"[0]split[a][b];[b]hflip[c];[a][c]hstack\"");
  const std::string faces = " --detector hog --detect-size 800 --faces all --size 128 --frames 3 ";
  Spectrum("train " + Path("videos") + " --val " + Path("videos") + faces + "--solver logistic --output " +
           Path("m.safetensors"));
  EXPECT_EQ(SpectrumModel::Load(root_ / "m.safetensors").info().crop.encoding(), "jpeg");
  const auto result = RunCommand("cd " + Path("") +
                                 " && seam infer videos two.mp4 --label-folders --frames 3 "
                                 "--model m.safetensors --jsonl scores.jsonl --output scores.csv");
  EXPECT_EQ(result.status, 0) << result.err;
  const std::string text = ReadFile(root_ / "scores.jsonl");
  int seen = 0;
  for (const auto& line : NumberedLines(text)) {
    const auto row = nlohmann::json::parse(line.text);
    const std::string path = row.at("path");
    ASSERT_EQ(row.at("status"), "ok") << line.text;
    if (path.find("two") != std::string::npos) {
      EXPECT_EQ(row.at("people"), 2) << line.text;
    } else {
      EXPECT_EQ(row.at("score").get<double>() > 0.5, path.find("fake") != std::string::npos) << line.text;
    }
    EXPECT_FALSE(row.at("verdict").get<std::string>().empty());
    ++seen;
  }
  EXPECT_EQ(seen, 7);
  const auto measured = RunCommand("cd " + Path("") + " && seam evaluate scores.csv");
  EXPECT_THAT(measured.out, HasSubstr("AUC"));
}

TEST_F(SpectrumExperimentTest, PicturesWithoutLabelsAndBadOnesAreTold) {
  Spectrum("train " + Path("train") + kDct + "--solver ridge --output " + Path("m.safetensors"));
  fs::rename(root_ / "test/fake", root_ / "unsorted");
  const auto unlabelled = Spectrum("test " + Path("unsorted") + " --model " + Path("m.safetensors"));
  EXPECT_THAT(unlabelled.err, HasSubstr("no row has a label"));
  WriteFile(root_ / "unsorted/broken.jpg", "no picture");
  const auto shares = Spectrum("classify " + Path("unsorted") + " --model " + Path("m.safetensors"));
  EXPECT_THAT(shares.err, AllOf(HasSubstr("broken.jpg: "), HasSubstr("1 input is left out")));
  EXPECT_THAT(shares.out, HasSubstr("100.00% of the pictures are from class fake (8)"));
}

TEST_F(SpectrumExperimentTest, GridSearchesAreForClassicalClassifiers) {
  const auto result = RunCommand("seam spectrum grid-search " + Path("train") + " --val " + Path("test") +
                                 kDct + "--solver cnn --output " + Path("grid.json"));
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("networks have no grid"));
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

// Three sources, each with a pattern of its own.
class SpectrumSourcesTest : public SpectrumExperimentTest {
 protected:
  void SetUp() override {
    fs::create_directories(root_ / "models");
    fs::create_directories(root_ / "features");
    MakeSources("train", {"A", "B", "C"}, 0);
    MakeSources("test", {"A", "B", "C"}, 20);
    // Of these the folder names alone tell which classes of the model they are.
    MakeSources("part", {"B", "C"}, 40);
    Spectrum("features " + Path("train") + kDct + "--output " + Path("train.npz"));
    for (const char* name : {"test", "part"})
      Spectrum("features " + Path(name) + kDct + "--output " +
               Path("features/" + std::string(name) + ".npz"));
    Spectrum("train " + Path("train.npz") + " --solver ridge --output " + Path("models/three.safetensors"));
  }
  void MakeSources(const std::string& folder, const std::vector<std::string>& names, int first) const {
    for (const std::string& name : names) {
      fs::create_directories(root_ / folder / name);
      for (int i = 0; i < 6; ++i)
        cv::imwrite((root_ / folder / name / (std::to_string(i) + ".png")).string(),
                    SourcePicture(48, 48, name[0] - 'A', first + i));
    }
  }
};

TEST_F(SpectrumSourcesTest, ACrossTestTakesModelsOfMoreThanTwoClasses) {
  const auto result = Spectrum("crosstest " + Path("models") + " " + Path("features") +
                               " --metric auc --resamples 50 --report " + Path("cross.html") + " --csv " +
                               Path("cross.csv") + " --plots " + Path("plots"));
  EXPECT_THAT(result.out, HasSubstr("three"));
  // 12 inputs of B and C, 18 of all; no interval is wider than its value here.
  EXPECT_EQ(ReadFile(root_ / "cross.csv"),
            "model,dataset,real,fake,coverage,auc,low,high\nthree,part,,,1,1,1,1\nthree,test,,,1,1,1,1\n"
            "three,all,,,1,1,1,1\n");
  EXPECT_THAT(ReadFile(root_ / "cross.html"), AllOf(HasSubstr("image/svg+xml"), HasSubstr("three on part")));
  EXPECT_TRUE(fs::exists(root_ / "plots/cross_test.png"));
}

TEST_F(SpectrumSourcesTest, ClassesGoByTheirNames) {
  const auto result = Spectrum("test " + Path("part") + " --model " + Path("models/three.safetensors"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("accuracy 1.0000"), HasSubstr("of 12 pictures"),
                                HasSubstr("macro AUC, each class against the rest: 1.000")));
  fs::rename(root_ / "part/C", root_ / "part/D");
  const auto unknown =
      RunCommand("seam spectrum test " + Path("part") + " --model " + Path("models/three.safetensors"));
  EXPECT_NE(unknown.status, 0);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("has the class D"), HasSubstr("A, B, C")));
}

TEST_F(SpectrumSourcesTest, ACrossTestLeavesOutFilesThatAModelDoesNotTake) {
  Spectrum("features " + Path("test") + " --whole --feature raw --grey --output " + Path("features/raw.npz"));
  const auto result =
      Spectrum("crosstest " + Path("models") + " " + Path("features") + " --csv " + Path("cross.csv"));
  EXPECT_THAT(result.err, HasSubstr("three.safetensors is not tested on it"));
  EXPECT_THAT(ReadFile(root_ / "cross.csv"), AllOf(HasSubstr("three,test"), Not(HasSubstr("three,raw"))));
}

TEST_F(SpectrumExperimentTest, AModelIsExplainedByItsPartsAndItsWeights) {
  Spectrum("train " + Path("train") + kDct + "--solver ridge --output " + Path("m.safetensors"));
  const auto result = Spectrum("explain " + Path("test/fake/0.png") + " --model " + Path("m.safetensors") +
                               " --samples 100 --segments 9 --output " + Path("why"));
  EXPECT_THAT(result.out, HasSubstr("fake"));
  EXPECT_EQ(cv::imread((root_ / "why/0.lime.png").string()).size(), cv::Size(48, 48));
  EXPECT_EQ(cv::imread((root_ / "why/weights.png").string()).size(), cv::Size(48, 48));
  const auto json = ReadJson((root_ / "why/0.lime.json").string());
  EXPECT_EQ(json["class"], "fake");
  EXPECT_GT(json["weights"].size(), 3U);
}

TEST_F(SpectrumExperimentTest, EachNetworkOfSeamsOwnIsExplained) {
  SEAM_NEEDS_DEMO_CLIP();
  if (FindShare("retinaface.onnx").empty())
    GTEST_SKIP() << "needs share/retinaface.onnx, which scripts/setup.sh fetches";
  const auto made =
      RunCommand("ffmpeg -nostdin -v error -i " + Quoted(DemoClip()) + " -frames:v 1 " + Path("face.png"));
  ASSERT_EQ(made.status, 0) << made.err;
  const std::string command = "explain " + Path("face.png") + " --model " +
                              Quoted(FindShare("default.safetensors").string()) +
                              " --samples 20 --segments 5 ";
  EXPECT_THAT(Spectrum(command + "--output " + Path("first")).err,
              HasSubstr("the network resnet18 is explained"));
  Spectrum(command + "--network mobilenet_v2 --output " + Path("second"));
  EXPECT_NE(ReadJson((root_ / "first/face.lime.json").string())["share"],
            ReadJson((root_ / "second/face.lime.json").string())["share"]);
  const auto wrong = RunCommand("seam spectrum " + command + "--network vgg --output " + Path("third"));
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.err, HasSubstr("choose from: resnet18, mobilenet_v2"));
}

TEST_F(SpectrumExperimentTest, PerturbedPicturesAreASetOfTheirOwnAndCanBeLearnedFrom) {
  Spectrum("perturb " + Path("test") + " --change combined --change-share 1 --output " + Path("worse"));
  EXPECT_TRUE(fs::exists(root_ / "worse/real/combined_000000.png"));
  EXPECT_TRUE(fs::exists(root_ / "worse/fake/combined_000008.png"));
  Spectrum("train " + Path("train") + kDct + "--change noise --solver ridge --output " +
           Path("m.safetensors"));
  EXPECT_THAT(Spectrum("test " + Path("worse") + " --model " + Path("m.safetensors")).out,
              HasSubstr("of 16 pictures"));
  EXPECT_EQ(SpectrumModel::Load(root_ / "m.safetensors").recipe()["change"]["change"], "noise");
}

// What numpy.load() reads of a file that convert wrote.
NumpyArray Npy(const fs::path& path) { return ParseNpy(ReadFile(path), path.string()); }

TEST_F(SpectrumExperimentTest, ASetBecomesNpyFilesAndTfRecords) {
  fs::remove_all(root_ / "test");
  const std::string counts = " --train-count 5 --val-count 2 --test-count 1 --grey --normalize";
  Spectrum("convert " + Path("train") + counts + " --format npy --output " + Path("set"));
  EXPECT_EQ(Npy(root_ / "set_train/labels.npy").Integers("labels").size(), 10U);
  EXPECT_EQ(Npy(root_ / "set_val/labels.npy").Integers("labels").size(), 4U);
  EXPECT_EQ(Npy(root_ / "set_test/labels.npy").Integers("labels").size(), 2U);
  // Normalised: the coefficients' mean over train is 0.
  double sum = 0;
  for (int i = 0; i < 10; ++i) {
    const auto array = Npy(root_ / ("set_train/00000" + std::to_string(i) + ".npy"));
    EXPECT_EQ(array.shape, (std::vector<std::int64_t>{48, 48, 1}));
    sum += array.Doubles("array")[100];
  }
  EXPECT_NEAR(sum, 0, 1e-4);
  Spectrum("convert " + Path("train") + counts + " --format tfrecord --output " + Path("set"));
  const std::string records = ReadFile(root_ / "set_val_tf/data.tfrecords");
  std::string_view left = records;
  int count = 0;
  while (left.size() > kRecordHeaderBytes) {
    const std::uint64_t length = LoadLittle64(left);
    const std::string_view record = left.substr(kRecordHeaderBytes, length);
    EXPECT_EQ(LoadLittle32(left.substr(kRecordHeaderBytes + length)), MaskedCrc32c(record));
    for (const char* key : {"image", "label", "shape"}) EXPECT_NE(record.find(key), std::string::npos);
    EXPECT_GT(length, 48U * 48 * 4);
    left.remove_prefix(kRecordHeaderBytes + length + kRecordFooterBytes);
    ++count;
  }
  EXPECT_EQ(count, 4);
}

TEST_F(SpectrumExperimentTest, ASetBecomesShardsForFeatures) {
  fs::remove_all(root_ / "test");
  Spectrum("convert " + Path("train") +
           " --crop lsun --size 32 --train-count 5 --val-count 2 --test-count 1 --output " + Path("shards"));
  Spectrum("train " + Path("shards") + " --split train --feature dct --solver ridge --output " +
           Path("m.safetensors"));
  const SpectrumModel model = SpectrumModel::Load(root_ / "m.safetensors");
  EXPECT_EQ(model.shape(), (std::vector<std::int64_t>{32, 32, 3}));
  EXPECT_EQ(model.info().crop.encoding(), "png");
  const auto few = RunCommand("seam spectrum convert " + Path("train") + " --output " + Path("more"));
  EXPECT_EQ(few.status, 1);
  EXPECT_THAT(few.err, HasSubstr("has 8 pictures, 150000 are asked for"));
}

TEST(CropTest, CelebaAndLsunAreCutAsPublishedButForTheWidth) {
  cv::Mat picture(218, 178, CV_8UC1);
  for (int y = 0; y < 218; ++y) {
    for (int x = 0; x < 178; ++x) picture.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(y + x % 7);
  }
  const cv::Mat celeba = CropOfSet(picture, "celeba", 128);
  ASSERT_EQ(celeba.size(), cv::Size(128, 128));
  EXPECT_EQ(celeba.at<std::uint8_t>(0, 0), picture.at<std::uint8_t>(57, 25));
  EXPECT_TRUE(CropOfSet(picture(cv::Rect(0, 0, 100, 218)), "celeba", 128).empty());
  // The middle square of 200 x 300: columns 50 to 250, not 100 to 200.
  cv::Mat wide(200, 300, CV_8UC1, cv::Scalar(0));
  wide(cv::Rect(50, 0, 200, 200)) = 255;
  EXPECT_EQ(cv::countNonZero(CropOfSet(wide, "lsun", 128) == 255), 128 * 128);
}

TEST_F(SpectrumExperimentTest, StatisticsTakeSetsApartByCommasAndNamesOfSets) {
  const std::string real = (root_ / "train/real").string(), fake = (root_ / "train/fake").string();
  const auto apart = Spectrum("statistics " + Quoted(real + "," + fake) + " --output " + Path("a"));
  const auto named = Spectrum("statistics " + Quoted(real + ",photos") + " " + Quoted(fake + ",made") +
                              " --output " + Path("b"));
  EXPECT_THAT(apart.out, HasSubstr("fake"));
  EXPECT_THAT(named.out, HasSubstr("photos"));
  for (const char* file : {"index.html", "azimuthal.svg", "mean_0_photos_red.png", "ratio_1_made_blue.svg"})
    EXPECT_TRUE(fs::exists(root_ / "b" / file)) << file;
  EXPECT_TRUE(fs::exists(root_ / "a/difference_1_fake_green.png"));
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
  // Those of other data are not.
  const auto other = RunCommand("seam spectrum grid-search " + Path("a.npz") + " --val " + Path("test") +
                                kDct + "--solver knn --output " + Path("g.json"));
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("results of other data"));
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

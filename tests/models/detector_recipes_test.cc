// Published detectors: small files in their authors' containers, and what their authors' code answers.

#include "models/torch/detector_recipes.h"

#include <torch/utils.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/dnn.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "models/import_command.h"
#include "models/torch/checkpoint.h"
#include "models/torch/compile.h"
#include "models/torch/onnx.h"
#include "models/torch/tensors.h"
#include "models/weights/foreign_weights.h"
#include "tests/models/filled.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

const std::string kTiny = "fixtures/detectors/tiny/";

CommandResult RunImport(const std::vector<std::string>& arguments) {
  CommandResult result;
  testing::internal::CaptureStderr();
  try {
    result.status = ImportModel(arguments);
  } catch (const Error& error) {
    SayError(error);
    result.status = error.exit_code();
  }
  result.err = testing::internal::GetCapturedStderr();
  return result;
}

// The pictures of the golden answers: a pattern, and its negative; [2, side, side, 3].
torch::Tensor Pictures(int side) {
  auto pictures = torch::empty({2, side, side, 3}, torch::kByte);
  auto at = pictures.accessor<std::uint8_t, 4>();
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int value = (7 * x + 13 * y + 29 * c + 3 * ((x * y) % 31) + 5 * ((x + 2 * y) % 17)) % 256;
        at[0][y][x][c] = static_cast<std::uint8_t>(value);
        at[1][y][x][c] = static_cast<std::uint8_t>(255 - value);
      }
    }
  }
  return pictures;
}

struct Golden {
  int side = 0;
  std::vector<double> logits;  // of fake
};

// Of polimi's files the answers of the version of efficientnet_pytorch that they were trained with.
Golden GoldenOf(const std::string& file) {
  const auto json = nlohmann::json::parse(ReadFile(SharedPath(kTiny + "tiny.json"))).at("files").at(file);
  Golden golden;
  golden.side = json.at("side");
  const bool early = file.starts_with("polimi") && json.contains("logits_with_efficientnet_pytorch_063");
  for (const auto& row : json.at(early ? "logits_with_efficientnet_pytorch_063" : "logits")) {
    golden.logits.push_back(row.size() == 2 ? row[1].get<double>() - row[0].get<double>()
                                            : row[0].get<double>());
  }
  return golden;
}

// logit of each of two pictures by OpenCV's runtime, from the exported file.
std::vector<double> ByOpenCv(const Model& model, const torch::Tensor& pictures) {
  const std::string bytes = OnnxOf(model.graph(), WeightsOf(model), {}, {.batch = 2});
  auto net = cv::dnn::readNetFromONNX(bytes.data(), bytes.size());
  auto input = pictures.permute({0, 3, 1, 2}).to(torch::kFloat).contiguous();
  net.setInput(
      cv::Mat(std::vector<int>(input.sizes().begin(), input.sizes().end()), CV_32F, input.data_ptr()));
  const cv::Mat answer = net.forward("logit");
  return {answer.ptr<float>()[0], answer.ptr<float>()[1]};
}

struct Tiny {
  const char *file, *recipe;
  bool named = false;  // the file's names do not tell
};

void PrintTo(const Tiny& tiny, std::ostream* stream) { *stream << tiny.file; }

class TinyDetectorTest : public testing::TestWithParam<Tiny> {};

TEST_P(TinyDetectorTest, ImportedItAnswersAsItsAuthorsCode) {
  SEAM_NEEDS_SHARED(kTiny + "tiny.json");
  const Tiny& tiny = GetParam();
  const Golden golden = GoldenOf(tiny.file);
  TemporaryFolder folder;
  const std::string out = (folder / "out.safetensors").string();
  const auto result =
      RunImport({"--recipe", tiny.named ? tiny.recipe : "auto", "--size", std::to_string(golden.side),
                 SharedPath(kTiny + tiny.file).string(), "-o", out});
  ASSERT_EQ(result.status, 0) << result.err;
  const Checkpoint checkpoint = LoadCheckpoint(out);
  const auto origin = nlohmann::json::parse(checkpoint.info.recipe).at("import");
  EXPECT_EQ(origin.at("recipe"), tiny.recipe);
  EXPECT_EQ(origin.at("told_by"),
            (nlohmann::json{{"scale", "recipe"}, {"crop", "recipe"}, {"fake_is", "recipe"}}));
  EXPECT_NE(checkpoint.info.notice, "");

  const torch::NoGradGuard no_grad;
  const auto pictures = Pictures(golden.side);
  const auto logits = checkpoint.model->forward(pictures.permute({0, 3, 1, 2}).unsqueeze(1));
  const auto fast = Compile(*checkpoint.model, {})->Logits(pictures.data_ptr<std::uint8_t>(), 2);
  const auto onnx = ByOpenCv(*checkpoint.model, pictures);
  for (std::size_t i = 0; i < 2; ++i) {
    const double tolerance = 1e-4 * std::max(1.0, std::abs(golden.logits[i]));
    EXPECT_NEAR(logits[static_cast<std::int64_t>(i)].item<double>(), golden.logits[i], tolerance);
    // Norms are folded into the convolutions before them, which rounds once more.
    EXPECT_NEAR(fast[i], golden.logits[i], 1.5 * tolerance);
    EXPECT_NEAR(onnx[i], golden.logits[i], tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, TinyDetectorTest,
    testing::Values(Tiny{"sbi.tar", "sbi"}, Tiny{"dfb_xception.pth", "deepfakebench-xception"},
                    Tiny{"dfb_core.pth", "deepfakebench-xception"},
                    Tiny{"dfb_efficientnetb4.pth", "deepfakebench-efficientnetb4"},
                    Tiny{"dfb_resnet34.pth", "deepfakebench-resnet34"},
                    Tiny{"dfb_meso4.pth", "deepfakebench-meso4"},
                    Tiny{"dfb_meso4Inception.pth", "deepfakebench-meso4inception"},
                    Tiny{"dfdc_final_111_DeepFakeClassifier_tf_efficientnet_b7_ns_0_36", "dfdc-b7"},
                    Tiny{"polimi_EfficientNetB4_training.pth", "polimi-efficientnetb4"},
                    Tiny{"polimi_EfficientNetB4ST.pth", "polimi-efficientnetb4st"},
                    Tiny{"polimi_EfficientNetAutoAttB4.pth", "polimi-autoattb4"},
                    Tiny{"polimi_EfficientNetAutoAttB4ST.pth", "polimi-autoattb4st"},
                    Tiny{"polimi_Xception.pth", "polimi-xception"}, Tiny{"dfb_ffd.pth", "deepfakebench-ffd"},
                    Tiny{"ffpp_whole_module_legacy.p", "faceforensics-xception"},
                    Tiny{"ffpp_whole_module_zip.p", "faceforensics-xception"},
                    Tiny{"cnndetection_blur_jpg_prob0.5.pth", "cnndetection", true},
                    Tiny{"corvi2023_weights.pth", "corvi2023", true}, Tiny{"npr_NPR.pth", "npr"}),
    [](const auto& tested) {
      std::string name = tested.param.file;
      std::replace_if(
          name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
      return name;
    });

// The names of the real files: each is recognised as what it is and as nothing else.
TEST(DetectorRecipesTest, NamesOfPublishedFilesTellTheirDetector) {
  SEAM_NEEDS_SHARED("fixtures/detectors/names");
  const std::pair<const char*, const char*> files[] = {
      {"sbi", "sbi"},
      {"dfb_xception", "deepfakebench-xception"},
      {"dfb_core", "deepfakebench-xception"},
      {"dfb_fwa", "deepfakebench-xception"},
      {"dfb_efficientnetb4", "deepfakebench-efficientnetb4"},
      {"dfb_resnet34", "deepfakebench-resnet34"},
      {"dfb_meso4", "deepfakebench-meso4"},
      {"dfb_meso4Inception", "deepfakebench-meso4inception"},
      {"dfdc_b7", "dfdc-b7"},
      {"polimi_EfficientNetB4", "polimi-efficientnetb4"},
      {"polimi_EfficientNetB4ST", "polimi-efficientnetb4st"},
      {"polimi_EfficientNetAutoAttB4", "polimi-autoattb4"},
      {"polimi_EfficientNetAutoAttB4ST", "polimi-autoattb4st"},
      {"polimi_Xception", "polimi-xception"},
      {"dfb_ffd", "deepfakebench-ffd"},
      {"ffpp_xception", "faceforensics-xception"},
      {"npr", "npr"}};
  std::set<std::string> known;
  for (const auto& [file, recipe] : files) known.insert(std::string(file) + ".json");
  const auto recognised = [](const fs::path& path) {
    PlainTensors tensors;
    auto json = nlohmann::json::parse(ReadFile(path));
    if (json.is_object()) json = json.at("tensors");
    for (const auto& row : json) tensors[row[0]].shape = row[1].get<std::vector<std::int64_t>>();
    std::vector<std::string> names;
    for (const auto& found : RecogniseDetector(tensors)) names.push_back(found.recipe->name);
    return names;
  };
  for (const auto& [file, recipe] : files) {
    EXPECT_EQ(recognised(SharedPath(fmt::format("fixtures/detectors/names/{}.json", file))),
              std::vector<std::string>{recipe})
        << file;
  }
  for (const auto& entry : fs::directory_iterator(SharedPath("fixtures/detectors/names"))) {
    if (known.count(entry.path().filename().string()) == 0) {
      EXPECT_EQ(recognised(entry.path()), std::vector<std::string>{}) << entry.path();
    }
  }
}

TEST(DetectorRecipesTest, FilesOfOtherDetectorsAreOneErrorThatNamesTheRecipes) {
  SEAM_NEEDS_SHARED(kTiny + "tiny.json");
  TemporaryFolder folder;
  const std::string out = (folder / "out.safetensors").string();
  for (const char* file :
       {"dfb_srm.pth", "gend_clip/model.safetensors", "ufd_fc_weights.pth", "dfb_spsl.pth"}) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--recipe", "auto"}}) {
      std::vector<std::string> arguments = {SharedPath(kTiny + file).string(), "-o", out};
      arguments.insert(arguments.end(), more.begin(), more.end());
      const auto result = RunImport(arguments);
      EXPECT_EQ(result.status, kExitUsage) << file;
      EXPECT_THAT(result.err,
                  AllOf(HasSubstr("has the names of no detector of the table\nhint: name one of sbi, "),
                        HasSubstr(file)));
    }
  }
  const auto wrong =
      RunImport({"--recipe", "sbi", SharedPath(kTiny + "dfb_xception.pth").string(), "-o", out});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr("of its 283 weights has a name of efficientnet_b4; the first is "));
  EXPECT_FALSE(fs::exists(out));
}

class MadeDetectorTest : public testing::Test {
 protected:
  // A small Xception of random weights under the names of `prefix`, with two answers.
  void Make(const std::string& prefix, const std::map<std::string, std::vector<std::int64_t>>& more = {}) {
    torch::manual_seed(4);
    options_ = OptionsOf("xception", 64, {{"widths", "2/2/4/4/6/8/8/16"}});
    model_ = MakeModel(options_);
    FillLively(model_.get(), torch::rand({4, 3, 64, 64}) * 255);
    model_->eval();
    TensorFile file;
    for (const auto& [name, tensor] : WeightsOf(*model_)) {
      const bool answer = name.starts_with("last_linear.");
      file.tensors[prefix + name] =
          answer ? torch::cat({torch::zeros_like(tensor), tensor.detach()}) : tensor.detach().clone();
    }
    for (const auto& [name, shape] : more) file.tensors[name] = torch::ones(shape);
    SaveTensors(file_, file);
  }

  CommandResult Import(std::vector<std::string> more) const {
    more.insert(more.end(), {"--size", "64", file_.string(), "-o", out_.string()});
    return RunImport(more);
  }
  nlohmann::json ToldBy() const {
    return nlohmann::json::parse(LoadCheckpoint(out_).info.recipe).at("import").at("told_by");
  }
  // Of the checkpoint and of the network it was made of, on the same picture.
  std::pair<double, double> Answers() const {
    const torch::NoGradGuard no_grad;
    const auto picture = Pictures(64).narrow(0, 0, 1).permute({0, 3, 1, 2}).unsqueeze(1);
    return {LoadCheckpoint(out_).model->forward(picture).item<double>(),
            model_->forward(picture).item<double>()};
  }

  TemporaryFolder folder_;
  fs::path file_ = folder_ / "theirs.safetensors", out_ = folder_ / "ours.safetensors";
  ModelOptions options_;
  std::shared_ptr<Model> model_;
};

TEST_F(MadeDetectorTest, ARecognisedFileBringsItsCropScalingAndNotice) {
  Make("module.backbone.", {{"module.backbone.adjust_channel.0.weight", {4, 16, 1, 1}}});
  const auto result = Import({});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("recipe: deepfakebench-xception (DeepfakeBench xception, core or fwa), "
                              "because it has backbone.adjust_channel.0.weight and "
                              "backbone.last_linear.weight"),
                    HasSubstr("left out, for inference does not use them: 1 tensor\n"),
                    HasSubstr("not reproduced: its authors find faces by dlib's")));
  const auto info = LoadCheckpoint(out_).info;
  EXPECT_EQ(info.crop.align(), "similarity");
  EXPECT_EQ(info.crop.margin(), 0.3);
  EXPECT_EQ(info.crop.encoding(), "png");
  EXPECT_THAT(info.notice, HasSubstr("CC BY-NC 4.0"));
  const auto [ours, theirs] = Answers();
  EXPECT_NEAR(ours, theirs, 1e-4 * std::max(1.0, std::abs(theirs)));
}

TEST_F(MadeDetectorTest, OptionsWinOverTheRecipeAndAreRecordedAsTold) {
  Make("model.");
  ASSERT_EQ(Import({"--recipe", "faceforensics-xception", "--margin", "0.5", "--fake-is", "0", "--variant",
                    "scale=unit", "--notice", "mine"})
                .status,
            0);
  EXPECT_EQ(ToldBy(), (nlohmann::json{{"scale", "option"}, {"crop", "option"}, {"fake_is", "option"}}));
  const auto checkpoint = LoadCheckpoint(out_);
  EXPECT_EQ(checkpoint.info.crop.margin(), 0.5);
  EXPECT_EQ(checkpoint.model->options().variant.at("scale"), "unit");
  EXPECT_THAT(checkpoint.info.notice, testing::EndsWith(" mine"));
}

TEST_F(MadeDetectorTest, AnUnknownDetectorWantsToBeToldItsScalingAndCrop) {
  Make("net.");
  const std::vector<std::string> known = {"--model", "xception", "--fake-is", "1"};
  auto result = Import(known);
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(
      result.err,
      AllOf(HasSubstr("nothing tells how pictures are scaled and how far around the face they are cut"),
            HasSubstr("--variant scale=NAME (unit, half, imagenet, clip) and --margin M; --guess takes")));
  EXPECT_FALSE(fs::exists(out_));
  auto guess = known;
  guess.emplace_back("--guess");
  result = Import(guess);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the checkpoint says that it was guessed"));
  EXPECT_EQ(ToldBy(), (nlohmann::json{{"scale", "guess"}, {"crop", "guess"}, {"fake_is", "option"}}));
  auto told = known;
  told.insert(told.end(), {"--variant", "scale=half", "--margin", "0.3", "--overwrite"});
  ASSERT_EQ(Import(told).status, 0);
  EXPECT_EQ(ToldBy(), (nlohmann::json{{"scale", "option"}, {"crop", "option"}, {"fake_is", "option"}}));
  const auto [ours, theirs] = Answers();
  EXPECT_NEAR(ours, theirs, 1e-4 * std::max(1.0, std::abs(theirs)));
}

TEST_F(MadeDetectorTest, ARecipeOfAnotherNetworkThanTheOneThatIsNamedIsAnError) {
  Make("model.");
  EXPECT_THAT(Import({"--recipe", "faceforensics-xception", "--model", "meso4"}).err,
              HasSubstr("--model: the recipe faceforensics-xception is of xception"));
  EXPECT_THAT(Import({"--recipe", "sbbi"}).err,
              HasSubstr("'sbbi' is not a choice\nhint: choose from: auto, none, sbi, "));
}

}  // namespace
}  // namespace seam

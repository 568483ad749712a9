// Published detectors: small files in their authors' containers, and what their authors' code answers.

#include "models/torch/detector_recipes.h"

#include <torch/utils.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>
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
#include "proto/crop_spec.h"
#include "tests/models/filled.h"
#include "tests/models/golden.h"
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
  const torch::Tensor picture = GoldenPicture(side);
  return torch::cat({picture, 255 - picture});
}

struct Golden {
  int side = 0;
  std::vector<double> logits;  // of fake
};

// Of polimi's files the answers of the version of efficientnet_pytorch that they were trained with.
Golden ReadGolden(const std::string& file) {
  const auto json = nlohmann::json::parse(ReadFile(SharedPath(kTiny + "tiny.json"))).at("files").at(file);
  Golden golden;
  golden.side = json.at("side");
  const bool early = file.starts_with("polimi") && json.contains("logits_with_efficientnet_pytorch_063");
  for (const auto& row : json.at(early ? "logits_with_efficientnet_pytorch_063" : "logits")) {
    const int fake = json.at("answer").get<std::string>().ends_with("index 0 is fake") ? 0 : 1;
    golden.logits.push_back(row.size() == 2 ? row[fake].get<double>() - row[1 - fake].get<double>()
                                            : row[0].get<double>());
  }
  return golden;
}

// logit of each of two pictures by OpenCV's runtime, from the exported file.
std::vector<double> ByOpenCv(const Model& model, const torch::Tensor& pictures) {
  const std::string bytes = ToOnnx(model.graph(), ListWeights(model), {}, {.batch = 2});
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
  std::vector<std::string> more = {};
  nlohmann::json told_by = {{"scale", "recipe"}, {"crop", "recipe"}, {"fake_is", "recipe"}};
};

// What the small transformers have otherwise than the published ones, and no tensor shows.
const std::vector<std::string> kHeads = {"--variant", "heads=4"};
const nlohmann::json kByConfig = {{"scale", "recipe"}, {"crop", "recipe"}, {"fake_is", "config"}};
const nlohmann::json kScaledByConfig = {{"scale", "config"}, {"crop", "recipe"}, {"fake_is", "config"}};

void PrintTo(const Tiny& tiny, std::ostream* stream) { *stream << tiny.file; }

class TinyDetectorTest : public testing::TestWithParam<Tiny> {};

TEST_P(TinyDetectorTest, ImportedItAnswersAsItsAuthorsCode) {
  SEAM_NEEDS_SHARED(kTiny + "tiny.json");
  const Tiny& tiny = GetParam();
  const Golden golden = ReadGolden(tiny.file);
  TemporaryFolder folder;
  const std::string out = (folder / "out.safetensors").string();
  std::vector<std::string> arguments = {
      "--recipe", tiny.named ? tiny.recipe : "auto",     "--size", std::to_string(golden.side), "-o",
      out,        SharedPath(kTiny + tiny.file).string()};
  for (const std::string& more : tiny.more)
    arguments.push_back(more.starts_with("ufd_") ? SharedPath(kTiny + more).string() : more);
  const auto result = RunImport(arguments);
  ASSERT_EQ(result.status, 0) << result.err;
  const Checkpoint checkpoint = LoadCheckpoint(out);
  const auto origin = nlohmann::json::parse(checkpoint.info.recipe).at("import");
  EXPECT_EQ(origin.at("recipe"), tiny.recipe);
  EXPECT_EQ(origin.at("told_by"), tiny.told_by);
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
    testing::Values(
        Tiny{"sbi.tar", "sbi"}, Tiny{"dfb_xception.pth", "deepfakebench-xception"},
        Tiny{"dfb_core.pth", "deepfakebench-xception"},
        Tiny{"dfb_efficientnetb4.pth", "deepfakebench-efficientnetb4"},
        Tiny{"dfb_resnet34.pth", "deepfakebench-resnet34"}, Tiny{"dfb_ucf.pth", "deepfakebench-ucf"},
        Tiny{"dfb_spsl.pth", "deepfakebench-spsl"}, Tiny{"dfb_f3net.pth", "deepfakebench-f3net"},
        Tiny{"dfb_srm.pth", "deepfakebench-srm"}, Tiny{"dfb_meso4.pth", "deepfakebench-meso4"},
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
        Tiny{"corvi2023_weights.pth", "corvi2023", true}, Tiny{"npr_NPR.pth", "npr"},
        Tiny{"effort_clip_L14.pth", "effort", false, kHeads},
        Tiny{"effort_clip_L14_released_code.pth", "effort", false, kHeads},
        Tiny{"ufd_training_checkpoint.pth", "universalfakedetect", false, kHeads},
        Tiny{"ufd_fc_weights.pth",
             "universalfakedetect",
             false,
             {"--variant", "heads=4", "--backbone", "ufd_clip_openai_names.pt"}},
        Tiny{"gend_clip/model.safetensors", "gend-clip", false, kHeads},
        Tiny{"gend_clip_lightning.ckpt", "gend-clip", false, kHeads},
        Tiny{"gend_pe/model.safetensors", "gend-pe", false, kHeads},
        Tiny{"gend_dinov3/model.safetensors", "gend-dinov3", false, kHeads},
        Tiny{"commfor/model.safetensors", "communityforensics-224", true, kHeads},
        Tiny{"commfor_checkpoint.pt", "communityforensics-384", true, kHeads},
        Tiny{"hf_vit_real0_fake1/model.safetensors", "huggingface-vit", false, {}, kScaledByConfig},
        Tiny{"hf_vit_deepfake0_real1/model.safetensors", "huggingface-vit", false, {}, kScaledByConfig},
        Tiny{"hf_siglip_fake0_real1/model.safetensors", "huggingface-siglip", false, {}, kByConfig}),
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
      {"dfb_ucf", "deepfakebench-ucf"},
      {"dfb_spsl", "deepfakebench-spsl"},
      {"dfb_f3net", "deepfakebench-f3net"},
      {"dfb_srm", "deepfakebench-srm"},
      {"dfb_recce", "deepfakebench-recce"},
      {"dfb_capsule_net", "deepfakebench-capsule"},
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
      {"npr", "npr"},
      {"dfb_clip", "deepfakebench-clip"},
      {"effort", "effort"},
      {"ufd", "universalfakedetect"},
      {"gend_clip", "gend-clip"},
      {"gend_pe", "gend-pe"},
      {"gend_dinov3", "gend-dinov3"},
      {"commfor_small_384", "communityforensics-384"},
      {"commfor_small_224", "communityforensics-224"},
      {"commfor_tiny_224", "communityforensics-224"},
      {"hf_vit_b16", "huggingface-vit"},
      {"hf_siglip_b16_224", "huggingface-siglip"},
      {"hf_siglip_b16_512", "huggingface-siglip"}};
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
  // Their names are those of a plain ResNet-50, so the user has to say which it is.
  for (const char* file : {"cnndetection", "corvi2023"}) {
    EXPECT_EQ(recognised(SharedPath(fmt::format("fixtures/detectors/names/{}.json", file))),
              std::vector<std::string>({"cnndetection", "corvi2023"}))
        << file;
    known.insert(std::string(file) + ".json");
  }
  for (const auto& entry : fs::directory_iterator(SharedPath("fixtures/detectors/names"))) {
    if (known.count(entry.path().filename().string()) == 0) {
      EXPECT_EQ(recognised(entry.path()), std::vector<std::string>{}) << entry.path();
    }
  }
}

TEST(DetectorRecipesTest, AFileOfOneDetectorIsNotFedAsAnother) {
  SEAM_NEEDS_SHARED(kTiny + "tiny.json");
  TemporaryFolder folder;
  const std::string out = (folder / "out.safetensors").string();
  // Its weights have the names of the other's network, and fit.
  auto result =
      RunImport({SharedPath(kTiny + "sbi.tar").string(), "-o", out, "--recipe", "polimi-autoattb4st"});
  EXPECT_EQ(result.status, kExitUsage);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("is of sbi, not of polimi-autoattb4st: it has net._conv_stem.weight"),
                    HasSubstr("hint: leave --recipe out, or take --recipe sbi")));
  EXPECT_FALSE(fs::exists(out));
  // Where two have the same names the user is asked.
  const std::string plain = SharedPath(kTiny + "corvi2023_weights.pth").string();
  result = RunImport({plain, "-o", out});
  EXPECT_EQ(result.status, kExitUsage);
  EXPECT_THAT(result.err, HasSubstr("may be of cnndetection or of corvi2023\nhint: name one"));
  EXPECT_FALSE(fs::exists(out));
}

TEST(DetectorRecipesTest, WhatAWrapperPutsBeforeTheNamesIsTakenOff) {
  SEAM_NEEDS_SHARED(kTiny + "tiny.json");
  TemporaryFolder folder;
  const PlainTensors plain = LoadForeignWeights(SharedPath(kTiny + "npr_NPR.pth")).tensors;
  const std::string out = (folder / "out.safetensors").string();
  for (const char* prefix : {"", "net.", "model.module.", "module.detector."}) {
    TensorFile file;
    for (const auto& [name, tensor] : plain) file.tensors[prefix + name] = ToTorch(tensor);
    SaveTensors(folder / "npr.safetensors", file);
    const auto result = RunImport({(folder / "npr.safetensors").string(), "-o", out, "--overwrite"});
    ASSERT_EQ(result.status, 0) << prefix << result.err;
    EXPECT_THAT(result.err, HasSubstr("recipe: npr")) << prefix;
  }
}

TEST(DetectorRecipesTest, LargePicturesOfCorviAreSeenByTiles) {
  SEAM_NEEDS_SHARED(kTiny + "tiny.json");
  TemporaryFolder folder;
  const std::string out = (folder / "out.safetensors").string();
  const std::string plain = SharedPath(kTiny + "corvi2023_weights.pth").string();
  ASSERT_EQ(RunImport({plain, "-o", out, "--recipe", "corvi2023"}).status, 0);
  CropSpec crop = LoadCheckpoint(out).info.crop;
  EXPECT_EQ(crop.align(), "tiles");
  EXPECT_EQ(crop.detector(), "whole");
  EXPECT_EQ(TileRule(crop), "logit-mean");
  EXPECT_EQ(crop.faces(), "all");
  ASSERT_EQ(RunImport({plain, "-o", out, "--overwrite", "--recipe", "corvi2023", "--overlap", "0.5",
                       "--tiles", "top-3"})
                .status,
            0);
  crop = LoadCheckpoint(out).info.crop;
  EXPECT_EQ(crop.overlap(), 0.5);
  EXPECT_EQ(TileRule(crop), "top-3");
  const auto middle = RunImport(
      {plain, "-o", out, "--overwrite", "--recipe", "corvi2023", "--align", "centre", "--tiles", "max"});
  EXPECT_EQ(middle.status, kExitUsage);
  EXPECT_THAT(middle.err, HasSubstr("is of tiles, and there are none"));
}

TEST(DetectorRecipesTest, FilesOfOtherDetectorsAreOneErrorThatNamesTheRecipes) {
  SEAM_NEEDS_SHARED(kTiny + "tiny.json");
  TemporaryFolder folder;
  const std::string out = (folder / "out.safetensors").string();
  for (const char* file : {"ufd_clip_openai_names.pt"}) {
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
  EXPECT_EQ(wrong.status, kExitUsage);
  EXPECT_THAT(wrong.err, HasSubstr("is of deepfakebench-xception, not of sbi: it has "));
  EXPECT_FALSE(fs::exists(out));
}

class MadeDetectorTest : public testing::Test {
 protected:
  // A small Xception of random weights under the names of `prefix`, with two answers.
  void Make(const std::string& prefix, const std::map<std::string, std::vector<std::int64_t>>& more = {}) {
    torch::manual_seed(4);
    options_ = GetOptions("xception", 64, {{"widths", "2/2/4/4/6/8/8/16"}});
    model_ = MakeModel(options_);
    FillLively(model_.get(), torch::rand({4, 3, 64, 64}) * 255);
    model_->eval();
    TensorFile file;
    for (const auto& [name, tensor] : ListWeights(*model_)) {
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

// A small vision transformer of random weights, as Hugging Face keeps one.
class MadeHubClassifierTest : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(4);
    const nlohmann::json variant = {{"flavour", "google"}, {"scale", "half"}, {"width", 32}, {"depth", 2},
                                    {"heads", 4},          {"mlp", 64},       {"patch", 8}};
    model_ = MakeModel(GetOptions("vit_b16", 32, variant));
    const torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : ListWeights(*model_))
      tensor.normal_(name.ends_with("norm.weight") ? 1 : 0, 0.3);
    model_->eval();
    const std::pair<const char*, const char*> names[] = {
        {"patch_embed.", "vit.embeddings.patch_embeddings.projection."},
        {"class_token.weight", "vit.embeddings.cls_token"},
        {"positions.weight", "vit.embeddings.position_embeddings"},
        {"norm.", "vit.layernorm."},
        {".norm1.", ".layernorm_before."},
        {".norm2.", ".layernorm_after."},
        {".attn.proj.", ".attention.output.dense."},
        {".mlp.fc1.", ".intermediate.dense."},
        {".mlp.fc2.", ".output.dense."},
        {"blocks.", "vit.encoder.layer."},
        {"head.", "classifier."}};
    TensorFile file;
    for (const auto& [name, tensor] : ListWeights(*model_)) {
      std::string theirs = name;
      for (const auto& [ours, their] : names) {
        const std::string part = ours;
        const auto at = theirs.find(part);
        if (at != std::string::npos && (part[0] == '.' || at == 0)) theirs.replace(at, part.size(), their);
      }
      const torch::Tensor weight = tensor.detach().clone();
      if (const auto at = theirs.find("attn.qkv."); at != std::string::npos) {
        const auto parts = weight.chunk(3);
        const char* kinds[] = {"query.", "key.", "value."};
        for (std::size_t i = 0; i < 3; ++i) {
          std::string one = theirs;
          file.tensors[one.replace(at, 9, std::string("attention.attention.") + kinds[i])] = parts[i].clone();
        }
      } else if (name.starts_with("head.")) {  // the first of two answers is ours
        file.tensors[theirs] = torch::cat({weight, torch::zeros_like(weight)});
      } else {
        const bool tokens = name == "class_token.weight" || name == "positions.weight";
        file.tensors[theirs] = tokens ? weight.unsqueeze(0) : weight;
      }
    }
    SaveTensors(file_, file);
  }

  void Configure(const std::string& first, const std::string& second) const {
    WriteFile(folder_ / "config.json", nlohmann::json{{"id2label", {{"0", first}, {"1", second}}},
                                                      {"num_attention_heads", 4},
                                                      {"layer_norm_eps", 1e-12},
                                                      {"hidden_act", "gelu"},
                                                      {"image_size", 32}}
                                           .dump());
  }

  CommandResult Import(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {file_.string(), "-o", out_.string(), "--overwrite"});
    return RunImport(more);
  }

  double Answer(Model* model) const {
    const torch::NoGradGuard no_grad;
    return model->forward(Pictures(32).narrow(0, 0, 1).permute({0, 3, 1, 2}).unsqueeze(1)).item<double>();
  }

  TemporaryFolder folder_;
  fs::path file_ = folder_ / "model.safetensors", out_ = folder_ / "ours.safetensors";
  std::shared_ptr<Model> model_;
};

TEST_F(MadeHubClassifierTest, ItsConfigurationSaysWhichLabelIsFakeAndHowManyHeads) {
  const double answer = Answer(model_.get());
  for (const auto& [first, second, sign] :
       {std::tuple("Deepfake", "Realism", 1), std::tuple("human", "AI-generated", -1)}) {
    Configure(first, second);
    const auto result = Import();
    ASSERT_EQ(result.status, 0) << result.err;
    const Checkpoint checkpoint = LoadCheckpoint(out_);
    const auto origin = nlohmann::json::parse(checkpoint.info.recipe).at("import");
    EXPECT_EQ(origin.at("recipe"), "huggingface-vit");
    EXPECT_EQ(origin.at("told_by").at("fake_is"), "config");
    EXPECT_EQ(checkpoint.info.crop.detector(), "whole");
    EXPECT_NEAR(Answer(checkpoint.model.get()), sign * answer, 1e-4 * std::max(1.0, std::abs(answer)));
  }
}

TEST_F(MadeHubClassifierTest, LabelsThatAreNotClearAreAskedFor) {
  Configure("class_a", "class_b");
  auto result = Import();
  EXPECT_EQ(result.status, kExitUsage);
  EXPECT_THAT(result.err, HasSubstr("config.json has the labels class_a, class_b"));
  EXPECT_EQ(Import({"--fake-is", "0"}).status, 0);
  fs::remove(folder_ / "config.json");
  EXPECT_THAT(Import().err, HasSubstr("has no config.json beside it, which names its labels"));
  // Without it the heads are told, too.
  EXPECT_EQ(Import({"--fake-is", "1", "--variant", "heads=4"}).status, 0);
  EXPECT_NEAR(Answer(LoadCheckpoint(out_).model.get()), -Answer(model_.get()), 1e-4);
}

TEST_F(MadeHubClassifierTest, AClassifierAloneWantsItsBackbone) {
  TensorFile file;
  file.tensors = {{"weight", torch::rand({1, 32})}, {"bias", torch::rand({1})}};
  SaveTensors(folder_ / "fc.safetensors", file);
  const std::string fc = (folder_ / "fc.safetensors").string();
  auto result = RunImport({fc, "-o", out_.string()});
  EXPECT_EQ(result.status, kExitUsage);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("recipe: universalfakedetect"),
                    HasSubstr("holds the classifier alone, and not vit_l14\nhint: name the file")));
  result = Import({"--backbone", fc});
  EXPECT_THAT(result.err, HasSubstr("is no classifier alone"));
}

}  // namespace
}  // namespace seam

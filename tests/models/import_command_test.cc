#include "models/import_command.h"

#include <nlohmann/json.hpp>
#include <string>

#include <torch/utils.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "models/torch/checkpoint.h"
#include "models/torch/tensors.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

// The command with these arguments: its status, and what it says and throws.
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

class ImportCommandTest : public testing::Test {
 protected:
  // A small Meso-4 under the names of HongguLiu/MesoNet-Pytorch, with two answers.
  void SetUp() override {
    torch::manual_seed(1);
    options_.model = "meso4";
    options_.size = 32;
    options_.variant = {
        {"bias_free", true}, {"torch_norms", true}, {"shared_norms", true}, {"scale", "half"}};
    model_ = MakeModel(options_);
    const torch::NoGradGuard no_grad;
    const std::map<std::string, std::string> renamed = {
        {"norm1", "bn1"}, {"norm2", "bn2"}, {"dense1", "fc1"}, {"dense2", "fc2"}};
    for (const auto& [name, tensor] : ListWeights(*model_)) {
      const auto dot = name.find('.');
      const auto found = renamed.find(name.substr(0, dot));
      const std::string layer = found == renamed.end() ? name.substr(0, dot) : found->second;
      const auto both = found == renamed.end() || found->second != "fc2"
                            ? tensor.detach().clone()
                            : torch::cat({tensor.detach(), torch::zeros_like(tensor)});
      foreign_.tensors["module." + layer + name.substr(dot)] = both;
    }
    Write();
  }

  void Write() { SaveTensors(file_, foreign_); }
  // The file to `out_`, with more arguments.
  CommandResult Import(std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--model", "meso4", "--size", "32", file_.string(), "-o", out_.string()});
    return RunImport(more);
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "theirs.safetensors", out_ = folder_ / "ours.safetensors";
  ModelOptions options_;
  std::shared_ptr<Model> model_;
  TensorFile foreign_;
};

TEST_F(ImportCommandTest, TheCheckpointAnswersAsTheNetworkItCameFrom) {
  const auto result =
      Import({"--notice", "for tests", "--threshold", "0.25", "--margin", "0.5", "--detector", "hog"});
  EXPECT_EQ(result.status, 0) << result.err;
  const Checkpoint checkpoint = LoadCheckpoint(out_);
  const torch::NoGradGuard no_grad;
  const auto clips = torch::randint(0, 256, {2, 1, 3, 32, 32}, torch::kByte);
  model_->eval();
  EXPECT_TRUE(torch::allclose(checkpoint.model->forward(clips), model_->forward(clips), 1e-5, 1e-6));
  EXPECT_EQ(checkpoint.info.notice, "for tests");
  EXPECT_EQ(checkpoint.info.threshold, 0.25);
  EXPECT_EQ(checkpoint.info.crop.size(), 32U);
  EXPECT_EQ(checkpoint.info.crop.margin(), 0.5);
  EXPECT_EQ(checkpoint.info.crop.detector(), "hog");
  const auto origin = nlohmann::json::parse(checkpoint.info.recipe).at("import");
  EXPECT_EQ(origin.at("file"), "theirs.safetensors");
  EXPECT_EQ(origin.at("sha256"), Sha256OfFile(file_));
  EXPECT_EQ(origin.at("format"), "safetensors");
  EXPECT_EQ(origin.at("source"), "hongguliu");
}

TEST_F(ImportCommandTest, WhatDoesNotFitIsListedAndNothingIsWritten) {
  foreign_.tensors.erase("module.conv1.weight");
  foreign_.tensors["module.extra"] = torch::zeros({3});
  foreign_.tensors["module.fc1.weight"] = torch::zeros({64, 16});
  Write();
  const auto result = Import();
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(
      result.err,
      AllOf(
          HasSubstr("'conv1.weight' is missing\n"), HasSubstr("'extra' [3] is left over\n"),
          HasSubstr("'fc1.weight' has the shape [64, 16]"),
          HasSubstr("theirs.safetensors: 3 weights do not fit meso4; each is listed above\nhint: another "
                    "--model, --source, --size or --variant may; --no-strict keeps fresh weights there\n")));
  EXPECT_FALSE(std::filesystem::exists(out_));
  EXPECT_EQ(Import({"--strict"}).status, 1);
}

TEST_F(ImportCommandTest, WithoutStrictWhatDoesNotFitIsFreshAndSaysSo) {
  // A classifier of a thousand classes.
  foreign_.tensors["module.fc2.weight"] = torch::zeros({1000, 16});
  foreign_.tensors["module.fc2.bias"] = torch::zeros({1000});
  Write();
  const auto result = Import({"--no-strict"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("2 weights are fresh, and the network must be trained: dense2.weight, "
                                    "dense2.bias\n"));
  const auto recipe = nlohmann::json::parse(LoadCheckpoint(out_).info.recipe);
  EXPECT_EQ(recipe.at("import").at("fresh"), (nlohmann::json{"dense2.weight", "dense2.bias"}));
}

TEST_F(ImportCommandTest, FreshWeightsFollowTheSeed) {
  foreign_.tensors.erase("module.fc1.weight");
  Write();
  const auto weight = [&](const std::string& seed) {
    EXPECT_EQ(Import({"--no-strict", "--overwrite", "--seed", seed}).status, 0);
    return LoadTensors(out_).tensors.at("dense1.weight");
  };
  const auto first = weight("1");
  EXPECT_TRUE(first.equal(weight("1")));
  EXPECT_FALSE(first.equal(weight("2")));
}

TEST_F(ImportCommandTest, DirectionIsTurnedByFakeIs) {
  ASSERT_EQ(Import().status, 0);
  const auto known = LoadTensors(out_).tensors.at("dense2.weight");
  ASSERT_EQ(Import({"--overwrite", "--fake-is", "1"}).status, 0);
  EXPECT_TRUE(LoadTensors(out_).tensors.at("dense2.weight").equal(-known));
}

TEST_F(ImportCommandTest, AFileThatIsThereIsKept) {
  WriteFile(out_, "precious");
  const auto result = Import();
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, EndsWith("ours.safetensors: exists already\nhint: choose another name, or add "
                                   "--overwrite\n"));
  EXPECT_EQ(ReadFile(out_), "precious");
}

TEST_F(ImportCommandTest, WrongUsageIsExplained) {
  const auto error = [&](std::vector<std::string> arguments) {
    const auto result = RunImport(arguments);
    EXPECT_EQ(result.status, kExitUsage);
    return result.err;
  };
  EXPECT_EQ(error({"-o", "a"}), "error: file: give one file of weights\n");
  EXPECT_EQ(error({"a", "b", "-o", "c"}), "error: file: give one file of weights\n");
  EXPECT_EQ(error({"a"}), "error: --output: is missing\nhint: name the checkpoint to write\n");
  EXPECT_THAT(error({"a", "-o", "b", "--fake-is", "2"}), HasSubstr("--fake-is: '2' is not a choice"));
  EXPECT_THAT(error({"a", "-o", "b", "--source", "gluon"}), HasSubstr("--source: 'gluon' is not a choice"));
  EXPECT_THAT(error({"a", "-o", "b", "--model", "meso5"}), HasSubstr("did you mean meso4?"));
  EXPECT_EQ(error({"a", "-o", "b", "--threshold", "2"}), "error: --threshold: must be from 0 to 1, not 2\n");
  EXPECT_EQ(error({"a", "-o", "b", "--quality", "0"}), "error: --quality: must be from 1 to 100, not 0\n");
  EXPECT_EQ(error({"a", "-o", "b", "--detect-size", "0"}),
            "error: --detect-size: must be from 1 to 8192, not 0\n");
  EXPECT_EQ(error({"a", "-o", "b", "--margin", "11"}), "error: --margin: must be from 0 to 10\n");
  EXPECT_EQ(error({"a", "-o", "b", "--detect-threshold", "2"}),
            "error: --detect-threshold: must be from 0 to 1, not 2\n");
  EXPECT_EQ(error({"a", "-o", "b", "--align", "similarity", "--detector", "hog"}),
            "error: --align: similarity needs landmarks, which hog does not find\nhint: choose another "
            "--detector\n");
  EXPECT_THAT(error({file_.string(), "-o", "b", "--source", "maragori", "--model", "mesoinception4"}),
              HasSubstr("--source: maragori has no weights of mesoinception4\n"));
}

TEST_F(ImportCommandTest, FilesThatAreNoWeightsAreOneError) {
  EXPECT_THAT(RunImport({"/nowhere.pth", "-o", "a"}).err, HasSubstr("error: /nowhere.pth: "));
  WriteFile(file_, "hello");
  EXPECT_THAT(Import().err, HasSubstr("theirs.safetensors: is text, not weights: it begins with 'hello'\n"));
  WriteFile(folder_ / "a.pth", "\x80\2cos\nsystem\n(.");
  EXPECT_THAT(RunImport({(folder_ / "a.pth").string(), "-o", "b"}).err,
              HasSubstr("a.pth: its pickle asks for 'os.system'; only plain data and tensors are read, and "
                        "nothing is ever run\n"));
}

TEST(ImportProgramTest, ImportIsAVerbOfModels) {
  const auto result = RunCommand("seam models import --help");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(
      result.out,
      HasSubstr("usage: seam models import [--recipe NAME | --model NAME] FILE -o OUT [OPTION...]\n"));
}

}  // namespace
}  // namespace seam

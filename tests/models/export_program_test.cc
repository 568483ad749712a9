// The command `seam models export`.

#include <onnx/onnx_pb.h>

#include <filesystem>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "models/torch/checkpoint.h"
#include "models/torch/model.h"
#include "tests/models/filled.h"
#include "tests/support/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::HasSubstr;

class ExportProgramTest : public testing::Test {
 protected:
  ExportProgramTest() : checkpoint_((folder_ / "network.safetensors").string()) {
    CheckpointInfo info;
    info.crop = HogCrop(64);
    info.crop.set_detector("retinaface");
    info.threshold = 0.25;
    info.notice = "made for a test";
    WriteCheckpoint(checkpoint_, GetOptions("resnet18", 64), info);
  }

  std::string Output(const std::string& name) const { return (folder_ / name).string(); }

  CommandResult Export(const std::string& arguments) const {
    return RunCommand("seam models export " + arguments);
  }
  std::string Checkpoint() const { return Quoted(checkpoint_); }

  TemporaryFolder folder_;
  std::string checkpoint_;
};

TEST_F(ExportProgramTest, OnnxFileSaysWhatTheCheckpointSays) {
  const auto result = Export(Checkpoint() + " --batch 3 --output " + Quoted(Output("a.onnx")));
  ASSERT_EQ(result.status, 0) << result.err;
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(ReadFile(Output("a.onnx"))));
  EXPECT_EQ(model.graph().input(0).type().tensor_type().shape().dim(0).dim_value(), 3);
  std::map<std::string, std::string> metadata;
  for (const auto& entry : model.metadata_props()) metadata[entry.key()] = entry.value();
  EXPECT_EQ(metadata["seam.model"], "resnet18");
  EXPECT_EQ(metadata["seam.threshold"], "0.25");
  EXPECT_EQ(metadata["seam.notice"], "made for a test");
  EXPECT_THAT(metadata["seam.crop"], HasSubstr("retinaface"));
}

TEST_F(ExportProgramTest, SafetensorsIsTheCheckpointAgain) {
  const auto result = Export(Checkpoint() + " --format safetensors --output " + Quoted(Output("a")));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(ReadFile(Output("a")), ReadFile(checkpoint_));
}

TEST_F(ExportProgramTest, HalfIsHalfTheFileAndNearlyTheSameNetwork) {
  const auto result = Export(Checkpoint() + " --format safetensors --half --output " + Quoted(Output("a")));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto whole = std::filesystem::file_size(checkpoint_), half = std::filesystem::file_size(Output("a"));
  EXPECT_NEAR(static_cast<double>(half) / static_cast<double>(whole), 0.5, 0.01);
  const auto before = LoadCheckpoint(checkpoint_), after = LoadCheckpoint(Output("a"));
  EXPECT_EQ(after.info.notice, "made for a test");
  EXPECT_EQ(after.info.threshold, 0.25);
  const auto old_weights = ListWeights(*before.model), new_weights = ListWeights(*after.model);
  for (const auto& [name, old] : old_weights) {
    // 11 significant bits, 24 below the point; what has one dimension is kept.
    const double relative = old.dim() < 2 ? 0 : 1.0 / 2048, absolute = old.dim() < 2 ? 0 : 3e-8;
    EXPECT_TRUE(new_weights.at(name).allclose(old, relative, absolute)) << name;
  }
}

TEST_F(ExportProgramTest, WeightThatHalfCannotHoldIsAnErrorAndNoFile) {
  auto checkpoint = LoadCheckpoint(checkpoint_);
  auto weight = ListWeights(*checkpoint.model).at("layer1.0.conv1.weight").detach();
  weight[0][0][0][0] = 70'000;
  const std::string large = Output("large.safetensors");
  SaveCheckpoint(large, *checkpoint.model, checkpoint.info);
  const auto result = Export(Quoted(large) + " --format safetensors --half --output " + Quoted(Output("a")));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("'layer1.0.conv1.weight' holds numbers that 16 bits cannot hold"));
  EXPECT_FALSE(std::filesystem::exists(Output("a")));
}

TEST_F(ExportProgramTest, WrongUseIsAnErrorThatSaysSo) {
  const std::string output = " --output " + Quoted(Output("a"));
  const auto expect = [&](const std::string& arguments, const std::string& problem) {
    const auto result = Export(arguments);
    EXPECT_EQ(result.status, 2) << arguments;
    EXPECT_THAT(result.err, HasSubstr(problem)) << arguments;
  };
  expect(output, "seam models export: takes one checkpoint, not 0");
  expect(Checkpoint(), "--output: is missing");
  expect(Checkpoint() + " --output " + Checkpoint(), "is the checkpoint itself");
  expect(Checkpoint() + output + " --format safetensors --batch 2", "--batch: only ONNX files have one");
  expect(Checkpoint() + output + " --half", "--half: ONNX files have 32-bit weights");
  expect(Checkpoint() + output + " --batch 0", "--batch: must be from 1 to 4096, not 0");
  EXPECT_FALSE(std::filesystem::exists(Output("a")));
}

TEST_F(ExportProgramTest, FileThatIsNoCheckpointIsAnErrorAndNothingIsWritten) {
  WriteFile(folder_ / "text.safetensors", "not a checkpoint at all");
  const auto result =
      Export(Quoted((folder_ / "text.safetensors").string()) + " --output " + Quoted(Output("a.onnx")));
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("text.safetensors: "));
  EXPECT_FALSE(std::filesystem::exists(Output("a.onnx")));
}

}  // namespace
}  // namespace seam

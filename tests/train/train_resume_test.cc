#include <algorithm>
#include <cstdint>

#include <gmock/gmock.h>

#include <fmt/format.h>

#include "base/files.h"
#include "models/networks/compiled_model.h"
#include "models/networks/fold.h"
#include "models/torch/checkpoint.h"
#include "models/torch/tensors.h"
#include "models/zoo/stored_network.h"
#include "tests/support/support.h"
#include "tests/train/train_program.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

using TrainResumeTest = TrainProgram;

TEST_F(TrainResumeTest, ResumedRunHasTheWeightsOfAnUninterruptedOne) {
  Make({.train = 16, .val = 4});
  threads_ = 2;
  const std::string options = "--schedule constant --balance class ";
  ASSERT_EQ(Train(options + "--epochs 4", "whole").status, 0);
  ASSERT_EQ(Train(options + "--epochs 2", "halves").status, 0);
  const auto resumed =
      RunCommand("seam-train --resume --epochs 4 --output " + Quoted(run("halves").string()));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("going on after epoch 2"));
  EXPECT_THAT(resumed.out,
              AllOf(HasSubstr("epoch 3/4"), HasSubstr("epoch 4/4"), Not(HasSubstr("epoch 2/4"))));
  ExpectSameWeights(run("whole") / "last.safetensors", run("halves") / "last.safetensors");
  EXPECT_THAT(Bytes("halves", "metrics.csv"), ContainsRegex("\n1,.*\n2,.*\n3,.*\n4,"));
}

TEST_F(TrainResumeTest, KilledRunGoesOnAsIfNothingHadHappened) {
  Make({.train = 16, .val = 4});
  const std::string options = "--schedule constant --warmup 0 ";
  const auto killed = StopAfterAnEpoch(Command(options + "--epochs 1000"), "KILL");
  EXPECT_EQ(killed.status, 128 + 9);
  LoadCheckpoint(run() / "last.safetensors");
  const auto resumed = Train("--resume --epochs 3");
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  ASSERT_EQ(Train(options + "--epochs 3", "whole").status, 0);
  ExpectSameWeights(run() / "epoch-0003.safetensors", run("whole") / "epoch-0003.safetensors");
}

#ifdef SEAM_ONEDNN
TEST_F(TrainResumeTest, ATrainedBinaryNetworkGoesOnAndScoresAlikePackedAndAsFloats) {
  constexpr std::int64_t kSide = 32, kPictures = 4;
  Make({.train = 8, .val = 4, .size = kSide});
  const std::string options = fmt::format(
      "--model bnext_t --variant width=8 --size {} --lr 0.0001 --schedule constant --binary-decay 1e-8 ",
      kSide);
  const auto trained = Train(options + "--epochs 2", "whole");
  ASSERT_EQ(trained.status, 0) << trained.err;
  ASSERT_EQ(Train(options + "--epochs 1", "halves").status, 0);
  const auto resumed =
      RunCommand("seam-train --quiet --resume --epochs 2 --output " + Quoted(run("halves").string()));
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  ExpectSameWeights(run("whole") / "last.safetensors", run("halves") / "last.safetensors");

  // By the second epoch the temperature has made signs of all weights.
  const StoredNetwork network = LoadNetwork(run("whole") / "last.safetensors");
  const FoldedGraph folded = Fold(network.graph, network.weights);
  EXPECT_TRUE(std::any_of(folded.steps.begin(), folded.steps.end(),
                          [](const FoldedStep& step) { return step.op == Op::kBinaryConv; }));
  std::vector<std::uint8_t> pixels(kPictures * kSide * kSide * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>((i * i + 7 * i) % 251);
  const auto logits = [&](bool packed) {
    return CompileForCpu(folded, GetInput(network.graph), {.precision = "fp32", .packed = packed})
        ->Logits(pixels.data(), kPictures);
  };
  EXPECT_EQ(logits(true), logits(false));
}
#endif

// What a run may be made of: its options, and a tensor that its state then holds.
struct Recipe {
  const char* name;
  const char* options;
  const char* tensor;
};

void PrintTo(const Recipe& recipe, std::ostream* stream) { *stream << recipe.name; }

class RecipeResumeTest : public TrainProgram, public testing::WithParamInterface<Recipe> {};

TEST_P(RecipeResumeTest, TwoAndTwoEpochsAreFourByteForByte) {
  Make({.train = 20, .val = 4, .size = 64});
  const std::string options = std::string("--size 64 ") + GetParam().options + " --epochs ";
  ASSERT_EQ(Train(options + "4", "whole").status, 0);
  ASSERT_EQ(Train(options + "2", "halves").status, 0);
  const auto resumed = Train("--resume --epochs 4", "halves");
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  for (const char* file : {"epoch-0003.safetensors", "epoch-0004.safetensors", "best.safetensors"}) {
    ExpectSameWeights(run("whole") / file, run("halves") / file);
  }
  const auto state = LoadTensors(run("whole") / "last.state.safetensors").tensors;
  EXPECT_EQ(state.count(GetParam().tensor), 1u);
  const auto other = LoadTensors(run("halves") / "last.state.safetensors").tensors;
  ASSERT_EQ(state.size(), other.size());
  for (const auto& [name, tensor] : state) EXPECT_TRUE(torch::equal(tensor, other.at(name))) << name;
}

INSTANTIATE_TEST_SUITE_P(
    All, RecipeResumeTest,
    testing::Values(
        Recipe{"AdamW", "--schedule constant", "exp_avg.conv1.weight"},
        Recipe{"Sgd", "--schedule constant --optimizer sgd --lr 0.01 --nesterov --clip-norm 1",
               "momentum_buffer.conv1.weight"},
        Recipe{"Sam", "--schedule constant --optimizer sgd --lr 0.01 --sam-rho 0.05",
               "momentum_buffer.conv1.weight"},
        Recipe{"Ema", "--schedule constant --ema 0.9 --label-smoothing 0.1", "raw.norm1.running_var"},
        Recipe{"Accumulation", "--schedule constant --warmup 0 --accumulate 2", "step.conv1.weight"},
        Recipe{"Plateau", "--schedule plateau --warmup 0 --lr 0.05 --plateau-patience 1",
               "step.conv1.weight"}),
    [](const auto& tested) { return std::string(tested.param.name); });

// Of the files a run must not leave half written.
void ExpectWhole(const fs::path& folder) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".safetensors") continue;
    ++files;
    EXPECT_FALSE(LoadTensors(entry.path()).tensors.empty()) << name;
    if (name != "last.state.safetensors") LoadCheckpoint(entry.path());
  }
  EXPECT_GE(files, 3);
}

TEST_F(TrainResumeTest, KilledWhileItWritesLosesAtMostTheRunningEpoch) {
  Make({.train = 16, .val = 4, .size = 64});
  const std::string options = "--size 64 --schedule constant --warmup 0 --ema 0.9 --epochs ";
  ASSERT_EQ(Train(options + "4", "whole").status, 0);
  // Killed as soon as the file is there, somewhere in the work on those that are written after it. What is
  // left of a file that was in work then is rarely seen, so it is put there.
  for (const auto& [awaited, in_work] : {std::pair("epoch-0002.safetensors", "last.state.safetensors"),
                                         std::pair("epoch-0003.safetensors", "best.safetensors"),
                                         std::pair("best.safetensors", "epoch-0002.safetensors")}) {
    fs::remove_all(run());
    const auto killed =
        RunCommand(Command(options + "1000") + " & p=$!; until [ -e " + Quoted((run() / awaited).string()) +
                   " ] || ! kill -0 $p; do :; done; kill -9 $p; wait $p");
    EXPECT_EQ(killed.status, 128 + 9) << killed.err;
    ExpectWhole(run());
    const auto half = run() / (std::string(in_work) + ".1.tmp");
    WriteFile(half, Bytes("whole", "last.safetensors").substr(0, 1000));
    const auto resumed = Train("--resume --epochs 4");
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    ExpectSameWeights(run() / "epoch-0004.safetensors", run("whole") / "epoch-0004.safetensors");
    EXPECT_FALSE(fs::exists(half));
  }
}

TEST_F(TrainResumeTest, InterruptSaysWhatIsKept) {
  Make({.train = 32, .val = 4});
  const auto stopped = StopAfterAnEpoch(Command("--epochs 1000"), "INT");
  EXPECT_EQ(stopped.status, 1);
  EXPECT_THAT(stopped.err, ContainsRegex("interrupted in epoch [0-9]+; epochs up to [0-9]+ are kept"));
  EXPECT_THAT(stopped.err, HasSubstr("hint: the same command with --resume goes on"));
  EXPECT_GE(LoadCheckpoint(run() / "last.safetensors").info.epoch, 1);
}

TEST_F(TrainResumeTest, StateOfADamagedRunIsNamed) {
  Make({.train = 8, .val = 4, .size = 64});
  ASSERT_EQ(Train("--size 64 --epochs 1 --ema 0.9").status, 0);
  auto file = LoadTensors(run() / "last.state.safetensors");
  file.tensors.erase("ema.updates");
  SaveTensors(run() / "last.state.safetensors", file);
  ExpectError(Train("--resume --epochs 2"), 1, "last.state.safetensors: the tensor ema.updates is missing",
              "--overwrite starts anew");
}

TEST_F(TrainResumeTest, FinishedEpochsWithoutTheirStateAreNotTrainedOver) {
  Make({.train = 8, .val = 4, .size = 64});
  ASSERT_EQ(Train("--size 64 --epochs 2").status, 0);
  const std::string kept = Bytes("run", "epoch-0001.safetensors"), record = Bytes("run", "run.json");
  fs::remove(run() / "last.state.safetensors");
  ExpectError(Train("--resume --epochs 3"), 1, "last.state.safetensors: is missing", "--overwrite");
  EXPECT_EQ(Bytes("run", "epoch-0001.safetensors"), kept);
  EXPECT_EQ(Bytes("run", "run.json"), record);
}

}  // namespace
}  // namespace seam

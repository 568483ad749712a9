#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "models/torch/checkpoint.h"
#include "tests/support/support.h"
#include "tests/train/train_program.h"
#include "train/data/dataset.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;

using TrainInitTest = TrainProgram;

TEST_F(TrainInitTest, InitStartsFromACheckpoint) {
  Make({.train = 8, .val = 4});
  ASSERT_EQ(Train("--epochs 1 --seed 9", "first").status, 0);
  const fs::path first = run("first") / "last.safetensors";
  ASSERT_EQ(Train("--epochs 1 --lr 1e-30 --init " + Quoted(first.string())).status, 0);
  const auto a = ListWeights(*LoadCheckpoint(first).model);
  const auto b = ListWeights(*LoadCheckpoint(run() / "last.safetensors").model);
  EXPECT_TRUE(torch::allclose(a.at("dense1.weight"), b.at("dense1.weight")));
}

TEST_F(TrainInitTest, SeveralCheckpointsAreAveraged) {
  Make({.train = 8, .val = 4, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 2 --lr 0.01 --seed 9", "first").status, 0);
  const fs::path one = run("first") / "epoch-0001.safetensors", two = run("first") / "epoch-0002.safetensors";
  const std::string still = "--size 32 --epochs 1 --lr 1e-30 --norms frozen --init ";
  ASSERT_EQ(Train(still + Quoted(one.string() + "," + two.string())).status, 0);
  const auto a = ListWeights(*LoadCheckpoint(one).model), b = ListWeights(*LoadCheckpoint(two).model);
  const auto last = LoadCheckpoint(run() / "last.safetensors");
  for (const auto& [name, weight] : ListWeights(*last.model)) {
    EXPECT_FALSE(torch::equal(a.at(name), b.at(name))) << name;
    EXPECT_TRUE(torch::allclose(weight, (a.at(name) + b.at(name)) / 2, 1e-6, 1e-7)) << name;
  }
  EXPECT_THAT(last.info.recipe, HasSubstr("\"init\":\"epoch-0001.safetensors,epoch-0002.safetensors\""));
}

// What was learned before --init is learned all the same.
TEST_F(TrainInitTest, CheckpointKnowsWhatItsOriginsHadSeen) {
  MakeDataset(folder_ / "other",
              {.train = 8, .val = 4, .size = 32, .change = [](const std::string&, int, Clip* clip) {
                 clip->mutable_frames(0)->mutable_image()->append("other");  // behind the JPEG's end
               }});
  Make({.train = 12, .val = 4, .size = 32});
  const auto from = [&](const std::string& name) {
    return Quoted((run(name) / "last.safetensors").string());
  };
  ASSERT_EQ(RunCommand("seam-train --quiet --size 32 --epochs 1 --threads 1 --data " +
                       Quoted((folder_ / "other").string()) + " --output " + Quoted(run("a").string()))
                .status,
            0);
  ASSERT_EQ(Train("--size 32 --epochs 1 --init " + from("a"), "b").status, 0);
  fs::remove(run("a") / "last.safetensors");
  ASSERT_EQ(Train("--resume --epochs 2", "b").status, 0);
  ASSERT_EQ(Train("--size 32 --epochs 1 --init " + from("b"), "c").status, 0);
  const auto origins =
      nlohmann::json::parse(LoadCheckpoint(run("c") / "last.safetensors").info.recipe)["origins"];
  ASSERT_EQ(origins.size(), 2U);
  EXPECT_EQ(origins[0]["train"][0], ClipDataset(folder_ / "other", "train").digest());
  EXPECT_EQ(origins[0]["val"].size(), 1U);
  EXPECT_EQ(origins[1]["train"][0], ClipDataset(data(), "train").digest());
  const auto score = [&](const std::string& split) {
    fs::remove(folder_ / "s.jsonl");
    const auto result =
        RunCommand("seam-score --quiet --data " + Quoted((folder_ / "other").string()) + " --model " +
                   from("c") + " --output " + Quoted((folder_ / "s.jsonl").string()) + " --split " + split);
    EXPECT_EQ(result.status, 0) << result.err;
    return ReadFile(folder_ / "s.jsonl");
  };
  EXPECT_THAT(score("train"), HasSubstr("\"trained_on\":true"));
  EXPECT_THAT(score("val"), HasSubstr("\"chosen_on\":\"epoch\"")) << "the threshold is of another val";
}

TEST_F(TrainInitTest, FileMayHaveACommaInItsName) {
  Make({.train = 8, .val = 4, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 1", "a,b").status, 0);
  const std::string file = (run("a,b") / "last.safetensors").string();
  ASSERT_EQ(Train("--size 32 --epochs 1 --init " + Quoted(file)).status, 0);
  EXPECT_THAT(LoadCheckpoint(run() / "last.safetensors").info.recipe,
              HasSubstr("\"init\":\"last.safetensors\""));
  ExpectError(Train("--size 32 --epochs 1 --init " + Quoted("," + file), "c"), 2, "--init: ", "FILE,FILE");
}

TEST_F(TrainInitTest, CheckpointThatCannotBeAveragedIsNamed) {
  Make({.train = 8, .val = 4, .frames = 3, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 1", "image").status, 0);
  ASSERT_EQ(Train("--size 32 --epochs 1 --window 3 --temporal lstm --lstm-hidden 4", "lstm").status, 0);
  const std::string image = (run("image") / "last.safetensors").string();
  const std::string lstm = (run("lstm") / "last.safetensors").string();
  ExpectError(Train("--size 32 --init " + Quoted(image + "," + lstm), "b"), 1,
              lstm + ": has the head lstm, not none", "networks with the same --temporal");
  ExpectError(Train("--size 32 --init " + Quoted(image + ",/nowhere"), "b"), 1, "/nowhere: cannot be opened",
              "check the path");
  EXPECT_FALSE(fs::exists(run("b") / "last.safetensors"));
}

TEST_F(TrainInitTest, InitOfAnotherNetworkIsAnError) {
  Make({.train = 4, .val = 4, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 1").status, 0);
  const std::string init = " --size 32 --init " + Quoted((run() / "best.safetensors").string());
  ExpectError(Train("--model mesoinception4" + init, "b"), 1, "holds the network meso4, not mesoinception4",
              "--model meso4");
  ExpectError(Train("--variant scale=half" + init, "b"), 1, "holds the variant {}, not {\"scale\":\"half\"}",
              "the same --variant");
  EXPECT_EQ(Train("--epochs 1 --dropout 0.1" + init, "b").status, 0);
}

TEST_F(TrainInitTest, RunThatGoesOnNeedsNotWhatItStartedFrom) {
  Make({.train = 4, .val = 4, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 1", "first").status, 0);
  const fs::path first = run("first") / "last.safetensors";
  ASSERT_EQ(Train("--size 32 --epochs 1 --init " + Quoted(first.string())).status, 0);
  fs::remove(first);
  const auto result = RunCommand("seam-train --quiet --resume --epochs 2 --output " + Quoted(run().string()));
  EXPECT_EQ(result.status, 0) << result.err;
}

TEST_F(TrainInitTest, ImageCheckpointStartsTheBackboneOfATemporalNetwork) {
  Make({.train = 8, .val = 4, .frames = 3, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 1", "image").status, 0);
  const fs::path image = run("image") / "last.safetensors";
  const std::string init = "--size 32 --window 3 --epochs 1 --lr 1e-30 --init " + Quoted(image.string());
  const auto result = RunCommand("seam-train --data " + Quoted(data().string()) + " --output " +
                                 Quoted(run("lstm").string()) + " --temporal lstm --lstm-hidden 4 " + init);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, ContainsRegex("the backbone starts from it; the [0-9]+ weights of the head "
                                        "\\(--temporal lstm\\) are fresh"));
  const auto a = ListWeights(*LoadCheckpoint(image).model);
  const auto b = ListWeights(*LoadCheckpoint(run("lstm") / "last.safetensors").model);
  EXPECT_TRUE(torch::allclose(a.at("conv1.weight"), b.at("conv1.weight")));
  EXPECT_NE(a.at("dense1.weight").sizes(), b.at("dense1.weight").sizes());
  ASSERT_EQ(Train("--temporal mean " + init, "mean").status, 0);  // whose head is the image network's
  const auto c = ListWeights(*LoadCheckpoint(run("mean") / "last.safetensors").model);
  EXPECT_TRUE(torch::allclose(a.at("dense1.weight"), c.at("dense1.weight")));
}

TEST_F(TrainInitTest, FrozenBackboneStaysAsTheCheckpointHasIt) {
  Make({.train = 8, .val = 4, .size = 32});
  ASSERT_EQ(Train("--size 32 --epochs 1", "first").status, 0);
  const fs::path first = run("first") / "last.safetensors";
  const auto result =
      Train("--size 32 --epochs 2 --freeze-backbone 1 --seed 5 --init " + Quoted(first.string()));
  ASSERT_EQ(result.status, 0) << result.err;
  const auto before = LoadCheckpoint(first), frozen = LoadCheckpoint(run() / "epoch-0001.safetensors"),
             thawed = LoadCheckpoint(run() / "epoch-0002.safetensors");
  for (const auto& [name, weight] : ListWeights(*before.model)) {
    EXPECT_EQ(torch::equal(weight, ListWeights(*frozen.model).at(name)), !before.model->IsHead(name)) << name;
    EXPECT_FALSE(torch::equal(weight, ListWeights(*thawed.model).at(name))) << name;
  }
}

}  // namespace
}  // namespace seam

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <torch/types.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "models/torch/checkpoint.h"
#include "tests/train/train_program.h"

namespace seam {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

// A port of the loopback interface that nobody listens at.
int FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(listener);
  return ntohs(address.sin_port);
}

class DataParallelTest : public TrainProgram {
 protected:
  struct Both {
    CommandResult first;  // what process 0 said
    int second_status = 0;
    std::string second_out, second_err;
  };

  // Runs two processes, of which the second gets `second` as its command line.
  Both RunCommands(const std::string& first, const std::string& second,
                   const std::string& world = "2") const {
    const std::string environment =
        "WORLD_SIZE=" + world + " MASTER_ADDR=127.0.0.1 MASTER_PORT=" + std::to_string(FreePort()) + " ";
    const std::string out = (folder_ / "second").string();
    Both both;
    both.first = RunCommand(environment + "RANK=1 LOCAL_RANK=1 " + second + " >" + Quoted(out + ".out") +
                            " 2>" + Quoted(out + ".err") + " & " + environment + "RANK=0 " + first +
                            "; status=$?; wait $!; echo $? >" + Quoted(out + ".status") + "; exit $status");
    both.second_status = std::stoi(ReadFile(out + ".status"));
    both.second_out = ReadFile(out + ".out");
    both.second_err = ReadFile(out + ".err");
    return both;
  }
  Both Run(const std::string& options, const std::string& name = "run") const {
    return RunCommands(Command(options, name), Command(options, name));
  }

  // The greatest difference between two runs' last weights, relative to each tensor's greatest number.
  double Difference(const std::string& a, const std::string& b) const {
    const auto first = ListWeights(*LoadCheckpoint(run(a) / "last.safetensors").model);
    const auto second = ListWeights(*LoadCheckpoint(run(b) / "last.safetensors").model);
    double greatest = 0;
    for (const auto& [name, tensor] : first) {
      const auto off = (tensor - second.at(name)).abs().max() / tensor.abs().max().clamp_min(1);
      greatest = std::max(greatest, off.item<double>());
    }
    return greatest;
  }
};

// Shares of 12 and 13 of a batch of 25: a step's gradients are those of the whole batch only when they are
// weighed. Without dropout, which differs by process; SGD, since AdamW makes steps of roundings. The noise
// keeps pooled numbers apart, since of two that are equal but for a rounding another one may win; of few
// pixels fewer are.
const std::string kExact =
    "--size 64 --dropout 0 --optimizer sgd --lr 0.0005 --schedule constant --augment none --augment-noise "
    "1,5,10 ";

class NormsTest : public DataParallelTest, public testing::WithParamInterface<std::string> {};

TEST_P(NormsTest, TwoProcessesTrainAsOneOnTheWholeBatch) {
  Make({.train = 25, .val = 6, .size = 64});
  batch_ = GetParam().find("accumulate") == std::string::npos ? 25 : 13;  // a step an epoch
  const std::string options = kExact + "--epochs 2 " + GetParam();
  ASSERT_EQ(Train(options, "one").status, 0);
  const auto both = Run(options, "two");
  ASSERT_EQ(both.first.status, 0) << both.first.err << both.second_err;
  EXPECT_EQ(both.second_status, 0) << both.second_err;
  EXPECT_LE(Difference("one", "two"), 1e-6);
  EXPECT_EQ(both.second_out, "");  // only process 0 talks
  const auto json = nlohmann::json::parse(Bytes("two", "run.json"));
  EXPECT_EQ(json.at("processes"), 2);
  EXPECT_THAT(both.first.out, ContainsRegex("epoch 2/2: train loss [0-9.]+, val loss [0-9.]+"));
}

INSTANTIATE_TEST_SUITE_P(Options, NormsTest,
                         testing::Values("--norms synced", "--norms frozen", "--norms synced --accumulate 2",
                                         "--norms synced --sam-rho 0.05 --ema 0.9"));

TEST_F(DataParallelTest, ProcessesWithStatisticsOfTheirOwnEndWithTheSameNetwork) {
  Make({.train = 16, .val = 4});
  const auto both = Run("--epochs 1 --norms local");
  ASSERT_EQ(both.first.status, 0) << both.first.err << both.second_err;
  EXPECT_EQ(both.second_status, 0);
}

TEST_F(DataParallelTest, ResumedProcessesHaveTheWeightsOfUninterruptedOnes) {
  Make({.train = 16, .val = 4});
  const std::string options = "--schedule constant --ema 0.9 --norms local --epochs ";
  ASSERT_EQ(Run(options + "2", "whole").first.status, 0);
  ASSERT_EQ(Run(options + "1", "halves").first.status, 0);
  const auto resumed = Run(options + "2 --resume", "halves");
  ASSERT_EQ(resumed.first.status, 0) << resumed.first.err << resumed.second_err;
  ExpectSameWeights(run("whole") / "last.safetensors", run("halves") / "last.safetensors");
}

TEST_F(DataParallelTest, AProcessThatFailsEndsTheOther) {
  Make({.train = 16, .val = 4});
  const auto both = RunCommands(Command("--epochs 1"), "seam-train --quiet --data /nowhere --output " +
                                                           Quoted(run().string()) + " --epochs 1");
  EXPECT_EQ(both.second_status, 1);
  EXPECT_THAT(both.second_err, HasSubstr("error: /nowhere"));
  EXPECT_EQ(both.first.status, 1);
  EXPECT_THAT(both.first.err,
              ContainsRegex("error: process 0 of 2: contact with the others was lost \\(.*\\)\n"
                            "hint: the line of the process that ended first says why"));
}

TEST_F(DataParallelTest, ProcessesWithOtherOptionsAreRefused) {
  Make({.train = 16, .val = 4});
  const auto both = RunCommands(Command("--epochs 1"), Command("--epochs 2"));
  EXPECT_EQ(both.first.status, 1);
  EXPECT_EQ(both.second_status, 1);
  EXPECT_THAT(both.first.err,
              HasSubstr("error: process 0 of 2: the processes differ in their options or data\n"
                        "hint: start each of them with the same program, options and data"));
  EXPECT_FALSE(std::filesystem::exists(run() / "run.json"));
}

TEST_F(DataParallelTest, InterruptEndsBoth) {
  Make({.train = 32, .val = 4});
  // The second is stopped as soon as the first has finished an epoch.
  const std::string command = Command("--epochs 1000");
  const auto both = RunCommands(
      command + " | (read line; kill -INT $!; cat >" + Quoted((folder_ / "rest").string()) + ")", command);
  EXPECT_EQ(both.second_status, 1);
  EXPECT_THAT(both.second_err, HasSubstr("interrupted"));
  EXPECT_THAT(both.first.err, HasSubstr("contact with the others was lost"));
}

TEST_F(DataParallelTest, OthersThatDoNotComeAreMissedInTime) {
  Make({.train = 16, .val = 4});
  const auto alone =
      RunCommand("RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=" + std::to_string(FreePort()) + " " +
                 Command("--epochs 1 --process-timeout 1"));
  ExpectError(alone, 1, "process 0 of 2: the others were not met at 127.0.0.1:", "free MASTER_PORT");
}

TEST_F(DataParallelTest, BatchesNeedAClipForEachProcess) {
  Make({.train = 16, .val = 4});
  batch_ = 1;
  const auto both = Run("--epochs 1");
  EXPECT_EQ(both.first.status, 1);
  EXPECT_THAT(both.first.err, HasSubstr("batches of 1 clips are too small for 2 processes"));
}

// Batches of two, one clip for each process: where a picture is bad, a process has none.
TEST_F(DataParallelTest, AProcessWithoutAPictureWaitsForNoneAndHoldsUpNone) {
  MadeDataset made{.train = 8, .val = 4, .size = 32};
  made.change = [](const std::string& split, int number, Clip* clip) {
    if (split == "train" && number < 5) clip->mutable_frames(0)->set_image("no picture");
  };
  Make(made);
  batch_ = 2;
  const auto both = Run("--size 32 --epochs 1 --sam-rho 0.05");
  ASSERT_EQ(both.first.status, 0) << both.first.err << both.second_err;
  EXPECT_EQ(both.second_status, 0) << both.second_err;
  EXPECT_THAT(both.first.out, ContainsRegex("epoch 1/1: train loss [0-9.]+, val loss [0-9.]+"));
  EXPECT_THAT(Bytes("run", "run.json"), HasSubstr("\"bad_pictures\": 5"));
}

TEST_F(DataParallelTest, OptionsThatMakeNoSenseAreNamed) {
  ExpectError(Train("--norms none"), 2, "--norms: 'none' is not a choice", "auto, synced, local, frozen");
  ExpectError(Train("--process-timeout 0"), 2, "--process-timeout: must be from 1 to 86400, not 0",
              "600 seconds");
  ExpectError(RunCommand("RANK=2 WORLD_SIZE=2 " + Command("--epochs 1")), 1, "RANK: '2' in the environment",
              "unset it");
}

}  // namespace
}  // namespace seam

#include "train/process_place.h"

#include <gmock/gmock.h>

#include <map>

#include "tests/support/support.h"

namespace seam {
namespace {

using Variables = std::map<std::string, std::string>;

ProcessPlace Find(const Variables& variables) {
  return FindProcessPlace([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(ProcessPlaceTest, WithoutALauncherThereIsOneProcess) {
  EXPECT_EQ(Find({}).world, 1);
  EXPECT_TRUE(Find({{"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "4"}}).leads());
  EXPECT_EQ(Find({{"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "4"}}).world, 1)
      << "a script that srun did not start";
}

TEST(ProcessPlaceTest, TorchrunSaysItAll) {
  const auto place = Find({{"RANK", "5"},
                           {"WORLD_SIZE", "8"},
                           {"LOCAL_RANK", "1"},
                           {"MASTER_ADDR", "node7"},
                           {"MASTER_PORT", "1234"},
                           {"LOCAL_WORLD_SIZE", "4"},
                           {"SLURM_PROCID", "2"}});
  EXPECT_EQ(place.Name(), "process 5 of 8");
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.local_world, 4);
  EXPECT_EQ(place.master, "node7");
  EXPECT_EQ(place.port, 1234);
  EXPECT_EQ(place.agent_prefix, std::nullopt);
  EXPECT_FALSE(place.leads());
}

TEST(ProcessPlaceTest, TorchrunsOwnStoreIsUsed) {
  const auto place = Find({{"RANK", "0"},
                           {"WORLD_SIZE", "2"},
                           {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                           {"TORCHELASTIC_RESTART_COUNT", "3"}});
  EXPECT_EQ(place.agent_prefix, "/worker/attempt_3");
}

TEST(ProcessPlaceTest, SlurmsFirstMachineLeadsAtAPortOfTheJobsOwn) {
  const auto place = Find({{"SLURM_PROCID", "3"},
                           {"SLURM_NTASKS", "4"},
                           {"SLURM_LOCALID", "1"},
                           {"SLURM_JOB_ID", "123456"},
                           {"SLURM_JOB_NODELIST", "gpu[07-08]"}});
  EXPECT_EQ(place.Name(), "process 3 of 4");
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.master, "gpu07");
  EXPECT_EQ(place.port, 23456);
}

TEST(ProcessPlaceTest, AStepOfTheJobCountsMoreThanTheJob) {
  const auto place = Find({{"SLURM_PROCID", "1"},
                           {"SLURM_NTASKS", "4"},
                           {"SLURM_STEP_NUM_TASKS", "2"},
                           {"SLURM_JOB_NODELIST", "a[1-4]"},
                           {"SLURM_STEP_NODELIST", "a[3-4]"}});
  EXPECT_EQ(place.world, 2);
  EXPECT_EQ(place.master, "a3");
}

TEST(ProcessPlaceTest, MasterAddressAndPortOverrideSlurms) {
  const auto place = Find({{"SLURM_PROCID", "0"},
                           {"SLURM_NTASKS", "2"},
                           {"SLURM_JOB_NODELIST", "a[1-2]"},
                           {"MASTER_ADDR", "10.0.0.1"},
                           {"MASTER_PORT", "29501"}});
  EXPECT_EQ(place.master, "10.0.0.1");
  EXPECT_EQ(place.port, 29501);
}

TEST(ProcessPlaceTest, ListsOfMachinesAsSlurmWritesThem) {
  EXPECT_EQ(FirstMachine("node1"), "node1");
  EXPECT_EQ(FirstMachine("node1,node2"), "node1");
  EXPECT_EQ(FirstMachine("gpu[003-005,9],login"), "gpu003");
  EXPECT_EQ(FirstMachine("gpu[9,11]"), "gpu9");
  EXPECT_EQ(FirstMachine("rack[1-2]-ib,x"), "rack1-ib");
  EXPECT_EQ(FirstMachine(""), "");
  EXPECT_EQ(FirstMachine("broken["), "");
}

TEST(ProcessPlaceTest, VariablesThatMakeNoSenseAreNamed) {
  EXPECT_EQ(CatchMessage([] {
              Find({{"RANK", "1"}});
            }),
            "WORLD_SIZE: missing in the environment, which holds RANK");
  EXPECT_EQ(CatchMessage([] {
              Find({{"WORLD_SIZE", "2"}});
            }),
            "RANK: missing in the environment, which holds WORLD_SIZE");
  EXPECT_EQ(CatchMessage([] {
              Find({{"RANK", "2"}, {"WORLD_SIZE", "2"}});
            }),
            "RANK: '2' in the environment is not 0 to 1");
  EXPECT_EQ(CatchMessage([] {
              Find({{"RANK", "0"}, {"WORLD_SIZE", "two"}});
            }),
            "WORLD_SIZE: 'two' in the environment is not 1 to 65536");
  EXPECT_EQ(CatchMessage([] {
              Find({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "70000"}});
            }),
            "MASTER_PORT: '70000' in the environment is not 1 to 65535");
  EXPECT_THAT(CatchHint([] { Find({{"RANK", "1"}}); }), testing::HasSubstr("torchrun or srun"));
}

// As --gpus-per-task of Slurm shows them: each process one GPU, which has the number 0.
TEST(ProcessPlaceTest, GpuIsOneOfThoseThatTheProcessSees) {
  const auto place = Find({{"RANK", "3"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "3"}});
  EXPECT_EQ(place.Gpu(4), 3);
  EXPECT_EQ(place.Gpu(1), 0);
  EXPECT_EQ(place.Gpu(0), 0);
}

}  // namespace
}  // namespace seam

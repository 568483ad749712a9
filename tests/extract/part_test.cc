#include "extract/dataset/part.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

// A job array's variables, none but those given.
class PartTest : public ::testing::Test {
 protected:
  void SetUp() override { Clear(); }
  void TearDown() override { Clear(); }

  static void Clear() {
    for (const char* name : {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN",
                             "SLURM_ARRAY_TASK_STEP", "JOB_COMPLETION_INDEX", "JOB_COMPLETION_COUNT"}) {
      unsetenv(name);
    }
  }
  static void Set(const std::string& name, int value) {
    setenv(name.c_str(), std::to_string(value).c_str(), 1);
  }

  // "I/N", or what is wrong.
  static std::string Parsed(const std::string& text) {
    std::string shown;
    const std::string message = CatchMessage([&] {
      const auto part = ParsePart(text);
      shown = part ? std::to_string(part->index) + "/" + std::to_string(part->count) : "none";
    });
    return message.empty() ? shown : message;
  }
};

TEST_F(PartTest, PartsAreCountedFromOne) {
  EXPECT_EQ(Parsed(""), "none");
  EXPECT_EQ(Parsed("1/1"), "1/1");
  EXPECT_EQ(Parsed("3/8"), "3/8");
  EXPECT_EQ(Parsed("0/8"), "--shard: 0/8 is not one of its parts");
  EXPECT_EQ(Parsed("9/8"), "--shard: 9/8 is not one of its parts");
  EXPECT_EQ(Parsed("1/0"), "--shard: 1/0 is not one of its parts");
  for (const char* text : {"3", "a/b", "1/2/3", "/", "1/", "/2", "1/2 ", "-1/2x", "auto/x"}) {
    EXPECT_EQ(Parsed(text), std::string("--shard: '") + text + "' is not I/N");
  }
}

TEST_F(PartTest, SlurmArraysBeginAnywhere) {
  Set("SLURM_ARRAY_TASK_ID", 0);
  EXPECT_EQ(Parsed("auto"), "--shard: SLURM_ARRAY_TASK_COUNT is not set");
  EXPECT_EQ(Parsed("auto/4"), "1/4");
  Set("SLURM_ARRAY_TASK_COUNT", 4);
  EXPECT_EQ(Parsed("auto"), "1/4");
  EXPECT_EQ(Parsed("auto/4"), "1/4");
  EXPECT_EQ(Parsed("auto/5"), "--shard: auto/5 does not fit SLURM_ARRAY_TASK_COUNT=4");
  Set("SLURM_ARRAY_TASK_MIN", 10);
  EXPECT_NE(Parsed("auto").find("is not one of its parts"), std::string::npos) << Parsed("auto");
  Set("SLURM_ARRAY_TASK_ID", 13);
  EXPECT_EQ(Parsed("auto"), "4/4");
  Set("SLURM_ARRAY_TASK_STEP", 3);
  EXPECT_EQ(Parsed("auto"), "2/4");
  Set("SLURM_ARRAY_TASK_ID", 14);
  EXPECT_EQ(Parsed("auto"),
            "--shard: task 14 of an array of 4 from 10 on in steps of 3 is not one of its parts");
}

TEST_F(PartTest, KubernetesCountsFromZeroAndTheNumberOfPartsIsGiven) {
  EXPECT_EQ(Parsed("auto"), "--shard: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set");
  Set("JOB_COMPLETION_INDEX", 2);
  EXPECT_EQ(Parsed("auto"), "--shard: JOB_COMPLETION_INDEX does not tell how many parts there are");
  EXPECT_EQ(Parsed("auto/3"), "3/3");
  EXPECT_EQ(Parsed("auto/2"), "--shard: JOB_COMPLETION_INDEX=2 of 2 is not one of its parts");
  Set("JOB_COMPLETION_COUNT", 5);
  EXPECT_EQ(Parsed("auto"), "3/5");
}

TEST_F(PartTest, ANumberThatIsNoneIsNamed) {
  setenv("SLURM_ARRAY_TASK_ID", "seven", 1);
  EXPECT_EQ(Parsed("auto"), "--shard: SLURM_ARRAY_TASK_ID=seven is not a number");
}

TEST_F(PartTest, EveryVideoIsInOnePartAndAFakeWithItsReal) {
  std::vector<Video> videos(11);
  for (std::size_t i = 0; i < videos.size(); ++i) videos[i].id = std::to_string(i);
  videos[10].real = "1";
  std::vector<int> seen(videos.size());
  for (int index = 1; index <= 3; ++index) {
    const auto numbers = GatherVideos({index, 3}, videos);
    EXPECT_GE(numbers.size(), 3U);
    for (const std::size_t number : numbers) ++seen[number];
    EXPECT_EQ(std::count(numbers.begin(), numbers.end(), 1U),
              std::count(numbers.begin(), numbers.end(), 10U));
  }
  EXPECT_EQ(seen, std::vector<int>(videos.size(), 1));
}

}  // namespace
}  // namespace seam

#include "extract/dataset/balance.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace seam {
namespace {

std::vector<Video> Videos(int count, Label label, const std::string& split, const std::string& status = "") {
  Video video;
  video.label = label;
  video.split = split;
  video.status = status;
  return std::vector<Video>(static_cast<std::size_t>(count), video);
}

std::vector<Video> Joined(const std::vector<std::vector<Video>>& parts) {
  std::vector<Video> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(BalanceTest, TheRarerClassOfTrainGivesAsManyTimesMore) {
  const auto videos = Joined({Videos(2, REAL, "train"), Videos(5, FAKE, "train"), Videos(9, REAL, "val"),
                              Videos(7, REAL, "", "official_overlap")});
  const Balance balance = ReadBalance(videos);
  EXPECT_EQ(balance.rarer, REAL);
  EXPECT_EQ(balance.factor, 2.5);
  EXPECT_EQ(balance.Of(videos[0]), 2.5);
  EXPECT_EQ(balance.Of(videos[2]), 1) << "a fake";
  EXPECT_EQ(balance.Of(videos[7]), 1) << "of val";
  EXPECT_EQ(BalanceJson(balance).dump(), R"({"factor":2.5,"rarer":"real"})");
}

TEST(BalanceTest, FakesCanBeRarer) {
  const Balance balance = ReadBalance(Joined({Videos(3, REAL, "train"), Videos(1, FAKE, "train")}));
  EXPECT_EQ(balance.rarer, FAKE);
  EXPECT_EQ(balance.factor, 3);
}

TEST(BalanceTest, AClassAloneIsLeftAsItIs) {
  EXPECT_EQ(ReadBalance(Videos(3, REAL, "train")).factor, 1);
  EXPECT_EQ(ReadBalance({}).factor, 1);
}

}  // namespace
}  // namespace seam

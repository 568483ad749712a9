#include "labels/split.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

Video MakeVideo(const std::string& id, Label label, std::vector<std::string> keys) {
  Video video;
  video.id = id;
  video.label = label;
  video.keys = std::move(keys);
  return video;
}

// `count` pairs of a real video and a fake of it.
std::vector<Video> Pairs(int count) {
  std::vector<Video> videos;
  for (int i = 0; i < count; ++i) {
    const std::string stem = fmt::format("{:03}", i);
    videos.push_back(MakeVideo("real/" + stem, REAL, {stem}));
    videos.push_back(MakeVideo("fake/" + stem, FAKE, {stem}));
  }
  AssignGroups(&videos);
  return videos;
}

std::map<std::string, std::string> SplitsById(const std::vector<Video>& videos) {
  std::map<std::string, std::string> splits;
  for (const auto& video : videos) splits[video.id] = video.split;
  return splits;
}

std::map<std::string, int> CountSplits(const std::vector<Video>& videos) {
  std::map<std::string, int> counts;
  for (const auto& video : videos) ++counts[video.split];
  return counts;
}

using Counts = std::map<std::string, int>;

TEST(AssignGroupsTest, JoinsThroughOthers) {
  std::vector<Video> videos = {MakeVideo("d", FAKE, {"2", "3"}), MakeVideo("c", REAL, {"3"}),
                               MakeVideo("b", FAKE, {"1", "2"}), MakeVideo("a", REAL, {"1"}),
                               MakeVideo("e", REAL, {"4"}),      MakeVideo("f", REAL, {})};
  AssignGroups(&videos);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(videos[i].group, "a");
  EXPECT_EQ(videos[4].group, "e");
  EXPECT_EQ(videos[5].group, "f");
}

TEST(AssignGroupsTest, DoesNotDependOnTheOrder) {
  std::vector<Video> videos;
  for (int i = 0; i < 60; ++i) {
    videos.push_back(
        MakeVideo(fmt::format("{:02}", i), REAL, {fmt::format("k{}", i), fmt::format("k{}", i * 7 % 31)}));
  }
  auto reversed = videos;
  std::reverse(reversed.begin(), reversed.end());
  AssignGroups(&videos);
  AssignGroups(&reversed);
  std::reverse(reversed.begin(), reversed.end());
  for (std::size_t i = 0; i < videos.size(); ++i) EXPECT_EQ(videos[i].group, reversed[i].group) << i;
}

TEST(AssignSplitsTest, KeepsGroupsWholeAndMeetsTheRatios) {
  auto videos = Pairs(100);
  AssignSplits(SplitOptions(), kSplits, &videos);
  EXPECT_EQ(CountSplits(videos), (Counts{{"train", 140}, {"val", 30}, {"test", 30}}));
  EXPECT_TRUE(FindLeaks(videos).empty());
}

// The split of a published dataset must not move with a compiler or a library. Worked out in another
// language.
TEST(AssignSplitsTest, IsTheSameOnEveryMachine) {
  auto videos = Pairs(10);
  AssignSplits(SplitOptions(), kSplits, &videos);
  std::string splits;
  for (std::size_t i = 0; i < videos.size(); i += 2) splits += videos[i].split + " ";
  EXPECT_EQ(splits, "train val test train train train train train val train ");
}

TEST(AssignSplitsTest, DependsOnTheSeedAndNotOnTheOrder) {
  auto videos = Pairs(50), reversed = videos, reseeded = videos;
  std::reverse(reversed.begin(), reversed.end());
  AssignSplits(SplitOptions(), kSplits, &videos);
  AssignSplits(SplitOptions(), kSplits, &reversed);
  SplitOptions other;
  other.seed = 2;
  AssignSplits(other, kSplits, &reseeded);
  EXPECT_EQ(SplitsById(videos), SplitsById(reversed));
  EXPECT_NE(SplitsById(videos), SplitsById(reseeded));
}

TEST(AssignSplitsTest, EachKindOfGroupMeetsTheRatios) {
  std::vector<Video> videos;
  for (int i = 0; i < 100; ++i) videos.push_back(MakeVideo(fmt::format("real/{}", i), REAL, {}));
  for (int i = 0; i < 20; ++i) videos.push_back(MakeVideo(fmt::format("fake/{}", i), FAKE, {}));
  AssignGroups(&videos);
  AssignSplits(SplitOptions(), kSplits, &videos);
  std::map<std::string, int> fakes;
  for (const auto& video : videos) fakes[video.split] += video.label == FAKE ? 1 : 0;
  EXPECT_EQ(CountSplits(videos), (Counts{{"train", 84}, {"val", 18}, {"test", 18}}));
  EXPECT_EQ(fakes, (Counts{{"train", 14}, {"val", 3}, {"test", 3}}));
}

TEST(AssignSplitsTest, GroupsOfUnequalSizeComeNearTheRatios) {
  std::vector<Video> videos;
  for (int group = 0; group < 80; ++group) {
    const int size = group % 10 == 0 ? 40 : 1 + group % 7;
    for (int i = 0; i < size; ++i) {
      videos.push_back(MakeVideo(fmt::format("{}-{}", group, i), FAKE, {fmt::format("{}", group)}));
    }
  }
  AssignGroups(&videos);
  AssignSplits(SplitOptions(), kSplits, &videos);
  auto counts = CountSplits(videos);
  const auto total = static_cast<double>(videos.size());
  EXPECT_NEAR(counts["train"] / total, 0.7, 0.02);
  EXPECT_NEAR(counts["val"] / total, 0.15, 0.02);
  EXPECT_NEAR(counts["test"] / total, 0.15, 0.02);
  std::set<std::string> with_large;
  for (const auto& video : videos) {
    if (video.id.ends_with("-39")) with_large.insert(video.split);
  }
  EXPECT_EQ(with_large.size(), 3U) << "large groups must not all fall to one split";
}

TEST(AssignSplitsTest, ASmallRatioStillGetsAGroup) {
  auto videos = Pairs(6);
  SplitOptions options;
  options.ratios = "0.98,0.01,0.01";
  AssignSplits(options, kSplits, &videos);
  EXPECT_EQ(CountSplits(videos), (Counts{{"train", 8}, {"val", 2}, {"test", 2}}));
}

TEST(AssignSplitsTest, ARatioOfZeroGetsNothing) {
  auto videos = Pairs(9);
  SplitOptions options;
  options.ratios = "0,0,1";
  AssignSplits(options, kSplits, &videos);
  EXPECT_EQ(CountSplits(videos), (Counts{{"test", 18}}));
}

TEST(AssignSplitsTest, OneGroupGoesWhereTheRatioIsGreatestAndTheOthersAreTold) {
  auto videos = Pairs(1);
  testing::internal::CaptureStderr();
  AssignSplits(SplitOptions(), kSplits, &videos);
  EXPECT_EQ(CountSplits(videos), (Counts{{"train", 2}}));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "warning: the split 'val' gets no video: 1 group is too few\n"
            "warning: the split 'test' gets no video: 1 group is too few\n");
}

TEST(AssignSplitsTest, BadRatiosAreUsageErrors) {
  for (const std::string ratios : {"", "0.7", "0.7,0.3", "0.7,0.15,0.1", "0.5,0.25,0.25,0", "1,1,-1", "a,b,c",
                                   "0.7;0.15;0.15", "nan,0,1", "0.7,0.15,", "inf,0,0", "0.7,0.15,0.15x"}) {
    auto videos = Pairs(1);
    SplitOptions options;
    options.ratios = ratios;
    try {
      AssignSplits(options, kSplits, &videos);
      ADD_FAILURE() << ratios;
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), "--split: '" + ratios + "' is not three shares of train, val and test");
      EXPECT_EQ(error.exit_code(), kExitUsage);
    }
  }
}

TEST(AssignSplitsTest, EachMethodMeetsTheRatios) {
  std::vector<Video> videos;
  for (int i = 0; i < 200; ++i) {
    const std::string stem = fmt::format("{:03}", i);
    videos.push_back(MakeVideo("real/" + stem, REAL, {stem}));
    videos.push_back(MakeVideo("fake/" + stem, FAKE, {stem}));
    videos.back().method = i % 10 == 0 ? "rare" : "common";
  }
  AssignGroups(&videos);
  AssignSplits(SplitOptions(), kSplits, &videos);
  std::map<std::string, int> rare;
  for (const auto& video : videos) rare[video.split] += video.method == "rare" ? 1 : 0;
  EXPECT_EQ(rare, (Counts{{"train", 14}, {"val", 3}, {"test", 3}}));
  EXPECT_EQ(CountSplits(videos), (Counts{{"train", 280}, {"val", 60}, {"test", 60}}));
}

TEST(AssignSplitsTest, VideosThatHaveASplitKeepItAndTheOpenOnesShareTheRest) {
  auto videos = Pairs(95);
  for (std::size_t i = 0; i < 20; ++i) videos[i].split = "test";
  AssignSplits(SplitOptions(), {"train", "val"}, &videos);
  EXPECT_EQ(CountSplits(videos), (Counts{{"train", 140}, {"val", 30}, {"test", 20}}));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(videos[i].split, "test");
}

TEST(AssignSplitsTest, AVideoThatIsLeftOutGetsNoSplit) {
  auto videos = Pairs(5);
  videos[0].status = "official_overlap";
  AssignSplits(SplitOptions(), kSplits, &videos);
  EXPECT_EQ(videos[0].split, "");
  EXPECT_NE(videos[1].split, "");
}

TEST(AssignSplitsTest, RatiosThatLeaveNothingForTheOpenSplitsAreAUsageError) {
  auto videos = Pairs(2);
  SplitOptions options;
  options.ratios = "0,0,1";
  EXPECT_EQ(CatchMessage([&] {
              AssignSplits(options, {"train", "val"}, &videos);
            }),
            "--split: '0,0,1' leaves nothing for train and val");
}

TEST(OfficialOverlapTest, IsWhatSharesAGroupWithAListedVideo) {
  auto videos = Pairs(3);
  videos[0].split = "test";
  const auto overlap = OfficialOverlap(&videos);
  ASSERT_EQ(overlap.size(), 1U);
  EXPECT_EQ(overlap[0]->id, "fake/000");
}

TEST(FindSharedPeopleTest, NamesThoseInTwoSplits) {
  auto videos = Pairs(2);
  for (auto& video : videos) video.split = "train";
  videos[0].people = {"id1"};
  videos[1].people = {"id1", "id2"};
  videos[2].people = {"id2"};
  EXPECT_TRUE(FindSharedPeople(videos).empty());
  videos[2].split = "val";
  EXPECT_EQ(FindSharedPeople(videos), std::vector<std::string>{"id2: fake/000 in train, real/001 in val"});
}

TEST(FindLeaksTest, AGroupInTwoSplitsNamesTwoOfItsVideos) {
  auto videos = Pairs(2);
  for (auto& video : videos) video.split = "train";
  EXPECT_TRUE(FindLeaks(videos).empty());
  videos[2].split = "val";
  EXPECT_EQ(FindLeaks(videos), std::vector<std::string>{"source id 001: fake/001 in train, real/001 in val"});
}

TEST(FindLeaksTest, EqualFilesInTwoSplitsAreNamed) {
  const TemporaryFolder folder;
  std::vector<Video> videos;
  const auto add = [&](const std::string& id, const std::string& split, const std::string& bytes) {
    Video video = MakeVideo(id, REAL, {id});
    video.path = folder / id;
    video.split = split;
    WriteFile(video.path, bytes);
    videos.push_back(video);
  };
  add("a.mp4", "train", "same bytes");
  add("b.mp4", "train", "same bytes");
  add("c.mp4", "test", "same bytes");
  add("d.mp4", "test", "SAME BYTES");
  add("e.mp4", "val", "");
  add("f.mp4", "test", "");
  AddContentKeys(&videos);
  AssignGroups(&videos);
  EXPECT_EQ(FindLeaks(videos), std::vector<std::string>{"identical files: a.mp4 in train, c.mp4 in test"});
}

TEST(FindLeaksTest, AFileThatCannotBeReadIsNoLeak) {
  std::vector<Video> videos = {MakeVideo("a", REAL, {}), MakeVideo("b", REAL, {})};
  videos[0].path = videos[1].path = "/nowhere/a.mp4";
  videos[0].split = "train";
  videos[1].split = "val";
  AssignGroups(&videos);
  EXPECT_TRUE(FindLeaks(videos).empty());
}

TEST(AssignSplitsTest, ASplitThatAnOfficialListFillsIsNotCalledEmpty) {
  auto videos = Pairs(2);
  for (std::size_t i = 0; i < 2; ++i) videos[i].split = "test";
  SplitOptions options;
  options.ratios = "0.8,0,0.2";
  testing::internal::CaptureStderr();
  AssignSplits(options, kSplits, &videos);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(CountSplits(videos), (Counts{{"test", 2}, {"train", 2}}));
}

}  // namespace
}  // namespace seam

#include "train/data/clip_sampling.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "tests/support/support.h"
#include "tests/train/made_dataset.h"
#include "train/data/epoch_plan.h"

namespace seam {
namespace {

struct Kind {
  std::string method;  // empty: real
  std::string group = "";
};

// Writes clips of these kinds as `train` of a dataset called `name`.
void MakeKinds(const std::filesystem::path& folder, const std::string& name, const std::vector<Kind>& kinds) {
  MadeDataset made{.train = static_cast<int>(kinds.size()), .val = 0, .size = 16};
  made.change = [&](const std::string&, int number, Clip* clip) {
    const Kind& kind = kinds[static_cast<std::size_t>(number)];
    clip->set_dataset(name);
    clip->set_label(kind.method.empty() ? REAL : FAKE);
    clip->set_method(kind.method);
    clip->set_group(kind.group);
  };
  MakeDataset(folder, made);
}

std::vector<Kind> Repeat(std::vector<std::pair<int, Kind>> counts) {
  std::vector<Kind> kinds;
  for (const auto& [count, kind] : counts) kinds.insert(kinds.end(), static_cast<std::size_t>(count), kind);
  return kinds;
}

class SamplingTest : public testing::Test {
 protected:
  ClipDataset Open(const std::vector<DataFolder>& folders) const {
    return ClipDataset(folders, "train", ClipDataset::kStrict);
  }
  ClipDataset Make(const std::vector<std::pair<int, Kind>>& counts) const {
    MakeKinds(folder_ / "a", "a", Repeat(counts));
    return Open({{folder_ / "a"}});
  }

  TemporaryFolder folder_;
};

std::vector<std::size_t> Clips(const ClipDataset& dataset, Balance balance, std::uint64_t epoch = 1) {
  auto engine = MakeEngine(7, Stream::kOrder, epoch);
  return DrawClips(dataset, balance, &engine);
}

std::vector<std::size_t> Pairs(const ClipDataset& dataset, Balance balance = Balance::kNone,
                               std::uint64_t epoch = 1) {
  auto engine = MakeEngine(7, Stream::kOrder, epoch);
  return DrawPairs(dataset, balance, &engine);
}

// How often each method is shown; "": real.
std::map<std::string, int> ByMethod(const ClipDataset& dataset, const std::vector<std::size_t>& clips) {
  std::map<std::string, int> shown;
  for (const std::size_t i : clips) ++shown[dataset.method(i)];
  return shown;
}

std::map<std::size_t, int> ByClip(const std::vector<std::size_t>& clips) {
  std::map<std::size_t, int> shown;
  for (const std::size_t i : clips) ++shown[i];
  return shown;
}

TEST_F(SamplingTest, MethodsHaveEqualSharesOfTheFakeHalf) {
  const auto dataset = Make({{10, {""}}, {40, {"Deepfakes"}}, {5, {"FaceSwap"}}, {3, {"NeuralTextures"}}});
  const auto clips = Clips(dataset, Balance::kMethod);
  EXPECT_EQ(
      ByMethod(dataset, clips),
      (std::map<std::string, int>{{"", 48}, {"Deepfakes", 16}, {"FaceSwap", 16}, {"NeuralTextures", 16}}));
  // In rounds: no clip comes a second time more often than another of its kind.
  std::map<std::string, std::set<int>> often;
  for (const auto& [clip, count] : ByClip(clips)) often[dataset.method(clip)].insert(count);
  EXPECT_EQ(often.at(""), (std::set<int>{4, 5}));
  EXPECT_EQ(often.at("Deepfakes"), (std::set<int>{1}));
  EXPECT_EQ(often.at("FaceSwap"), (std::set<int>{3, 4}));
  EXPECT_EQ(often.at("NeuralTextures"), (std::set<int>{5, 6}));
}

TEST_F(SamplingTest, MethodOfTwoDatasetsIsTwo) {
  MakeKinds(folder_ / "a", "a", Repeat({{4, {""}}, {20, {"swap"}}}));
  MakeKinds(folder_ / "b", "b", Repeat({{4, {""}}, {10, {"swap"}}}));
  const auto dataset = Open({{folder_ / "a"}, {folder_ / "b"}});
  EXPECT_EQ(ByMethod(dataset, Clips(dataset, Balance::kMethod)),
            (std::map<std::string, int>{{"", 30}, {"a:swap", 15}, {"b:swap", 15}}));
}

TEST_F(SamplingTest, EpochsDifferAndOneEpochIsAlwaysTheSame) {
  const auto dataset = Make({{10, {"", "g"}}, {10, {"x", "g"}}});
  for (const Balance balance : {Balance::kNone, Balance::kClass, Balance::kMethod}) {
    EXPECT_EQ(Clips(dataset, balance, 3), Clips(dataset, balance, 3));
    EXPECT_NE(Clips(dataset, balance, 3), Clips(dataset, balance, 4));
    EXPECT_EQ(Pairs(dataset, balance, 3), Pairs(dataset, balance, 3));
    EXPECT_NE(Pairs(dataset, balance, 3), Pairs(dataset, balance, 4));
  }
}

TEST_F(SamplingTest, WeightsSayHowOftenTheClipsOfAFolderAreShown) {
  MakeKinds(folder_ / "a", "a", Repeat({{6, {""}}, {6, {"x"}}}));
  MakeKinds(folder_ / "b", "b", Repeat({{6, {""}}, {2, {"y"}}}));
  const auto dataset = Open({{folder_ / "a", 0.5}, {folder_ / "b", 2}});
  std::map<std::size_t, std::set<int>> often;
  const auto clips = Clips(dataset, Balance::kNone);
  for (const auto& [clip, count] : ByClip(clips)) often[dataset.folder_of(clip)].insert(count);
  EXPECT_EQ(clips.size(), 6 + 16);
  EXPECT_EQ(often[0], (std::set<int>{1}));
  EXPECT_EQ(often[1], (std::set<int>{2}));
  // 3 + 12 real ones are more than 3 + 4 fake ones, which are shown 15 times in the same proportion.
  EXPECT_EQ(ByMethod(dataset, Clips(dataset, Balance::kClass)),
            (std::map<std::string, int>{{"", 15}, {"a:x", 6}, {"b:y", 9}}));
  // Of the methods the second has four times the weight of the first.
  EXPECT_EQ(ByMethod(dataset, Clips(dataset, Balance::kMethod)),
            (std::map<std::string, int>{{"", 15}, {"a:x", 3}, {"b:y", 12}}));
}

// Checks that each pair is a real and a fake clip, and counts those of one group.
int PairsOfOneGroup(const ClipDataset& dataset, const std::vector<std::size_t>& clips) {
  int same = 0;
  EXPECT_EQ(clips.size() % 2, 0);
  for (std::size_t i = 0; i + 1 < clips.size(); i += 2) {
    EXPECT_EQ(dataset.label(clips[i]), 0);
    EXPECT_EQ(dataset.label(clips[i + 1]), 1);
    same += dataset.group(clips[i]) == dataset.group(clips[i + 1]) ? 1 : 0;
  }
  return same;
}

TEST_F(SamplingTest, PairsAreOfOneGroupAndEveryClipIsShown) {
  const auto dataset = Make({{2, {"", "1"}},
                             {6, {"x", "1"}},  // more fake ones
                             {5, {"", "2"}},
                             {2, {"y", "2"}},  // more real ones
                             {1, {"", "3"}},
                             {1, {"x", "3"}}});
  const auto clips = Pairs(dataset);
  EXPECT_EQ(clips.size(), 2 * (6 + 5 + 1));
  EXPECT_EQ(PairsOfOneGroup(dataset, clips), 12);
  const auto often = ByClip(clips);
  EXPECT_EQ(often.size(), dataset.size());
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(often.at(i), 3);
}

TEST_F(SamplingTest, ClipsOfGroupsWithOneClassArePairedWithOneAnother) {
  const auto dataset =
      Make({{1, {"", "1"}}, {1, {"x", "1"}}, {3, {"", "2"}}, {2, {"y", "3"}}, {2, {"z", ""}}});
  const auto clips = Pairs(dataset);
  EXPECT_EQ(PairsOfOneGroup(dataset, clips), 1);
  EXPECT_EQ(clips.size(), 2 * (1 + 4));
  EXPECT_EQ(ByClip(clips).size(), dataset.size());
}

TEST_F(SamplingTest, LonelyClipsFindTheOtherClassInTheirFolderFirst) {
  MakeKinds(folder_ / "a", "a", Repeat({{3, {"", "1"}}, {1, {"x", "1"}}, {4, {"x", "2"}}}));
  MakeKinds(folder_ / "b", "b", Repeat({{4, {"", "3"}}, {1, {"y", "4"}}}));
  MakeKinds(folder_ / "c", "c", Repeat({{2, {"", "5"}}}));
  const auto dataset = Open({{folder_ / "a"}, {folder_ / "b"}, {folder_ / "c"}});
  const auto clips = Pairs(dataset);
  EXPECT_EQ(ByClip(clips).size(), dataset.size());
  for (std::size_t i = 0; i < clips.size(); i += 2) {
    if (dataset.folder_of(clips[i]) == 2) continue;  // has no fake clips
    EXPECT_EQ(dataset.folder_of(clips[i]), dataset.folder_of(clips[i + 1]));
  }
}

TEST_F(SamplingTest, PairsMayBeBalancedByMethod) {
  const auto dataset = Make({{2, {"", "1"}}, {9, {"x", "1"}}, {3, {"y", "1"}}});
  const auto clips = Pairs(dataset, Balance::kMethod);
  EXPECT_EQ(PairsOfOneGroup(dataset, clips), 12);
  EXPECT_EQ(ByMethod(dataset, clips), (std::map<std::string, int>{{"", 12}, {"x", 6}, {"y", 6}}));
}

TEST_F(SamplingTest, PairsStayInOneBatchAndInOneProcess) {
  const auto dataset = Make({{11, {"", "1"}}, {11, {"x", "1"}}});
  LoaderOptions options{.batch = 6, .pairs = true};
  const auto plan = PlanTraining(dataset, options, 1, 1);
  EXPECT_EQ(plan.batches, 4);
  for (std::size_t number = 0; number < plan.batches; ++number) {
    EXPECT_LE(plan.Whole(number).size(), 6);
    for (int rank = 0; rank < 2; ++rank) {
      const auto own = TakeShare(plan, rank, 2).Own(number);
      EXPECT_EQ(own.begin % 2, 0);
      EXPECT_EQ(own.end % 2, 0);
    }
  }
  options.batch = 7;
  EXPECT_EQ(CatchMessage([&] { options.Check(); }), "--pairs: cannot fill batches of 7");
}

}  // namespace
}  // namespace seam

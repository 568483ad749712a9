#include "retrieve/archive.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "retrieve/file_ranking.h"
#include "retrieve/near_copies.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

NewEntry EntryAt(double seconds, std::vector<float> vector) {
  NewEntry entry;
  entry.place.seconds = seconds;
  entry.vector = std::move(vector);
  entry.thumbnail = "jpeg";
  return entry;
}

class ArchiveTest : public testing::Test {
 protected:
  fs::path File(const std::string& name) const {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    if (!fs::exists(path)) WriteFile(path, name);
    return path;
  }

  // An index of a.mp4, b/c.mp4 and b/d.mp4.
  Archive Made(const std::string& name = "index") const {
    {
      Archive::Make(folder_ / name, {}, Metric::kCosine);
      Archive archive(folder_ / name, Database::Access::kWrite);
      archive.Add(ReadMark(File("a.mp4")), {EntryAt(0, {1, 0, 0}), EntryAt(1, {1, .1F, 0})}, "");
      archive.Add(ReadMark(File("b/c.mp4")), {EntryAt(0, {0, 5, 0})}, "");
      archive.Add(ReadMark(File("b/d.mp4")), {EntryAt(2, {0, 0, 1}), EntryAt(3, {.2F, 1, 0})}, "");
      archive.Commit();
    }
    return Archive(folder_ / name, Database::Access::kWrite);
  }

  std::vector<std::string> Nearest(const Archive& archive, std::vector<float> query,
                                   Order order = Order::kNearest, const std::string& leave_out = "") const {
    std::vector<std::string> names;
    for (const FileMatch& match : RankFiles(archive, archive.Search(), {EntryAt(0, std::move(query))}, 9,
                                            order, leave_out, VectorSearch::Method::kLists)) {
      names.push_back(fs::path(match.path).filename().string());
    }
    return names;
  }

  TemporaryFolder folder_;
};

TEST_F(ArchiveTest, FilesAreRankedByTheirNearestVector) {
  const Archive archive = Made();
  EXPECT_EQ(archive.files(), 3);
  EXPECT_EQ(archive.entries(), 5);
  EXPECT_THAT(Nearest(archive, {0, 1, 0}), ElementsAre("c.mp4", "d.mp4", "a.mp4"));
  EXPECT_THAT(Nearest(archive, {0, 1, 0}, Order::kFarthest), ElementsAre("a.mp4", "d.mp4", "c.mp4"));
  EXPECT_THAT(Nearest(archive, {0, 1, 0}, Order::kNearest, ReadMark(File("b/c.mp4")).path.string()),
              ElementsAre("d.mp4", "a.mp4"));
  const auto matches = RankFiles(archive, archive.Search(), {EntryAt(0, {0, 3, 0})}, 1, Order::kNearest, "",
                                 VectorSearch::Method::kLists);
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_FLOAT_EQ(matches[0].value, 1);  // of a cosine the length says nothing
}

TEST_F(ArchiveTest, WhatWasCommittedIsThereAgainAndTheRestIsNot) {
  {
    Archive archive = Made();
    archive.Add(ReadMark(File("late.mp4")), {EntryAt(0, {1, 1, 1})}, "");
  }
  const Archive archive(folder_ / "index", Database::Access::kRead);
  EXPECT_EQ(archive.files(), 3);
  EXPECT_EQ(archive.entries(), 5);
  EXPECT_EQ(archive.FindThumbnail(0), "jpeg");
  EXPECT_DOUBLE_EQ(archive.FindEntry(4)->place.seconds, 3);
}

TEST_F(ArchiveTest, AFileIsHeldUntilItChanges) {
  Archive archive = Made();
  EXPECT_TRUE(archive.Holds(ReadMark(File("a.mp4"))));
  EXPECT_FALSE(archive.Holds(ReadMark(File("new.mp4"))));
  WriteFile(folder_ / "a.mp4", "longer than before");
  EXPECT_FALSE(archive.Holds(ReadMark(folder_ / "a.mp4")));
  archive.Add(ReadMark(folder_ / "a.mp4"), {EntryAt(0, {0, 0, 1})}, "");
  archive.Commit();
  EXPECT_EQ(archive.files(), 3);
  EXPECT_EQ(archive.entries(), 4);
  EXPECT_THAT(Nearest(archive, {1, .1F, 0}), ElementsAre("d.mp4", "c.mp4", "a.mp4"));
}

TEST_F(ArchiveTest, RemovedFilesAreNotFoundBeforeAndAfterTheVectorsAreWrittenAnew) {
  Archive archive = Made();
  EXPECT_EQ(archive.Remove(folder_ / "nothing"), 0);
  EXPECT_EQ(archive.Remove(folder_ / "a.mp4"), 1);
  archive.Commit();
  EXPECT_FALSE(archive.Tidy());
  EXPECT_THAT(Nearest(archive, {0, 1, 0}), ElementsAre("c.mp4", "d.mp4"));
  fs::remove(folder_ / "b/c.mp4");
  EXPECT_EQ(archive.RemoveMissing(), 1);
  archive.Commit();
  EXPECT_TRUE(archive.Tidy());
  EXPECT_EQ(archive.state().rows, 2);
  EXPECT_THAT(Nearest(archive, {0, 0, 1}), ElementsAre("d.mp4"));
  const Archive again(folder_ / "index", Database::Access::kRead);
  EXPECT_DOUBLE_EQ(again.FindEntry(0)->place.seconds, 2);
  EXPECT_FLOAT_EQ(again.Search().Row(0)[2], 1);
  archive.Add(ReadMark(File("e.mp4")), {EntryAt(7, {1, 0, 0})}, "");
  archive.Commit();
  EXPECT_THAT(Nearest(archive, {1, 0, 0}), ElementsAre("e.mp4", "d.mp4"));
}

TEST_F(ArchiveTest, RemovingAFolderLeavesFilesWhoseNamesOnlyBeginLikeIt) {
  Archive archive = Made();
  archive.Add(ReadMark(File("bb.mp4")), {EntryAt(0, {1, 1, 0})}, "");
  archive.Commit();
  EXPECT_EQ(archive.Remove(folder_ / "b"), 2);
  archive.Commit();
  EXPECT_EQ(archive.files(), 2);
}

TEST_F(ArchiveTest, VectorsOfAnotherLengthAreAnError) {
  Archive archive = Made();
  EXPECT_THAT(CatchMessage([&] {
                archive.Add(ReadMark(File("x.mp4")), {EntryAt(0, {1, 2})}, "");
              }),
              HasSubstr("a vector of 2 numbers in an index of 3"));
}

TEST_F(ArchiveTest, AFolderWithoutAnIndexIsAnErrorWithAHint) {
  const auto open = [&] { const Archive archive(folder_ / "none", Database::Access::kRead); };
  EXPECT_THAT(CatchMessage(open), HasSubstr("holds no index"));
  EXPECT_THAT(CatchHint(open), HasSubstr("seam retrieve index"));
}

TEST_F(ArchiveTest, NearCopiesAreTheNearestPairsOfTwoFiles) {
  Archive train = Made("train");
  const auto within = FindNearCopies(train, train, .9F, 10, {});
  ASSERT_EQ(within.size(), 1U);  // c and d; the two vectors of a are of one file
  EXPECT_THAT(within[0].one.path, HasSubstr("c.mp4"));
  EXPECT_THAT(within[0].other.path, HasSubstr("d.mp4"));
  EXPECT_NEAR(within[0].value, 1 / std::sqrt(1.04), 1e-6);
  Archive::Make(folder_ / "test", {}, Metric::kCosine);
  Archive test(folder_ / "test", Database::Access::kWrite);
  test.Add(ReadMark(File("copy.mp4")), {EntryAt(0, {0, 0, 2}), EntryAt(5, {3, .3F, 0})}, "");
  test.Commit();
  const auto between = FindNearCopies(train, test, .999F, 10, {});
  ASSERT_EQ(between.size(), 2U);
  EXPECT_NEAR(between[0].value, 1, 1e-6);
  EXPECT_NEAR(between[1].value, 1, 1e-6);
  ArchiveRecipe whole;
  whole.region = Region::kWhole;
  Archive::Make(folder_ / "other", whole, Metric::kCosine);
  const Archive other(folder_ / "other", Database::Access::kRead);
  EXPECT_THAT(CatchMessage([&] { FindNearCopies(train, other, .9F, 10, {}); }),
              HasSubstr("different features"));
}

}  // namespace
}  // namespace seam

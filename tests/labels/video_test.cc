#include "labels/video.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

void Touch(const fs::path& path) {
  fs::create_directories(path.parent_path());
  WriteFile(path, "x");
}

std::vector<std::string> Listed(const fs::path& root) {
  std::vector<std::string> names;
  for (const auto& path : ListMediaFiles(root))
    names.push_back(path.native().substr(root.native().size() + 1));
  return names;
}

using Names = std::vector<std::string>;

TEST(IsMediaFileTest, KnowsVideosAndPicturesInAnyCase) {
  for (const char* name :
       {"a.mp4",  "a.m4v",  "a.mov",  "a.mkv",  "a.webm", "a.avi",   "a.mpg",  "a.mpeg", "a.ts",
        "a.mts",  "a.m2ts", "a.flv",  "a.ogv",  "a.3gp",  "a.tif",   "a.TIFF", "a.gif",  "a.jpg",
        "a.jpeg", "a.png",  "a.webp", "a.bmp",  "A.MP4",  "b.c.JPg", "a.MOD",  "a.m2t",  "a.qt",
        "a.jpe",  "a.jfif", "a.mpo",  "a.h264", "a.dav",  "a.wmv"}) {
    EXPECT_TRUE(IsMediaFile(name)) << name;
  }
  for (const char* name :
       {"a.txt", "a.json", "mp4", ".mp4", "a.mp4.part", "a", "a.", "", "folder.mp4/readme"}) {
    EXPECT_FALSE(IsMediaFile(name)) << name;
  }
}

TEST(ListMediaFilesTest, ListsInOrderOfBytesThroughFolders) {
  const TemporaryFolder folder;
  for (const char* name : {"b/2.mp4", "b/10.mp4", "a/x.jpg", "a-b/x.jpg", "Z.png", "b/notes.txt"})
    Touch(folder / name);
  EXPECT_EQ(Listed(folder.path()), (Names{"Z.png", "a-b/x.jpg", "a/x.jpg", "b/10.mp4", "b/2.mp4"}));
}

TEST(ListMediaFilesTest, PassesOverHiddenFilesAndFolders) {
  const TemporaryFolder folder;
  for (const char* name : {".a.mp4", ".cache/b.mp4", "c.mp4"}) Touch(folder / name);
  EXPECT_EQ(Listed(folder.path()), Names{"c.mp4"});
}

TEST(ListMediaFilesTest, FollowsLinksOutOfTheFolder) {
  const TemporaryFolder folder, elsewhere;
  Touch(elsewhere / "films/a.mp4");
  Touch(elsewhere / "b.mp4");
  fs::create_symlink(elsewhere / "films", folder / "linked");
  fs::create_symlink(elsewhere / "b.mp4", folder / "c.mp4");
  EXPECT_EQ(Listed(folder.path()), (Names{"c.mp4", "linked/a.mp4"}));
}

TEST(ListMediaFilesTest, EndsWhereLinksLoop) {
  const TemporaryFolder folder;
  Touch(folder / "real/a.mp4");
  fs::create_symlink(folder.path(), folder / "real/again");
  fs::create_symlink("self.mp4", folder / "real/self.mp4");
  fs::create_symlink(folder / "real", folder / "a_link");
  EXPECT_EQ(Listed(folder.path()), (Names{"real/a.mp4", "real/self.mp4"}));
}

TEST(ListMediaFilesTest, ListsALinkThatLeadsNowhereSoThatItIsTold) {
  const TemporaryFolder folder;
  fs::create_symlink("gone.mp4", folder / "a.mp4");
  EXPECT_EQ(Listed(folder.path()), Names{"a.mp4"});
}

TEST(ListMediaFilesTest, ListsAPipeCalledAsAVideoSoThatItIsTold) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe.mp4").c_str(), 0600), 0);
  fs::create_directories(folder / "folder.mp4");
  EXPECT_EQ(Listed(folder.path()), Names{"pipe.mp4"});
}

TEST(ListMediaFilesTest, AMissingRootIsAnError) {
  EXPECT_EQ(CatchMessage([] { ListMediaFiles("/nowhere"); }),
            "/nowhere: cannot be read: No such file or directory");
  EXPECT_EQ(CatchHint([] { ListMediaFiles("/nowhere"); }), "check the path");
}

TEST(ListMediaFilesTest, AFileAsRootIsAnError) {
  const TemporaryFolder folder;
  Touch(folder / "a.mp4");
  EXPECT_EQ(CatchMessage([&] { ListMediaFiles(folder / "a.mp4"); }),
            (folder / "a.mp4").string() + ": is not a folder");
}

TEST(ListMediaFilesTest, AnUnreadableFolderIsAnError) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads every folder";
  const TemporaryFolder folder;
  Touch(folder / "shut/a.mp4");
  fs::permissions(folder / "shut", fs::perms::none);
  const auto message = CatchMessage([&] { ListMediaFiles(folder.path()); });
  fs::permissions(folder / "shut", fs::perms::owner_all);
  EXPECT_EQ(message, (folder / "shut").string() + ": cannot be read: Permission denied");
}

TEST(ListMediaFilesTest, AnUnreadableFolderIsToldAndTheRestListed) {
  if (geteuid() == 0) GTEST_SKIP() << "root reads every folder";
  const TemporaryFolder folder;
  for (const char* name : {"a.mp4", "no_entry/b.mp4", "open/c.mp4", "shut/d.mp4"}) Touch(folder / name);
  fs::permissions(folder / "no_entry", fs::perms::owner_read);
  fs::permissions(folder / "shut", fs::perms::none);
  std::vector<std::pair<fs::path, std::string>> problems;
  const auto files = ListMediaFiles(folder.path(), &problems);
  for (const char* name : {"no_entry", "shut"}) fs::permissions(folder / name, fs::perms::owner_all);
  EXPECT_EQ(files, (std::vector<fs::path>{folder / "a.mp4", folder / "open/c.mp4"}));
  ASSERT_EQ(problems.size(), 2);
  EXPECT_EQ(problems[0], std::pair(folder / "no_entry", std::string("Permission denied")));
  EXPECT_EQ(problems[1], std::pair(folder / "shut", std::string("Permission denied")));
}

TEST(ListMediaFilesTest, AnUnreadableRootIsAnErrorAlsoWhereProblemsAreTold) {
  std::vector<std::pair<fs::path, std::string>> problems;
  EXPECT_EQ(CatchMessage([&] { ListMediaFiles("/nowhere", &problems); }),
            "/nowhere: cannot be read: No such file or directory");
  EXPECT_TRUE(problems.empty());
}

TEST(Utf8IdTest, KeepsTextAsItIs) {
  EXPECT_EQ(Utf8Id("fake/caf\xc3\xa9 \\ 1.mp4"), "fake/caf\xc3\xa9 \\ 1.mp4");
}

TEST(Utf8IdTest, NamesThatDifferStayDifferent) {
  EXPECT_EQ(Utf8Id("a\xff.mp4"), "a\\xff.mp4");
  EXPECT_EQ(Utf8Id("a\\xff.mp4"), "a\\x5cxff.mp4");
  EXPECT_EQ(Utf8Id("\xc3"), "\\xc3");
  EXPECT_EQ(Utf8Id("\\\xff"), "\\\\xff");
}

}  // namespace
}  // namespace seam

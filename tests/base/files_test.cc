#include "base/files.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// Makes `folder` the current one for a while.
class CurrentFolder {
 public:
  explicit CurrentFolder(const fs::path& folder) : old_(fs::current_path()) { fs::current_path(folder); }
  ~CurrentFolder() { fs::current_path(old_); }

 private:
  fs::path old_;
};

std::vector<std::string> NamesIn(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

TEST(AtomicFileTest, WithoutCommitNothingIsLeft) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder / "scores.csv");
    file.Write(std::string(3 << 20, 'x'));
  }
  EXPECT_THAT(NamesIn(folder.path()), testing::IsEmpty());
}

TEST(AtomicFileTest, WithoutCommitTheOldFileStays) {
  const TemporaryFolder folder;
  WriteFile(folder / "file", "old");
  { AtomicFile(folder / "file").Write("new"); }
  EXPECT_EQ(ReadFile(folder / "file"), "old");
}

TEST(AtomicFileTest, OldFileStaysUntilCommitReplacesTheWhole) {
  const TemporaryFolder folder;
  WriteFile(folder / "file", "a longer old text");
  AtomicFile file(folder / "file");
  file.Write("ne");
  file.Write("w");
  EXPECT_EQ(ReadFile(folder / "file"), "a longer old text");
  EXPECT_EQ(file.size(), 3u);
  file.Commit();
  EXPECT_EQ(ReadFile(folder / "file"), "new");
  EXPECT_THAT(NamesIn(folder.path()), testing::ElementsAre("file"));
}

TEST(AtomicFileTest, ManyBufferfulsArriveInOrder) {
  const TemporaryFolder folder;
  std::string expected;
  AtomicFile file(folder / "file");
  for (int i = 0; i < 400'000; ++i) {
    const auto piece = std::to_string(i) + "\n";
    file.Write(piece);
    expected += piece;
  }
  file.Commit();
  EXPECT_EQ(ReadFile(folder / "file"), expected);
}

TEST(AtomicFileTest, NameWithoutAFolderIsInTheCurrentOne) {
  const TemporaryFolder folder;
  const CurrentFolder current(folder.path());
  WriteFile("file", "x");
  EXPECT_EQ(ReadFile(folder / "file"), "x");
}

TEST(AtomicFileTest, FolderThatCanBeWrittenButNotListedWillDo) {
  if (geteuid() == 0) GTEST_SKIP() << "root lists every folder";
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_write | fs::perms::owner_exec);
  WriteFile(folder / "file", "x");
  fs::permissions(folder.path(), fs::perms::owner_all);
  EXPECT_EQ(ReadFile(folder / "file"), "x");
}

TEST(AtomicFileTest, MissingFolderIsAnErrorThatNamesTheFile) {
  const TemporaryFolder folder;
  const auto path = folder / "no/such/file";
  EXPECT_EQ(CatchMessage([&] { WriteFile(path, "x"); }),
            path.string() + ": cannot be written: No such file or directory");
  EXPECT_EQ(CatchHint([&] { WriteFile(path, "x"); }), "check the path");
}

TEST(AtomicFileTest, FolderInItsPlaceIsAnErrorAtOnce) {
  const TemporaryFolder folder;
  EXPECT_EQ(CatchMessage([&] { AtomicFile file(folder.path()); }),
            folder.path().string() + ": cannot be written: is a folder");
}

TEST(AtomicFileTest, DeviceIsWrittenToAndNeverReplaced) {
  struct stat status = {};
  WriteFile("/dev/null", "x");
  ASSERT_EQ(stat("/dev/null", &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
}

TEST(AtomicFileTest, FullDeviceIsAnErrorWithAHint) {
  EXPECT_EQ(CatchMessage([] { WriteFile("/dev/full", "x"); }),
            "/dev/full: cannot be written: No space left on device");
  EXPECT_EQ(CatchHint([] { WriteFile("/dev/full", "x"); }), "free some space; finished files are intact");
}

TEST(AtomicFileTest, FullDiskIsAnErrorThatLeavesTheOldFile) {
  const TemporaryFolder folder;
  if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "needs the right to mount a small tmpfs";
  }
  WriteFile(folder / "file", "old");
  EXPECT_EQ(CatchMessage([&] { WriteFile(folder / "file", std::string(2 << 20, 'x')); }),
            (folder / "file").string() + ": cannot be written: No space left on device");
  EXPECT_EQ(ReadFile(folder / "file"), "old");
  EXPECT_THAT(NamesIn(folder.path()), testing::ElementsAre("file"));
  umount(folder.path().c_str());
}

TEST(ReadFileTest, MoreThanTheLimitIsAnError) {
  const TemporaryFolder folder;
  WriteFile(folder / "file", "12345");
  EXPECT_EQ(ReadFile(folder / "file", 5), "12345");
  EXPECT_EQ(CatchMessage([&] { ReadFile(folder / "file", 4); }),
            (folder / "file").string() + ": 5 bytes, more than the 4 allowed");
}

TEST(ReadFileTest, EmptyFileIsEmpty) {
  const TemporaryFolder folder;
  WriteFile(folder / "file", "");
  EXPECT_EQ(ReadFile(folder / "file"), "");
}

TEST(MappedFileTest, WhatIsNotAFileIsAnError) {
  const TemporaryFolder folder;
  EXPECT_EQ(CatchMessage([&] { MappedFile file(folder.path()); }),
            folder.path().string() + ": is not a file");
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(CatchMessage([&] { MappedFile file(folder / "pipe"); }),
            (folder / "pipe").string() + ": is not a file");
}

TEST(FindShareTest, NamedFolderComesFirst) {
  const TemporaryFolder folder;
  WriteFile(folder / "README.md", "mine");
  setenv("SEAM_SHARE", folder.path().c_str(), 1);
  EXPECT_EQ(FindShare("README.md"), folder / "README.md");
  unsetenv("SEAM_SHARE");
  EXPECT_NE(FindShare("README.md"), folder / "README.md");
}

TEST(FindShareTest, EmptyNameOfTheFolderIsNone) {
  const TemporaryFolder folder;
  const CurrentFolder current(folder.path());
  WriteFile("mine", "x");
  setenv("SEAM_SHARE", "", 1);
  const fs::path found = FindShare("mine");
  unsetenv("SEAM_SHARE");
  EXPECT_EQ(found, fs::path());
}

TEST(FindShareTest, WhatIsNowhereIsAnEmptyPath) { EXPECT_EQ(FindShare("no-such.file"), fs::path()); }

}  // namespace
}  // namespace seam

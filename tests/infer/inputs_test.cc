#include "infer/inputs.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

class InputsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "real/deep");
    fs::create_directories(folder_ / "fake");
    fs::create_directories(folder_ / "empty");
    for (const char* name : {"real/b.mp4", "real/a.JPG", "real/deep/c.mkv", "real/notes.txt", "fake/d.mp4"}) {
      WriteFile(folder_ / name, "x");
    }
  }
  std::string At(const std::string& name) const { return (folder_ / name).string(); }
  std::vector<std::string> Paths(const std::vector<std::string>& named,
                                 const ListOptions& options = {}) const {
    std::vector<std::string> paths;
    for (const Input& input : ListInputs(named, options))
      paths.push_back(fs::relative(input.path, folder_.path()).string());
    return paths;
  }
  TemporaryFolder folder_;
};

TEST_F(InputsTest, FoldersGiveTheirMediaFilesAndFilesThemselves) {
  EXPECT_EQ(Paths({At("fake/d.mp4"), At("real")}),
            (std::vector<std::string>{"fake/d.mp4", "real/a.JPG", "real/b.mp4", "real/deep/c.mkv"}));
}

TEST_F(InputsTest, AFileThatIsNamedIsTakenWhateverItsName) {
  EXPECT_EQ(Paths({At("real/notes.txt")}), (std::vector<std::string>{"real/notes.txt"}));
}

TEST_F(InputsTest, NamesTellTheLabelWhereAPrefixIsGiven) {
  const auto inputs =
      ListInputs({At("real"), At("fake/d.mp4")}, {.label_folders = true, .label_prefix = "b"});
  ASSERT_EQ(inputs.size(), 4U);
  EXPECT_EQ(inputs[0].label, REAL);  // a.JPG
  EXPECT_EQ(inputs[1].label, FAKE);  // b.mp4, though it is in real/
  EXPECT_EQ(inputs[3].label, REAL);  // d.mp4, though it is in fake/
}

TEST_F(InputsTest, NothingIsScoredTwice) {
  EXPECT_EQ(Paths({At("fake"), At("fake/d.mp4"), At("fake/../fake/d.mp4")}),
            (std::vector<std::string>{"fake/d.mp4"}));
  const std::string here = fs::relative(At("fake/d.mp4"));
  EXPECT_EQ(Paths({At("fake/d.mp4"), here, "./" + here}), (std::vector<std::string>{"fake/d.mp4"}));
}

TEST_F(InputsTest, WhatIsMissingOrEmptyIsToldInItsPlace) {
  const auto inputs = ListInputs({At("none.mp4"), At("fake"), At("empty")}, {});
  ASSERT_EQ(inputs.size(), 3U);
  EXPECT_EQ(inputs[0].problem, "no such file or folder");
  EXPECT_EQ(inputs[1].problem, "");
  EXPECT_EQ(inputs[2].problem, "holds no video or picture");
  EXPECT_NE(inputs[2].hint, "");
}

TEST_F(InputsTest, FilesOfOtherNamesAreTakenByTheirBytesOrCounted) {
  const fs::path folder = folder_ / "mixed";
  fs::create_directories(folder);
  const std::string gif =
      ReadFile(MakeVideo(folder / "a.gif", "-f lavfi -i testsrc2=size=32x32:duration=0.2"));
  for (const char* name :
       {"clip", "clip.mp4.download", "a.gif.part", "song.m4a", "numbers.bin", "read me.TXT"})
    WriteFile(folder / name, std::string(name).ends_with("TXT") ? "words\n" : gif);
  WriteFile(folder / "numbers.bin", std::string("\x01\x02\x03\x04", 4));
  std::vector<std::string> notes, names;
  for (const Input& input : ListInputs({folder.string()}, {}, &notes)) names.push_back(input.path.filename());
  EXPECT_EQ(names, (std::vector<std::string>{"a.gif", "a.gif.part", "clip", "clip.mp4.download"}));
  EXPECT_EQ(notes, (std::vector<std::string>{
                       folder.string() + ": 3 files are neither video nor picture and passed over: 1 .bin, 1 "
                                         ".m4a, 1 .txt"}));
}

TEST_F(InputsTest, LabelsComeFromTheNearestFolder) {
  const auto inputs = ListInputs({folder_.path().string()}, {.label_folders = true});
  ASSERT_EQ(inputs.size(), 4U);
  for (const Input& input : inputs) {
    EXPECT_EQ(input.label, input.path.string().find("/fake/") != std::string::npos ? 1 : 0) << input.path;
  }
  EXPECT_FALSE(ListInputs({folder_.path().string()}, {})[0].label.has_value());
}

TEST_F(InputsTest, FoldersBelowCanBeLeftOut) {
  EXPECT_EQ(Paths({At("real")}, {.recursive = false}),
            (std::vector<std::string>{"real/a.JPG", "real/b.mp4"}));
}

TEST_F(InputsTest, PatternsAreExpandedWhereTheShellDidNot) {
  EXPECT_EQ(Paths({At("*/*.mp4")}), (std::vector<std::string>{"fake/d.mp4", "real/b.mp4"}));
  EXPECT_EQ(Paths({At("real/[ab].*")}), (std::vector<std::string>{"real/a.JPG", "real/b.mp4"}));
  EXPECT_EQ(Paths({At("**/?.mkv")}), (std::vector<std::string>{"real/deep/c.mkv"}));
  EXPECT_EQ(Paths({At("f*")}), (std::vector<std::string>{"fake/d.mp4"}));  // a folder
  EXPECT_EQ(Paths({At("real/**")}).size(), 4U);  // all files, as a shell would name them
}

TEST_F(InputsTest, AFileWhoseNameLooksLikeAPatternIsItself) {
  WriteFile(folder_ / "fake/[d].mp4", "x");
  EXPECT_EQ(Paths({At("fake/[d].mp4")}), (std::vector<std::string>{"fake/[d].mp4"}));
}

TEST_F(InputsTest, APatternWithoutMatchesIsTold) {
  const auto inputs = ListInputs({At("*.avi")}, {});
  ASSERT_EQ(inputs.size(), 1U);
  EXPECT_EQ(inputs[0].problem, "the pattern matches nothing");
}

TEST_F(InputsTest, ListsHoldOneNameALineOrNulBytesBetweenThem) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(NamesIn("a.mp4\n\nb c.mp4\r\nd"), (Names{"a.mp4", "b c.mp4", "d"}));
  EXPECT_EQ(NamesIn(std::string("a\nb\0c\0", 6)), (Names{"a\nb", "c"}));
  EXPECT_EQ(NamesIn(""), Names());
}

}  // namespace
}  // namespace seam

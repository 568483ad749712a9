#include "infer/inputs.h"

#include <gtest/gtest.h>

#include "base/files.h"
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

TEST_F(InputsTest, NothingIsScoredTwice) {
  EXPECT_EQ(Paths({At("fake"), At("fake/d.mp4"), At("fake/../fake/d.mp4")}),
            (std::vector<std::string>{"fake/d.mp4"}));
}

TEST_F(InputsTest, WhatIsMissingOrEmptyIsToldInItsPlace) {
  const auto inputs = ListInputs({At("none.mp4"), At("fake"), At("empty")}, {});
  ASSERT_EQ(inputs.size(), 3U);
  EXPECT_EQ(inputs[0].problem, "no such file or folder");
  EXPECT_EQ(inputs[1].problem, "");
  EXPECT_EQ(inputs[2].problem, "holds no video or picture");
  EXPECT_NE(inputs[2].hint, "");
}

TEST_F(InputsTest, LabelsComeFromTheNearestFolder) {
  const auto inputs = ListInputs({folder_.path().string()}, {.label_folders = true});
  ASSERT_EQ(inputs.size(), 4U);
  for (const Input& input : inputs) {
    EXPECT_EQ(input.label, input.path.string().find("/fake/") != std::string::npos ? 1 : 0) << input.path;
  }
  EXPECT_FALSE(ListInputs({folder_.path().string()}, {})[0].label.has_value());
}

}  // namespace
}  // namespace seam

#include "serve/allowed_folders.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam::serve {
namespace {

namespace fs = std::filesystem;

TEST(AllowedFoldersTest, NothingOutsideIsReachedByDotsLinksOrLikeNames) {
  const TemporaryFolder folder;
  for (const char* name : {"open/deep", "open-not"}) fs::create_directories(folder / name);
  for (const char* name : {"open/a.mp4", "open/deep/b.mp4", "open-not/c.mp4", "secret"})
    WriteFile(folder / name, "x");
  fs::create_symlink(folder / "secret", folder / "open/link");
  const AllowedFolders folders({(folder / "open").string()});
  EXPECT_TRUE(folders.Resolve((folder / "open/a.mp4").string()));
  EXPECT_TRUE(folders.Resolve((folder / "open/deep/../a.mp4").string()));
  EXPECT_TRUE(folders.Resolve((folder / "open").string()));
  for (const std::string& name :
       {(folder / "open/../secret").string(), (folder / "open/link").string(),
        (folder / "open-not/c.mp4").string(), (folder / "secret").string(), std::string("/etc/passwd"),
        std::string("open/a.mp4"), std::string(), (folder / "open/missing").string(),
        (folder / "open/a.mp4").string() + '\0' + "x"}) {
    EXPECT_FALSE(folders.Resolve(name)) << name;
  }
}

TEST(AllowedFoldersTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_NE(CatchMessage([] { const AllowedFolders folders({"/no/such/folder"}); }).find("/no/such/folder"),
            std::string::npos);
}

}  // namespace
}  // namespace seam::serve

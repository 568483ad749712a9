#include "serve/upload.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam::serve {
namespace {

TEST(UploadTest, OnlyAWholeFileStays) {
  const TemporaryFolder folder;
  {
    Upload upload(folder / "broken");
    upload.Write("half", 4);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "broken"));
  Upload upload(folder / "whole");
  upload.Write("all of", 6);
  upload.Write(" it", 3);
  EXPECT_EQ(ReadFile(upload.Commit()), "all of it");
}

TEST(UploadTest, NamesAreShownWithoutFoldersAndControlCharacters) {
  EXPECT_EQ(ShownName("../../etc/passwd"), "passwd");
  EXPECT_EQ(ShownName("C:\\Users\\me\\a.mp4"), "a.mp4");
  EXPECT_EQ(ShownName("a\n\x1b[31m.mp4"), "a[31m.mp4");
  EXPECT_EQ(ShownName("folder/"), "file");
  EXPECT_EQ(ShownName(std::string(198, 'a') + "\xe2\x82\xac.mp4"),
            std::string(198, 'a'));  // no half character
}

TEST(UploadTest, MediaTypesComeFromTheBytes) {
  const TemporaryFolder folder;
  WriteFile(folder / "a", std::string("\0\0\0\x20", 4) + "ftypisom");
  WriteFile(folder / "b.mp4", "<html><script>alert(1)</script>");
  WriteFile(folder / "c", "\xff\xd8\xff\xe0");
  WriteFile(folder / "d", "");
  EXPECT_EQ(FindMediaType(folder / "a"), "video/mp4");
  EXPECT_EQ(FindMediaType(folder / "b.mp4"), "application/octet-stream");  // never a page of this server's
  EXPECT_EQ(FindMediaType(folder / "c"), "image/jpeg");
  EXPECT_EQ(FindMediaType(folder / "d"), "application/octet-stream");
}

}  // namespace
}  // namespace seam::serve

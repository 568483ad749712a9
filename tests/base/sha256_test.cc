#include "base/sha256.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// The examples of FIPS 180-2, appendix B.
constexpr auto kOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr auto kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr auto kOfAMillionA = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Test, PublishedVectorsHold) {
  EXPECT_EQ(Sha256Of(""), kOfNothing);
  EXPECT_EQ(Sha256Of("abc"), kOfAbc);
  EXPECT_EQ(Sha256Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256Test, PiecesGiveTheDigestOfTheWhole) {
  Sha256 digest;
  const std::string piece(1001, 'a');
  for (int i = 0; i < 999; ++i) digest.Update(piece);
  digest.Update("a");
  EXPECT_EQ(digest.Finish(), kOfAMillionA);
}

TEST(Sha256Test, FileHasTheDigestOfItsBytes) {
  const TemporaryFolder folder;
  WriteFile(folder / "abc", "abc");
  WriteFile(folder / "empty", "");
  EXPECT_EQ(Sha256OfFile(folder / "abc"), kOfAbc);
  EXPECT_EQ(Sha256OfFile(folder / "empty"), kOfNothing);
}

TEST(Sha256Test, MissingFileIsAnError) {
  EXPECT_EQ(CatchMessage([] { Sha256OfFile("/nowhere/file"); }),
            "/nowhere/file: cannot be opened: No such file or directory");
}

}  // namespace
}  // namespace seam

#include "base/base64.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

TEST(Base64Test, GivesTheTextsOfTheRfc) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64(std::string("\0\xff\xfe", 3)), "AP/+");
}

TEST(Base64Test, LongTextsHaveNoLineEnds) {
  EXPECT_EQ(Base64(std::string(300, 'a')).find('\n'), std::string::npos);
  EXPECT_EQ(Base64(std::string(300, 'a')).size(), 400U);
}

}  // namespace
}  // namespace seam

#include "base/lines.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

TEST(NumberedLinesTest, BlankLinesCountButAreNotGiven) {
  const auto lines = NumberedLines("one\n\n \t\r\nfour\r\nlast");
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].number, 1U);
  EXPECT_EQ(lines[1].number, 4U);
  EXPECT_EQ(lines[1].text, "four\r");
  EXPECT_EQ(lines[2].number, 5U);
  EXPECT_EQ(lines[2].text, "last");
  EXPECT_TRUE(NumberedLines("\n\n").empty());
}

}  // namespace
}  // namespace seam

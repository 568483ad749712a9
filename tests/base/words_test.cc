#include "base/words.h"

#include <gtest/gtest.h>

#include "tests/support/support.h"

namespace seam {
namespace {

using Words = std::vector<std::string>;

TEST(TrimmedTest, BlanksInsideStay) {
  EXPECT_EQ(Trimmed(" \ta b\r\n"), "a b");
  EXPECT_EQ(Trimmed(" \n"), "");
}

TEST(SplitWordsTest, IsWhatAShellMakesOfThem) {
  EXPECT_EQ(SplitWords("o", "  --frames 16\t--jobs 2 "), (Words{"--frames", "16", "--jobs", "2"}));
  EXPECT_EQ(SplitWords("o", R"(--detector-model 'my files/a.onnx' "b \"c\"" d\ e)"),
            (Words{"--detector-model", "my files/a.onnx", "b \"c\"", "d e"}));
  EXPECT_EQ(SplitWords("o", R"(--a='x y'z "" '\n' "\n")"), (Words{"--a=x yz", "", "\\n", "\\n"}));
  EXPECT_TRUE(SplitWords("o", "").empty());
}

TEST(SplitWordsTest, AQuoteThatIsNeverClosedIsTold) {
  EXPECT_EQ(CatchMessage([] { SplitWords("--infer-options", "--model 'my file"); }),
            "--infer-options: a quote is never closed");
}

}  // namespace
}  // namespace seam

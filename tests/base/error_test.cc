#include "base/error.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

TEST(PrintableTest, ControlCharactersBecomeEscapes) {
  EXPECT_EQ(Printable("a\nb\x1b[31mc\x7f\r"), "a\\nb\\x1b[31mc\\x7f\\x0d");
  EXPECT_EQ(Printable(std::string("nul\0!", 5)), "nul\\x00!");
}

TEST(PrintableTest, EightBitControlCharactersBecomeEscapes) {
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m\xc2\x80"),
            "\\u009b31m\\u0080");
}

TEST(PrintableTest, OtherTextStaysAsItIs) {
  for (const std::string text : {"", "plain text", "Zoë 東京 \xc2\xa0 ©", "\xc2", "\xff\xfe"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(ErrorTest, IsOneLineWhateverTheFileIsCalled) {
  const Error error("evil\nname.mp4", "cannot be read", "look\nthere");
  EXPECT_STREQ(error.what(), "evil\\nname.mp4: cannot be read");
  EXPECT_EQ(error.hint(), "look\\nthere");
  EXPECT_EQ(error.exit_code(), kExitFailed);
}

TEST(ErrorTest, WithoutASubjectIsTheProblemAlone) {
  EXPECT_STREQ(Error("", "out of memory").what(), "out of memory");
}

TEST(ErrorTest, UsageErrorEndsTheProgramWithTwo) { EXPECT_EQ(UsageError("--x", "is wrong").exit_code(), 2); }

}  // namespace
}  // namespace seam

#include "base/numbers.h"

#include <cstdint>

#include <gmock/gmock.h>

namespace seam {
namespace {

TEST(ParseNumberTest, TakesNothingButAWholeNumberThatFits) {
  EXPECT_EQ(ParseNumber<int>("-42"), -42);
  EXPECT_EQ(ParseNumber<double>("2.5e-3"), 2.5e-3);
  for (const char* text : {"", " 1", "1 ", "+1", "1.5", "0x10", "99999999999"})
    EXPECT_EQ(ParseNumber<int>(text), std::nullopt) << text;
  EXPECT_EQ(ParseNumber<std::uint64_t>("-1"), std::nullopt);
}

TEST(ParseNumbersTest, AListIsWholeOrNothing) {
  EXPECT_THAT(ParseNumbers<int>("8/16/1", '/'), testing::Optional(testing::ElementsAre(8, 16, 1)));
  EXPECT_THAT(ParseNumbers<double>("0.5"), testing::Optional(testing::ElementsAre(0.5)));
  for (const char* text : {"", ",", "1,", ",1", "1,,2", "1,x"})
    EXPECT_EQ(ParseNumbers<int>(text), std::nullopt) << text;
}

}  // namespace
}  // namespace seam

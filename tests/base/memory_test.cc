#include "base/memory.h"

#include <gtest/gtest.h>

#include <vector>

namespace seam {
namespace {

TEST(MemoryTest, ResidentBytesGrowByWhatIsTouched) {
  const std::uint64_t before = ResidentBytes();
  ASSERT_GT(before, 0U);
  const std::vector<char> block(64 << 20, 1);
  EXPECT_GE(ResidentBytes(), before + (60U << 20));
  EXPECT_EQ(block.back(), 1);
}

TEST(MemoryTest, BytesAreShownInAUnitThatFits) {
  EXPECT_EQ(BytesText(0), "0 MB");
  EXPECT_EQ(BytesText(512'400'000), "512 MB");
  EXPECT_EQ(BytesText(999'600'000), "1.0 GB");
  EXPECT_EQ(BytesText(3'440'000'000), "3.4 GB");
}

}  // namespace
}  // namespace seam

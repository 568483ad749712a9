#include "base/fnv.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

// Splits of datasets depend on these numbers. The first two are published with the algorithm.
TEST(Fnv1aTest, HashesAreThoseOfTheAlgorithm) {
  EXPECT_EQ(Fnv1a().hash(), 0xcbf29ce484222325U);
  EXPECT_EQ(Fnv1a().Add("a").hash(), 0xaf63dc4c8601ec8cU);
  EXPECT_EQ(Fnv1a().Add("foo").Add("bar").hash(), Fnv1a().Add("foobar").hash());
  EXPECT_EQ(Fnv1a().Add(std::uint64_t{0x61}).hash(),
            Fnv1a().Add(std::string_view("a\0\0\0\0\0\0\0", 8)).hash());
}

}  // namespace
}  // namespace seam

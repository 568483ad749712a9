#include "labels/uadfv.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/labels/made_tree.h"

namespace seam {
namespace {

using Names = std::vector<std::string>;

TEST(UadfvTest, TheNumberIsTheGroupOfARealAndItsFake) {
  MadeTree tree;
  tree.Add({"real/0001.mp4", "fake/0001_fake.mp4", "fake/0002_fake/7.png", "other/x.mp4"});
  const Listing listing = tree.List("uadfv");
  ASSERT_EQ(listing.videos.size(), 3U);
  EXPECT_EQ(Find(listing.videos, "real/0001.mp4").label, REAL);
  EXPECT_EQ(Find(listing.videos, "real/0001.mp4").keys, Names{"0001"});
  EXPECT_EQ(Find(listing.videos, "fake/0001_fake.mp4").label, FAKE);
  EXPECT_EQ(Find(listing.videos, "fake/0001_fake.mp4").keys, Names{"0001"});
  EXPECT_EQ(Find(listing.videos, "fake/0002_fake/7.png").keys, Names{"0002"});
  EXPECT_EQ(listing.warnings.size(), 1U) << "other/x.mp4";
}

}  // namespace
}  // namespace seam

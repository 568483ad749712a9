#include "base/cancel.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

using Clock = CancelSource::Clock;

TEST(CancelTest, TokenTellsWhyItsWorkEnds) {
  EXPECT_EQ(CancelToken().Reason(), CancelReason::kNone);
  const CancelSource late({}, Clock::now() - std::chrono::seconds(1));
  EXPECT_EQ(late.token().Reason(), CancelReason::kDeadline);
  const CancelSource waiting({}, Clock::now() + std::chrono::hours(1));
  const CancelToken token = waiting.token();
  EXPECT_FALSE(token.Cancelled());
  waiting.Cancel();
  EXPECT_EQ(token.Reason(), CancelReason::kCancelled);
}

TEST(CancelTest, ParentEndsItsChildrenAndNoneEndsItsParent) {
  const CancelSource server;
  const CancelSource one(server.token()), other(server.token());
  one.Cancel();
  EXPECT_TRUE(one.token().Cancelled());
  EXPECT_FALSE(other.token().Cancelled());
  EXPECT_FALSE(server.token().Cancelled());
  server.Cancel();
  EXPECT_EQ(other.token().Reason(), CancelReason::kCancelled);
}

}  // namespace
}  // namespace seam

#include "infer/aggregate.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

TEST(VerdictTest, IsFakeFromTheThresholdOn) {
  VideoSummary summary;
  summary.status = "ok";
  EXPECT_EQ(VerdictOf(summary, 0.5, 0.5), "fake");
  EXPECT_EQ(VerdictOf(summary, 0.49, 0.5), "real");
  summary.status = "damaged";
  EXPECT_EQ(VerdictOf(summary, 0.49, 0.5), "real");
}

TEST(VerdictTest, AFailureIsNeverAScore) {
  VideoSummary summary;
  summary.status = "no_face";
  EXPECT_EQ(VerdictOf(summary, std::nullopt, 0.5), "no_face");
  for (const char* status : {"unreadable", "damaged"}) {
    summary.status = status;
    EXPECT_EQ(VerdictOf(summary, std::nullopt, 0.5), "error");
  }
}

}  // namespace
}  // namespace seam

#include "base/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace seam {
namespace {

using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

class ProgressTest : public testing::Test {
 protected:
  void TearDown() override { SetQuiet(false); }
};

TEST_F(ProgressTest, EndsWithOnePlainLineOffTheTerminal) {
  CaptureStderr();
  {
    Progress progress("extract", 3, "videos");
    progress.Advance(2);
    progress.Advance(1, "loss 0.5");
  }
  EXPECT_THAT(GetCapturedStderr(),
              testing::MatchesRegex("extract: 3/3 videos, [0-9.inf]+ videos/s, 0:00, loss 0.5\n"));
}

TEST_F(ProgressTest, UnknownTotalIsNotShown) {
  CaptureStderr();
  { Progress("scan", 0, "files").Advance(7); }
  EXPECT_THAT(GetCapturedStderr(), testing::StartsWith("scan: 7 files, "));
}

TEST_F(ProgressTest, QuietLeavesOnlyWarningsAndErrors) {
  SetQuiet(true);
  CaptureStderr();
  Say("talk");
  { Progress("extract", 1, "videos").Advance(); }
  SayWarning("careful");
  SayError(Error("a.mp4", "is broken", "mend it"));
  SayError(Error("b.mp4", "is broken"));
  EXPECT_EQ(GetCapturedStderr(),
            "warning: careful\nerror: a.mp4: is broken\nhint: mend it\nerror: b.mp4: is broken\n");
}

}  // namespace
}  // namespace seam

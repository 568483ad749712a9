#include "extract/faces/tracker.h"

#include <gtest/gtest.h>

namespace seam {
namespace {

Face At(float x, float y, float side = 100) {
  Face face;
  face.box = {x, y, side, side};
  return face;
}

using Ids = std::vector<int>;

TEST(TrackerTest, TwoPeopleKeepTheirNumbersWhateverTheOrder) {
  Tracker tracker;
  EXPECT_EQ(tracker.Assign({At(0, 0), At(300, 0)}, 0.0), (Ids{0, 1}));
  EXPECT_EQ(tracker.Assign({At(310, 5), At(12, 3)}, 0.1), (Ids{1, 0}));
}

TEST(TrackerTest, ANewFaceIsANewPerson) {
  Tracker tracker;
  EXPECT_EQ(tracker.Assign({At(0, 0)}, 0.0), (Ids{0}));
  EXPECT_EQ(tracker.Assign({At(5, 0), At(400, 0)}, 0.1), (Ids{0, 1}));
}

TEST(TrackerTest, APersonMayBeMissingForAMoment) {
  Tracker tracker;
  EXPECT_EQ(tracker.Assign({At(0, 0)}, 0.0), (Ids{0}));
  EXPECT_EQ(tracker.Assign({}, 0.5), Ids{});
  EXPECT_EQ(tracker.Assign({At(8, 0)}, 1.0), (Ids{0}));
}

TEST(TrackerTest, WhoComesBackAfterLongIsAnother) {
  Tracker tracker;
  for (double time = 0; time < 1; time += 0.1) EXPECT_EQ(tracker.Assign({At(0, 0)}, time), (Ids{0}));
  for (double time = 1; time < 9; time += 0.1) EXPECT_EQ(tracker.Assign({}, time), Ids{});
  EXPECT_EQ(tracker.Assign({At(0, 0)}, 9.0), (Ids{1}));
}

// Thirty-two frames of a ten-minute video lie twenty seconds apart.
TEST(TrackerTest, SparseFramesDoNotBreakATrack) {
  Tracker tracker;
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(tracker.Assign({At(static_cast<float>(60 * (i % 2)), 0)}, 20.0 * i), (Ids{0}));
}

TEST(TrackerTest, AFaceOfAnotherSizeBesideIsAnother) {
  Tracker tracker;
  EXPECT_EQ(tracker.Assign({At(0, 0, 100)}, 0.0), (Ids{0}));
  EXPECT_EQ(tracker.Assign({At(100, 0, 30)}, 0.1), (Ids{1}));
}

TEST(TrackerTest, TheBestOverlapWins) {
  Tracker tracker;
  tracker.Assign({At(0, 0), At(60, 0)}, 0.0);
  EXPECT_EQ(tracker.Assign({At(58, 0), At(30, 0)}, 0.1), (Ids{1, 0}));
}

// A scene that is bright on one side.
cv::Mat Scene(bool bright_left) {
  cv::Mat picture(90, 160, CV_8UC3, cv::Scalar::all(20));
  picture({bright_left ? 0 : 80, 0, 80, 90}) = cv::Scalar::all(200);
  return ShrinkScene(picture);
}

// Turned away or hidden while walking.
TEST(TrackerTest, WhoWasMissingComesBackInAnotherPlaceOfTheSameShot) {
  Tracker tracker;
  const cv::Mat scene = Scene(true);
  EXPECT_EQ(tracker.Assign({At(0, 0), At(600, 0)}, 0.0, scene), (Ids{0, 1}));
  for (double time = 0.1; time < 2.3; time += 0.1)
    EXPECT_EQ(tracker.Assign({At(0, 0)}, time, scene), (Ids{0}));
  EXPECT_EQ(tracker.Assign({At(300, 0), At(0, 0)}, 2.3, scene), (Ids{1, 0}));
}

TEST(TrackerTest, NobodyComesBackThroughACut) {
  Tracker tracker;
  EXPECT_EQ(tracker.Assign({At(600, 0)}, 0.0, Scene(true)), (Ids{0}));
  EXPECT_EQ(tracker.Assign({}, 0.5, Scene(false)), Ids{});
  EXPECT_EQ(tracker.Assign({}, 1.0, Scene(true)), Ids{});
  EXPECT_EQ(tracker.Assign({At(450, 0)}, 1.5, Scene(true)), (Ids{1}));
}

TEST(TrackerTest, WhoCouldBeEitherOfTwoMissingIsNeither) {
  Tracker tracker;
  const cv::Mat scene = Scene(true);
  EXPECT_EQ(tracker.Assign({At(0, 0), At(400, 0)}, 0.0, scene), (Ids{0, 1}));
  EXPECT_EQ(tracker.Assign({}, 1.0, scene), Ids{});
  EXPECT_EQ(tracker.Assign({At(200, 0)}, 2.0, scene), (Ids{2}));
}

TEST(TrackerTest, WhoCannotHaveComeSoFarIsAnother) {
  Tracker tracker;
  const cv::Mat scene = Scene(true);
  EXPECT_EQ(tracker.Assign({At(0, 0)}, 0.0, scene), (Ids{0}));
  EXPECT_EQ(tracker.Assign({At(300, 0)}, 0.5, scene), (Ids{1})) << "three faces in half a second";
  EXPECT_EQ(tracker.Assign({At(300, 0), At(900, 0, 30)}, 1.0, scene), (Ids{1, 2}));
}

// Who is seen now is nobody else.
TEST(TrackerTest, ASecondFaceBesideAPersonNeverJoinsThatPerson) {
  Tracker tracker;
  const cv::Mat scene = Scene(true);
  EXPECT_EQ(tracker.Assign({At(0, 0)}, 0.0, scene), (Ids{0}));
  EXPECT_EQ(tracker.Assign({At(2, 0), At(110, 0)}, 0.5, scene), (Ids{0, 1}));
}

TEST(IntersectionOverUnionTest, HandWorkedValues) {
  EXPECT_FLOAT_EQ(IntersectionOverUnion({0, 0, 2, 2}, {1, 0, 2, 2}), 2.0F / 6.0F);
  EXPECT_FLOAT_EQ(IntersectionOverUnion({0, 0, 2, 2}, {0, 0, 2, 2}), 1.0F);
  EXPECT_FLOAT_EQ(IntersectionOverUnion({0, 0, 2, 2}, {2, 0, 2, 2}), 0.0F);
  EXPECT_FLOAT_EQ(IntersectionOverUnion({0, 0, 0, 0}, {0, 0, 0, 0}), 0.0F);
}

}  // namespace
}  // namespace seam

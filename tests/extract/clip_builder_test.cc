#include "extract/faces/clip_builder.h"

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

namespace seam {
namespace {

// A street with houses, so that frames have a look; another `scene` has others.
cv::Mat Scene(int scene) {
  cv::Mat picture(120, 160, CV_8UC3, cv::Scalar(60, 90, 120));
  cv::RNG random(static_cast<std::uint64_t>(scene) + 17);
  for (int i = 0; i < 40; ++i) {
    const cv::Rect house(random.uniform(0, 140), random.uniform(0, 100), random.uniform(10, 60),
                         random.uniform(10, 60));
    const auto colour = [&] { return random.uniform(0, 255); };
    cv::rectangle(picture, house, cv::Scalar(colour(), colour(), colour()), cv::FILLED);
  }
  return picture;
}

Face FaceAt(float x, float y = 40) {
  Face face;
  face.box = {x, y, 20, 20};
  face.score = 0.9F;
  for (std::size_t i = 0; i < face.landmarks.size(); ++i)
    face.landmarks[i] = {x + 4 * static_cast<float>(i), y + 8};
  face.has_landmarks = true;
  return face;
}

// Feeds one window; nobody where a frame has no faces.
class ClipBuilderTest : public ::testing::Test {
 protected:
  explicit ClipBuilderTest(int length = 8, int detect_every = 1)
      : builder_(length, detect_every, Crop(), true,
                 [this](FaceClip clip) { clips_.push_back(std::move(clip)); }) {}

  static CropOptions Crop() {
    CropOptions crop;
    crop.size = 16;
    return crop;
  }

  void Add(int position, const std::vector<Face>& faces, const std::vector<int>& tracks, int scene = 0) {
    const std::int64_t index = window_ * 100 + position;
    builder_.Add({window_, position}, {index, static_cast<double>(index) / 25}, Scene(scene), faces, tracks);
  }

  ClipBuilder builder_;
  std::int64_t window_ = 0;
  std::vector<FaceClip> clips_;
};

TEST_F(ClipBuilderTest, TwoPeopleGiveAClipEachOfAllFramesInOrder) {
  for (int i = 0; i < 8; ++i) Add(i, {FaceAt(10.0F + static_cast<float>(i)), FaceAt(100)}, {0, 1});
  ASSERT_EQ(clips_.size(), 2U);
  for (std::size_t c = 0; c < 2; ++c) {
    EXPECT_EQ(clips_[c].track, static_cast<int>(c));
    ASSERT_EQ(clips_[c].frames.size(), 8U);
    for (std::size_t i = 0; i < 8; ++i) {
      const FaceFrame& frame = clips_[c].frames[i];
      EXPECT_EQ(frame.stamp.index, static_cast<std::int64_t>(i));
      EXPECT_EQ(frame.face.box.x, c == 0 ? 10.0F + static_cast<float>(i) : 100.0F);
      EXPECT_EQ(frame.picture.size(), cv::Size(16, 16));
      EXPECT_FALSE(frame.interpolated);
    }
  }
}

TEST_F(ClipBuilderTest, AShortGapIsFilledBetweenItsNeighbours) {
  for (int i = 0; i < 8; ++i) {
    if (i == 3 || i == 4) {
      Add(i, {}, {});
    } else {
      Add(i, {FaceAt(10.0F + 3 * static_cast<float>(i))}, {0});
    }
  }
  ASSERT_EQ(clips_.size(), 1U);
  ASSERT_EQ(clips_[0].frames.size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) {
    const FaceFrame& frame = clips_[0].frames[i];
    EXPECT_EQ(frame.interpolated, i == 3 || i == 4) << i;
    EXPECT_EQ(frame.stamp.index, static_cast<std::int64_t>(i));
    EXPECT_NEAR(frame.face.box.x, 10 + 3 * static_cast<double>(i), 1e-4) << i;
    EXPECT_NEAR(frame.face.landmarks[1].x, 14 + 3 * static_cast<double>(i), 1e-4) << i;
    EXPECT_TRUE(frame.face.has_landmarks);
    EXPECT_EQ(frame.face.score, frame.interpolated ? 0 : 0.9F);
  }
  const cv::Mat expected = CropFace(Scene(0), FaceAt(19), Crop());
  EXPECT_EQ(cv::norm(clips_[0].frames[3].picture, expected, cv::NORM_INF), 0) << "is of its own frame";
}

TEST_F(ClipBuilderTest, MoreThanAQuarterIsNotInterpolated) {
  for (int i = 0; i < 8; ++i) {
    const bool missing = i >= 3 && i <= 5;
    Add(i, missing ? std::vector<Face>{} : std::vector<Face>{FaceAt(10)},
        missing ? std::vector<int>{} : std::vector<int>{0});
  }
  EXPECT_TRUE(clips_.empty());
}

TEST_F(ClipBuilderTest, WhoIsMissingAtAnEndOfTheWindowGivesNoClip) {
  for (int i = 1; i < 8; ++i) Add(i, {FaceAt(10)}, {0});
  window_ = 1;
  for (int i = 0; i < 7; ++i) Add(i, {FaceAt(10)}, {0});
  window_ = 2;
  Add(0, {}, {});
  for (int i = 1; i < 8; ++i) Add(i, {FaceAt(10)}, {0});
  EXPECT_TRUE(clips_.empty());
}

TEST_F(ClipBuilderTest, AFrameThatCouldNotBeDecodedDropsTheWindow) {
  for (const int i : {0, 1, 2, 4, 5, 6, 7}) Add(i, {FaceAt(10)}, {0});
  EXPECT_TRUE(clips_.empty());
}

TEST_F(ClipBuilderTest, AnotherPersonDoesNotContinueAClip) {
  for (int i = 0; i < 8; ++i) Add(i, {FaceAt(10)}, {i < 4 ? 0 : 1});
  EXPECT_TRUE(clips_.empty());
}

TEST_F(ClipBuilderTest, NobodyIsFollowedAcrossACut) {
  for (int i = 0; i < 8; ++i) Add(i, {FaceAt(10)}, {0}, i < 4 ? 0 : 1);
  EXPECT_TRUE(clips_.empty());
  EXPECT_EQ(builder_.cuts(), 1);
  // A cut between windows is none of theirs.
  window_ = 1;
  for (int i = 0; i < 8; ++i) Add(i, {FaceAt(10)}, {0}, 2);
  EXPECT_EQ(clips_.size(), 1U);
  EXPECT_EQ(builder_.cuts(), 1);
}

class SingleFrameTest : public ClipBuilderTest {
 protected:
  SingleFrameTest() : ClipBuilderTest(1) {}
};

TEST_F(SingleFrameTest, EveryFaceIsAClipInTheOrderOfTheFaces) {
  Add(0, {FaceAt(100), FaceAt(10)}, {1, 0});
  window_ = 1;
  Add(0, {FaceAt(12)}, {0}, 1);
  ASSERT_EQ(clips_.size(), 3U);
  EXPECT_EQ(clips_[0].track, 1);
  EXPECT_EQ(clips_[1].track, 0);
  EXPECT_EQ(clips_[2].frames.at(0).stamp.index, 100);
}

// Looked for at 0, 4, 8 and, as the last, 10.
class DetectEveryTest : public ClipBuilderTest {
 protected:
  DetectEveryTest() : ClipBuilderTest(11, 4) {}

  // A face that moves by 3 pixels a frame, where it is looked for; `missed`: where it is not found.
  void AddWindow(int missed) {
    for (int i = 0; i < 11; ++i) {
      const bool found = IsLookedFor(i, 11, 4) && i != missed;
      if (found) Add(i, {FaceAt(10.0F + 3 * static_cast<float>(i))}, {0});
      if (!found) Add(i, {}, {});
    }
  }
};

TEST_F(DetectEveryTest, FacesLieBetweenThoseThatWereLookedFor) {
  AddWindow(-1);
  ASSERT_EQ(clips_.size(), 1U);
  ASSERT_EQ(clips_[0].frames.size(), 11U);
  for (std::size_t i = 0; i < 11; ++i) {
    EXPECT_NEAR(clips_[0].frames[i].face.box.x, 10.0F + 3 * static_cast<float>(i), 1e-3) << i;
    EXPECT_EQ(clips_[0].frames[i].interpolated, !IsLookedFor(static_cast<int>(i), 11, 4)) << i;
  }
}

TEST_F(DetectEveryTest, AFaceThatIsNotFoundOnceIsStillFollowed) {
  AddWindow(4);
  ASSERT_EQ(clips_.size(), 1U);
  EXPECT_NEAR(clips_[0].frames[4].face.box.x, 22, 1e-3);
  EXPECT_NEAR(clips_[0].frames[7].face.box.x, 31, 1e-3);
}

TEST_F(DetectEveryTest, AFaceThatIsMissingAtTheEndGivesNoWindow) {
  AddWindow(10);
  EXPECT_TRUE(clips_.empty());
}

}  // namespace
}  // namespace seam

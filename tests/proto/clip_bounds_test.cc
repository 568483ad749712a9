#include "proto/clip_bounds.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "proto/shard.h"

namespace seam {
namespace {

Clip FullClip() {
  Clip clip;
  clip.set_format_version(1);
  clip.set_video("fake/a.mp4");
  clip.set_label(FAKE);
  clip.mutable_crop()->set_margin(0.3);
  Frame* frame = clip.add_frames();
  frame->set_image("picture");
  frame->mutable_box()->set_width(12);
  for (int i = 0; i < 10; ++i) frame->add_landmarks(static_cast<float>(i));
  return clip;
}

TEST(ClipBoundsTest, AcceptsAClip) {
  EXPECT_TRUE(ClipWithinBounds(FullClip().SerializeAsString()));
  EXPECT_TRUE(ClipWithinBounds(""));
}

TEST(ClipBoundsTest, AcceptsFieldsOfALaterSeam) {
  EXPECT_TRUE(ClipWithinBounds("\xa0\x06\x01\xaa\x06\x02hi"));
}

TEST(ClipBoundsTest, RefusesAMillionEmptyFrames) {
  std::string bytes;
  for (std::size_t i = 0; i <= kMaxClipFields; ++i) bytes += std::string("\x4a\x00", 2);
  EXPECT_FALSE(ClipWithinBounds(bytes));
  EXPECT_TRUE(ClipWithinBounds(bytes.substr(2)));
}

TEST(ClipBoundsTest, CountsTheFieldsInsideFrames) {
  Clip clip;
  std::string fields;
  for (std::size_t i = 0; i <= kMaxClipFields; ++i) fields += "\x10\x01";
  std::string frame = "\x4a";
  for (std::size_t length = fields.size(); length > 0; length >>= 7) {
    frame += static_cast<char>((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
  }
  EXPECT_FALSE(ClipWithinBounds(frame + fields));
}

TEST(ClipBoundsTest, RefusesGroups) { EXPECT_FALSE(ClipWithinBounds("\x63\x64")); }

TEST(ClipBoundsTest, RefusesAFrameLongerThanItsClip) {
  EXPECT_FALSE(ClipWithinBounds("\x4a\x05\x0a\x01x"));
  EXPECT_FALSE(ClipWithinBounds("\x4a\xff\xff\xff\xff\x0f"));
}

TEST(ClipBoundsTest, RefusesTextThatIsNotUtf8) {
  EXPECT_FALSE(ClipWithinBounds("\x12\x02\xc3("));
  EXPECT_TRUE(ClipWithinBounds("\x12\x02\xc3\xa9"));
}

// Whatever passes is what protobuf parses too: no accepted prefix may surprise the reader.
TEST(ClipBoundsTest, AgreesWithTheParserOnEveryTruncation) {
  const std::string bytes = FullClip().SerializeAsString();
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    Clip clip;
    EXPECT_EQ(ClipWithinBounds(bytes.substr(0, length)), clip.ParseFromString(bytes.substr(0, length)))
        << length;
  }
}

TEST(ClipBoundsTest, WhatPassesIsParsedInSilenceWhateverTheDamage) {
  const std::string whole = FullClip().SerializeAsString();
  std::mt19937 random(11);
  int passed = 0;
  testing::internal::CaptureStderr();
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole;
    for (int flips = 0; flips < 3; ++flips) bytes[random() % bytes.size()] = static_cast<char>(random());
    if (!ClipWithinBounds(bytes)) continue;
    Clip clip;
    passed += clip.ParseFromString(bytes) ? 1 : 0;
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_GT(passed, 100);
}

}  // namespace
}  // namespace seam

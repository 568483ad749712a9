#include "seam/detector_c.h"

#include <gmock/gmock.h>

#include <cmath>
#include <thread>

#include "seam/detector.h"
#include "tests/support/clips.h"
#include "tests/support/support.h"

namespace seam {
namespace {

using testing::HasSubstr;

TEST(DetectorCTest, SaysWhatTheCxxInterfaceSays) {
  SEAM_NEEDS_DEMO_CLIP();
  const char* const options[] = {"--frames=4"};
  seam_detector* detector = seam_detector_new(options, 1);
  ASSERT_NE(detector, nullptr) << seam_last_error();
  seam_detection* detection = seam_detector_score(detector, DemoClip().c_str());
  ASSERT_NE(detection, nullptr) << seam_last_error();
  const Detection same = Detector({"--frames=4"}).Score(DemoClip().string());

  EXPECT_EQ(seam_detection_verdict(detection), SEAM_VERDICT_REAL);
  EXPECT_EQ(seam_detection_score(detection), *same.score);
  EXPECT_EQ(seam_detection_threshold(detection), same.threshold);
  EXPECT_EQ(seam_detection_json(detection), same.json);
  EXPECT_EQ(seam_detection_status(detection), same.status);
  EXPECT_EQ(seam_detection_reason(detection), same.reason);
  EXPECT_THAT(seam_detection_explanation(detection), testing::StartsWith(same.explanation.front() + " "));
  ASSERT_EQ(seam_detection_people(detection), 1U);
  seam_person person = {};
  ASSERT_EQ(seam_detection_person(detection, 0, &person), 1);
  EXPECT_EQ(person.score, same.people[0].score);
  EXPECT_EQ(person.decides, 1);
  ASSERT_EQ(person.moments, 4U);
  seam_moment moment = {};
  ASSERT_EQ(seam_detection_moment(detection, 0, 3, &moment), 1);
  EXPECT_EQ(moment.begin_seconds, same.people[0].moments[3].begin_seconds);
  EXPECT_EQ(moment.height, same.people[0].moments[3].box.height);
  EXPECT_EQ(seam_detection_person(detection, 1, &person), 0);
  EXPECT_EQ(seam_detection_moment(detection, 0, 4, &moment), 0);
  EXPECT_EQ(seam_detection_moment(detection, 1, 0, &moment), 0);

  seam_detection_free(detection);
  detection = seam_detector_score(detector, "no such file");
  ASSERT_NE(detection, nullptr) << seam_last_error();
  EXPECT_EQ(seam_detection_verdict(detection), SEAM_VERDICT_ERROR);
  EXPECT_TRUE(std::isnan(seam_detection_score(detection)));
  EXPECT_STRNE(seam_detection_reason(detection), "");
  seam_detection_free(detection);
  seam_detector_free(detector);
}

TEST(DetectorCTest, ErrorsAreNullAndALineOfThisThread) {
  const char* const options[] = {"--frame=4"};
  EXPECT_EQ(seam_detector_new(options, 1), nullptr);
  EXPECT_THAT(seam_last_error(), HasSubstr("--frames"));
  std::thread([] { EXPECT_STREQ(seam_last_error(), ""); }).join();
  EXPECT_EQ(seam_detector_score(nullptr, "clip.mp4"), nullptr);
  EXPECT_THAT(seam_last_error(), HasSubstr("no detector"));
  seam_detector_free(nullptr);
  seam_detection_free(nullptr);
}

TEST(DetectorCTest, TellsItsVersion) {
  EXPECT_EQ(seam_c_version(), SEAM_C_VERSION);
  EXPECT_EQ(RunCommand("seam --version").out, "seam " + std::string(seam_version()) + "\n");
}

}  // namespace
}  // namespace seam

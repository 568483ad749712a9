#include "infer/evidence.h"

#include <algorithm>

#include <fmt/format.h>

#include <gtest/gtest.h>
#include <opencv2/imgcodecs.hpp>

#include "proto/picture.h"
#include "tests/infer/made_result.h"
#include "tests/infer/parts.h"
#include "tests/support/checkpoint.h"
#include "tests/support/support.h"

namespace seam {
namespace {

cv::Mat Noise64(int seed) {
  cv::Mat picture(64, 64, CV_8UC3);
  cv::RNG random(static_cast<std::uint64_t>(seed));
  random.fill(picture, cv::RNG::UNIFORM, 0, 256);
  return picture;
}

// What of `result` three places hold, as "track:score", when the faces come in this order.
std::string Kept(const VideoResult& result, std::vector<std::pair<int, std::size_t>> order) {
  EvidenceKeeper keeper(3, MadeCropSpec());
  for (const auto& [track, clip] : order) {
    const ClipScore& scored = result.tracks.at(track).clips.at(clip);
    keeper.Offer({track, scored.score, scored.faces}, {Noise64(track)}, Noise64(9));
  }
  std::string kept;
  for (const Evidence& each : keeper.Take(result.tracks))
    kept += fmt::format("{}:{} ", each.track, each.score);
  return kept;
}

TEST(EvidenceKeeperTest, KeepsEverybodysGreatestScoreAndThenTheGreatestInAnyOrder) {
  const VideoResult result = MadeResult({{0.9, 0.8, 0.7, 0.95}, {0.1, 0.2}});
  std::vector<std::pair<int, std::size_t>> order = {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 1}};
  do {
    ASSERT_EQ(Kept(result, order), "0:0.95 0:0.9 1:0.2 ");
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(EvidenceKeeperTest, WhoDecidedIsThereAmongManyWithGreaterScoresForAMoment) {
  VideoResult result = MadeResult({{0.99, 0}, {0.98, 0}, {0.97, 0}, {0.96, 0}, {0.6, 0.6, 0.6}, {0.95}});
  for (auto& [number, track] : result.tracks) track.counts = number < 5;
  std::vector<std::pair<int, std::size_t>> order;
  for (const auto& [number, track] : result.tracks) {
    for (std::size_t clip = 0; clip < track.clips.size(); ++clip) order.emplace_back(number, clip);
  }
  EXPECT_EQ(Kept(result, order), "0:0.99 1:0.98 4:0.6 ");
  std::reverse(order.begin(), order.end());
  EXPECT_EQ(Kept(result, order), "0:0.99 1:0.98 4:0.6 ");
}

TEST(EvidenceKeeperTest, GivesNothingOfTracksThatWereDropped) {
  VideoResult result = MadeResult({{0.9}, {0.5}});
  EvidenceKeeper keeper(3, MadeCropSpec());
  for (const int track : {0, 1})
    keeper.Offer({track, 0.5, result.tracks[track].clips[0].faces}, {Noise64(track)}, {});
  result.tracks.erase(0);
  const auto kept = keeper.Take(result.tracks);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].track, 1);
  EXPECT_EQ(kept[0].frame, "");  // there was none
}

TEST(EvidenceKeeperTest, CropsAreThoseThatTheNetworkSaw) {
  const VideoResult result = MadeResult({{0.9}});
  EvidenceKeeper keeper(1, MadeCropSpec());
  keeper.Offer({0, 0.9, result.tracks.at(0).clips[0].faces}, {Noise64(4)}, Noise64(5));
  const auto kept = keeper.Take(result.tracks);
  const cv::Mat decoded = DecodeCrop(kept.at(0).crops.at(0), MadeCropSpec());
  EXPECT_EQ(cv::norm(decoded, Noise64(4), cv::NORM_INF), 0);
  EXPECT_EQ(kept[0].frame.substr(0, 2), "\xff\xd8");  // a JPEG
}

TEST(EvidenceTest, SmallJpegShrinksToItsLongerSide) {
  const cv::Mat wide(100, 400, CV_8UC3, cv::Scalar(200, 100, 50));
  const std::string jpeg = SmallJpeg(wide, 200, 90);
  const cv::Mat back = cv::imdecode(std::vector<std::uint8_t>(jpeg.begin(), jpeg.end()), cv::IMREAD_COLOR);
  EXPECT_EQ(back.size(), cv::Size(200, 50));
  EXPECT_NEAR(back.at<cv::Vec3b>(25, 100)[2], 200, 3);  // BGR: red stayed red
  EXPECT_NEAR(back.at<cv::Vec3b>(25, 100)[0], 50, 3);
}

TEST(EvidenceTest, HeatCoversHotPlacesAlone) {
  const cv::Mat crop(64, 64, CV_8UC3, cv::Scalar(100, 100, 100));
  LookMap heat{2, {1, 0, 0, 0}};
  const cv::Mat covered = WithHeat(crop, heat);
  EXPECT_EQ(covered.at<cv::Vec3b>(60, 60), cv::Vec3b(100, 100, 100));
  EXPECT_GT(covered.at<cv::Vec3b>(4, 4)[0], 180);  // light yellow
  heat.values = {0, 0, 0, 0};
  EXPECT_EQ(cv::norm(WithHeat(crop, heat), crop, cv::NORM_INF), 0);
}

#ifdef SEAM_TORCH_PARTS
TEST(ExplainerTest, FillsInAMapForEachCropAndChangesNothingElse) {
  const TemporaryFolder folder;
  const auto checkpoint = MakeCheckpoint(folder / "m.safetensors");
  CropSpec crop;
  crop.set_size(256);
  crop.set_encoding("jpeg");
  crop.set_quality(95);
  cv::Mat picture(256, 256, CV_8UC3);
  cv::RNG random(2);
  random.fill(picture, cv::RNG::UNIFORM, 0, 256);
  const VideoResult result = MadeResult({{0.9, 0.8}});
  std::vector<Evidence> evidence;
  for (const ClipScore& clip : result.tracks.at(0).clips) {
    Evidence& each = evidence.emplace_back();
    each.score = clip.score;
    each.faces = clip.faces;
    each.crops = {EncodePicture(picture.data, picture.step[0], crop)};
  }
  const auto explainer = LinkedTorchParts().make_explainer(checkpoint);
  explainer->Explain(&evidence);
  ASSERT_EQ(evidence[0].heat.side, 8);  // of Meso-4's last map
  ASSERT_EQ(evidence[0].heat.values.size(), 64U);
  EXPECT_EQ(evidence[0].heat.values, evidence[1].heat.values);  // of equal crops
  for (const float value : evidence[0].heat.values) {
    EXPECT_GE(value, 0);
    EXPECT_LE(value, 1);
  }
  EXPECT_EQ(evidence[0].score, 0.9);
}
#endif

}  // namespace
}  // namespace seam

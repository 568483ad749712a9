#include "train/epoch_row.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "train/classifier/val_metrics.h"

namespace seam {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const RowSchema& kRows = ClassifierRows();

ValidationMetrics SomeMetrics() {
  ValidationMetrics metrics{
      .val_loss = 0.25, .val_auc_frame = 0.875, .val_auc_video = 0.9375, .val_eer_video = 0.125};
  metrics.intervals.fill({0.75, 0.96875});
  return metrics;
}

EpochRow SomeRow(const std::vector<ValPart>& parts = {}) {
  EpochRow row;
  row.epoch = 1;
  row.lr = 0.001;
  row.train_loss = 0.5;
  row.seconds = 12;
  row.units_per_second = 60;
  FillRow(SomeMetrics(), parts, &row);
  return row;
}

TEST(EpochRowTest, StateKeepsEveryColumn) {
  const auto rows = ReadRows(kRows, ToJson(kRows, {SomeRow()}).dump());
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(MetricsCsv(kRows, rows), MetricsCsv(kRows, {SomeRow()}));
  EXPECT_EQ(rows[0].Measure("val_eer_video"), 0.125);
  EXPECT_EQ(rows[0].Measure("val_loss_video_high"), 0.96875);
}

// What Seam wrote before there were intervals.
constexpr char kOldRow[] =
    R"([{"epoch":1,"lr":0.001,"train_loss":0.5,"val_loss":0.25,"val_auc_frame":0.875,"val_auc_video":0.9375,
"seconds":12,"crops_per_second":60}])";

TEST(EpochRowTest, RowOfAnOlderRunIsReadAndWhatItLacksIsEmpty) {
  const auto rows = ReadRows(kRows, kOldRow);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].Measure("val_auc_video"), 0.9375);
  EXPECT_TRUE(std::isnan(rows[0].Measure("val_eer_video")));
  EXPECT_TRUE(std::isnan(rows[0].Measure("val_auc_frame_low")));
  EXPECT_THAT(MetricsCsv(kRows, rows), HasSubstr("\n1,0.001,0.5,0.25,0.875,0.9375,12,60,,,"));
  EXPECT_EQ(ReadRows(kRows, ToJson(kRows, rows).dump()).size(), 1U);
}

TEST(EpochRowTest, RowWithoutWhatTheFirstVersionHadIsNone) {
  auto json = nlohmann::json::parse(kOldRow);
  json[0].erase("val_auc_video");
  EXPECT_TRUE(ReadRows(kRows, json.dump()).empty());
  json[0]["val_auc_video"] = nullptr;
  EXPECT_TRUE(ReadRows(kRows, json.dump()).empty());
  json[0]["val_auc_video"] = 0.5;
  json[0]["val_eer_video"] = "low";
  EXPECT_TRUE(ReadRows(kRows, json.dump()).empty());
}

TEST(EpochRowTest, CheckpointCarriesIntervals) {
  auto row = SomeRow();
  const auto json = MetricsJson(kRows, row);
  EXPECT_EQ(json["val_auc_video"], 0.9375);
  EXPECT_EQ(json["val_auc_video_low"], 0.75);
  EXPECT_EQ(json["train_loss"], 0.5);
  row.measures["val_auc_frame_low"] = std::nan("");
  EXPECT_EQ(MetricsJson(kRows, row)["val_auc_frame_low"], nullptr);
}

EpochRow RowWithParts() {
  return SomeRow({{"ff", 8, 24, 0.875, 0.75, {0.625, 1}}, {"ff:Deepfakes", 8, 12, 0.9375, 0.5, {NAN, NAN}}});
}

TEST(EpochRowTest, PartsHaveALineEachAndComeBack) {
  const std::string csv = PartsCsv(kRows, {RowWithParts()});
  EXPECT_EQ(csv,
            "epoch,part,real,fake,val_auc_video,val_auc_video_low,val_auc_video_high,val_auc_frame\n"
            "1,ff,8,24,0.875,0.625,1,0.75\n"
            "1,ff:Deepfakes,8,12,0.9375,,,0.5\n");
  EXPECT_EQ(PartsCsv(kRows, ReadRows(kRows, ToJson(kRows, {RowWithParts()}).dump())), csv);
  EXPECT_EQ(PartsCsv(kRows, {SomeRow()}), "");
  auto json = ToJson(kRows, {RowWithParts()});
  json[0]["parts"][0].erase("real");
  EXPECT_TRUE(ReadRows(kRows, json.dump()).empty());
}

TEST(EpochRowTest, TextShowsParts) {
  EXPECT_THAT(EpochText(RowWithParts(), {}, 4),
              HasSubstr("  part          reals  fakes  AUC of videos           of frames\n"
                        "  ff                8     24  0.8750 [0.625, 1.000]   0.7500\n"
                        "  ff:Deepfakes      8     12  0.9375                  0.5000\n"));
  EXPECT_THAT(EpochText(SomeRow(), {}, 4), testing::Not(HasSubstr("of frames")));
}

TEST(EpochRowTest, TextHasATableOfFramesAndVideos) {
  const std::string text = EpochText(
      SomeRow(), {.temperature = 1.5, .threshold_eer = 0.4, .band_low = 0.25, .band_high = 0.625}, 4);
  EXPECT_THAT(text,
              testing::StartsWith("epoch 1/4: train loss 0.5000, val loss 0.2500, val AUC frame 0.8750, "
                                  "video 0.9375\n"));
  EXPECT_THAT(text,
              AllOf(HasSubstr("  frames 0.8750 [0.750, 0.969]"), HasSubstr("  videos 0.9375 [0.750, 0.969]"),
                    HasSubstr("a video is fake from 0.4000 on, uncertain from 0.2500 to 0.6250; temperature "
                              "1.5\n")));
}

}  // namespace
}  // namespace seam

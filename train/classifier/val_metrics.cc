#include "train/classifier/val_metrics.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

// The names in val_parts.csv.
constexpr char kReal[] = "real", kFake[] = "fake", kPartAucVideo[] = "val_auc_video",
               kPartAucVideoLow[] = "val_auc_video_low", kPartAucVideoHigh[] = "val_auc_video_high",
               kPartAucFrame[] = "val_auc_frame";

struct AtHalf {
  const char* name;
  double ValidationMetrics::*value;
};

constexpr std::array<AtHalf, 5> kAtHalf = {{
    {"val_accuracy", &ValidationMetrics::val_accuracy},
    {"val_precision_real", &ValidationMetrics::val_precision_real},
    {"val_recall_real", &ValidationMetrics::val_recall_real},
    {"val_precision_fake", &ValidationMetrics::val_precision_fake},
    {"val_recall_fake", &ValidationMetrics::val_recall_fake},
}};

RowSchema MakeSchema() {
  RowSchema schema;
  schema.unit = "crops";
  schema.inputs = "videos";
  schema.measures = {"val_loss", "val_auc_frame", "val_auc_video"};  // those of the first version
  for (const ValMeasure& measure : ValMeasures()) {
    if (std::find(schema.measures.begin(), schema.measures.end(), measure.name) == schema.measures.end())
      schema.more_measures.emplace_back(measure.name);
  }
  for (const ValMeasure& measure : ValMeasures()) {
    schema.more_measures.push_back(std::string(measure.name) + "_low");
    schema.more_measures.push_back(std::string(measure.name) + "_high");
  }
  for (const auto& [name, value] : kAtHalf) schema.more_measures.emplace_back(name);
  schema.part_counts = {kReal, kFake};
  schema.part_values = {kPartAucVideo, kPartAucVideoLow, kPartAucVideoHigh, kPartAucFrame};
  schema.plateau = "val_loss";
  schema.better = {{"val_auc_video", true}, {"val_auc_frame", true}, {"val_loss", false}};
  return schema;
}

std::string WithInterval(double value, double low, double high) {
  const std::string text = fmt::format("{:.4f}", value);
  if (std::isnan(low)) return text;
  return fmt::format("{} [{:.3f}, {:.3f}]", text, low, high);
}

std::string Cell(const EpochRow& row, std::size_t measure) {
  const std::string name = ValMeasures()[measure].name;
  return WithInterval(row.Measure(name), row.Measure(name + "_low"), row.Measure(name + "_high"));
}

// A line for each part.
std::string PartsText(const std::vector<PartRow>& parts) {
  if (parts.empty()) return "";
  std::size_t width = 4;
  for (const PartRow& part : parts) width = std::max(width, Printable(part.name).size());
  std::string text = fmt::format("  {:<{}}  {:>5}  {:>5}  {:<24}{}\n", "part", width, "reals", "fakes",
                                 "AUC of videos", "of frames");
  for (const PartRow& part : parts) {
    const std::string auc = WithInterval(part.values.at(kPartAucVideo), part.values.at(kPartAucVideoLow),
                                         part.values.at(kPartAucVideoHigh));
    text += fmt::format("  {:<{}}  {:>5}  {:>5}  {:<24}{:.4f}\n", Printable(part.name), width,
                        part.counts.at(kReal), part.counts.at(kFake), auc, part.values.at(kPartAucFrame));
  }
  return text;
}

}  // namespace

const std::array<ValMeasure, 8>& ValMeasures() {
  using Metrics = ValidationMetrics;
  // First the frames' and then the videos', in the same order: EpochText() goes by that.
  static const std::array<ValMeasure, 8> measures = {{
      {"val_auc_frame", &Metrics::val_auc_frame, RocAuc, false},
      {"val_eer_frame", &Metrics::val_eer_frame, EqualErrorRate, false},
      {"val_ap_frame", &Metrics::val_ap_frame, AveragePrecision, false},
      {"val_loss", &Metrics::val_loss, LogLoss, false},
      {"val_auc_video", &Metrics::val_auc_video, RocAuc, true},
      {"val_eer_video", &Metrics::val_eer_video, EqualErrorRate, true},
      {"val_ap_video", &Metrics::val_ap_video, AveragePrecision, true},
      {"val_loss_video", &Metrics::val_loss_video, LogLoss, true},
  }};
  return measures;
}

const RowSchema& ClassifierRows() {
  static const RowSchema schema = MakeSchema();
  return schema;
}

void MeasureAtHalf(const LabelledScores& clips, ValidationMetrics* metrics) {
  constexpr double kHalf = 0.5;
  const RankedScores ranked(clips.scores, clips.labels);
  if (!ranked.measurable()) return;
  const Confusion of = ConfusionAt(ranked, kHalf);
  const auto share = [](double part, double other) {
    return part + other > 0 ? part / (part + other) : std::numeric_limits<double>::quiet_NaN();
  };
  metrics->val_accuracy = Accuracy(ranked, kHalf);
  metrics->val_precision_real = share(of.true_negatives, of.false_negatives);
  metrics->val_recall_real = share(of.true_negatives, of.false_positives);
  metrics->val_precision_fake = share(of.true_positives, of.false_positives);
  metrics->val_recall_fake = share(of.true_positives, of.false_negatives);
}

void FillRow(const ValidationMetrics& metrics, const std::vector<ValPart>& parts, EpochRow* row) {
  for (std::size_t i = 0; i < ValMeasures().size(); ++i) {
    const std::string name = ValMeasures()[i].name;
    row->measures[name] = metrics.*ValMeasures()[i].value;
    row->measures[name + "_low"] = metrics.intervals[i].low;
    row->measures[name + "_high"] = metrics.intervals[i].high;
  }
  for (const auto& [name, value] : kAtHalf) row->measures[name] = metrics.*value;
  for (const ValPart& part : parts) {
    row->parts.push_back({.name = part.name,
                          .counts = {{kReal, part.real}, {kFake, part.fake}},
                          .values = {{kPartAucVideo, part.auc_video},
                                     {kPartAucVideoLow, part.interval.low},
                                     {kPartAucVideoHigh, part.interval.high},
                                     {kPartAucFrame, part.auc_frame}}});
  }
}

std::string EpochText(const EpochRow& row, const Calibration& calibration, int epochs) {
  std::string text =
      fmt::format("epoch {}/{}: train loss {:.4f}, val loss {:.4f}, val AUC frame {:.4f}, video {:.4f}\n",
                  row.epoch, epochs, row.train_loss, row.Measure("val_loss"), row.Measure("val_auc_frame"),
                  row.Measure("val_auc_video"));
  text += fmt::format("  {:<7}{:<24}{:<24}{:<24}{}\n", "val", "AUC", "EER", "AP", "log-loss");
  for (std::size_t level = 0; level < 2; ++level) {
    text +=
        fmt::format("  {:<7}{:<24}{:<24}{:<24}{}\n", level == 0 ? "frames" : "videos", Cell(row, 4 * level),
                    Cell(row, 4 * level + 1), Cell(row, 4 * level + 2), Cell(row, 4 * level + 3));
  }
  const auto shown = [&](const char* name) {
    const double value = row.Measure(name);
    return std::isnan(value) ? std::string("-") : fmt::format("{:.3f}", value);
  };
  text += fmt::format("  frames at 0.5: accuracy {}; precision and recall of real {} {}, of fake {} {}\n",
                      shown("val_accuracy"), shown("val_precision_real"), shown("val_recall_real"),
                      shown("val_precision_fake"), shown("val_recall_fake"));
  text += PartsText(row.parts);
  text += fmt::format(
      "  a video is fake from {:.4f} on, uncertain from {:.4f} to {:.4f}; temperature {:.3g}\n",
      calibration.threshold_eer, calibration.band_low, calibration.band_high, calibration.temperature);
  return text;
}

}  // namespace seam

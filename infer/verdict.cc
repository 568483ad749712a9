#include "infer/verdict.h"

#include <charconv>

#include <fmt/format.h>

#include "base/error.h"
#include "evaluate/calibration.h"
#include "models/networks/stored_network.h"

namespace seam {
namespace {

Error WrongThreshold(const std::string& problem) {
  return UsageError("--threshold", problem,
                    "a number from 0 to 1; eer: as many errors of either kind; fpr1: 1 % false alarms");
}

double Number(const std::string& text) {
  double number = -1;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = code == std::errc() && stop == text.data() + text.size();
  if (!whole) throw WrongThreshold(fmt::format("'{}' is not a number from 0 to 1, eer or fpr1", text));
  if (!(number >= 0 && number <= 1)) throw WrongThreshold("must be from 0 to 1");
  return number;
}

}  // namespace

VerdictRule MakeVerdictRule(const CheckpointInfo& info, const std::string& threshold) {
  VerdictRule rule;
  rule.threshold = info.threshold;
  rule.source = "the checkpoint's";
  if (info.calibration) {
    rule.calibrated = true;
    rule.temperature = info.calibration->temperature;
    rule.band_low = info.calibration->band_low;
    rule.band_high = info.calibration->band_high;
  }
  if (threshold == "eer" || threshold == "fpr1") {
    if (!info.calibration) {
      throw Error("--threshold " + threshold, "the checkpoint was not calibrated",
                  "--threshold 0.5 needs no calibration", kExitUsage);
    }
    rule.threshold = threshold == "eer" ? info.calibration->threshold_eer : info.calibration->threshold_fpr1;
    rule.source = threshold == "eer" ? "the one at equal error rates" : "the one at 1 % false alarms";
  } else if (!threshold.empty()) {
    rule.threshold = Number(threshold);
    rule.source = "the user's";
    rule.band_low = rule.band_high = 0;
  }
  if (rule.threshold < rule.band_low || rule.threshold > rule.band_high) rule.band_low = rule.band_high = 0;
  return rule;
}

std::optional<double> ProbabilityOf(const VerdictRule& rule, std::optional<double> score) {
  if (!score || !rule.calibrated) return std::nullopt;
  return CalibratedProbability(*score, rule.temperature);
}

std::string VerdictOf(const VerdictRule& rule, const VideoSummary& summary, std::optional<double> score) {
  if (score && *score >= rule.band_low && *score < rule.band_high) return "uncertain";
  if (score) return *score >= rule.threshold ? "fake" : "real";
  return summary.status == Status::kNoFace || summary.status == Status::kNoWindow ? "no_face" : "error";
}

}  // namespace seam

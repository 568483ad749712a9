#include "train/schedule.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

void ScheduleOptions::Register(Options* options) {
  options->Add("lr", &lr, "learning rate at its greatest");
  options->Add("schedule", &schedule, "of the learning rate", {"cosine", "constant"});
  options->Add("warmup", &warmup, "share of all steps over which the learning rate rises");
}

void ScheduleOptions::Check() const {
  if (!(lr > 0) || !std::isfinite(lr)) {
    throw UsageError("--lr", fmt::format("{:g} is not above 0", lr), "1e-3 suits most networks");
  }
  if (!(warmup >= 0 && warmup <= 1))
    throw UsageError("--warmup", fmt::format("{:g} is not 0 to 1", warmup), "0.03 is usual, 0 for none");
}

double LearningRate(const ScheduleOptions& options, std::int64_t step, std::int64_t total) {
  const auto rising = static_cast<std::int64_t>(std::ceil(options.warmup * static_cast<double>(total)));
  if (step < rising) return options.lr * static_cast<double>(step + 1) / static_cast<double>(rising);
  if (options.schedule == "constant") return options.lr;
  const double share = static_cast<double>(step - rising) / static_cast<double>(total - rising);
  return options.lr * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

}  // namespace seam

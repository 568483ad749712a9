#include "extract/dataset_plan.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"

namespace seam {

namespace {

// Tells of every leak; an Error unless they are allowed. Returns whether there is one.
bool CheckLeaks(const PlanOptions& options, const std::vector<Video>& videos) {
  const std::vector<std::string> crossing = FindLeaks(videos);
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < crossing.size() && i < kShown; ++i) SayWarning(Printable(crossing[i]));
  if (crossing.size() > kShown) SayWarning(fmt::format("and {} more", crossing.size() - kShown));
  if (!crossing.empty() && !options.allow_leak) {
    throw Error(
        options.input, fmt::format("the splits leak in {} places", crossing.size()),
        "put what belongs together into one split; or --allow-leak, and no number from it is worth anything");
  }
  return !crossing.empty();
}

}  // namespace

void PlanOptions::Register(Options* options) {
  options->Add("input", &input, "folder of the dataset");
  layout.Register(options);
  split.Register(options);
  options->Add("allow-leak", &allow_leak,
               "go on although splits share footage; the dataset is marked for ever");
}

void PlanOptions::Check() const {
  if (input.empty()) throw UsageError("--input", "is missing", "name the folder of the dataset");
}

DatasetPlan MakePlan(const PlanOptions& options) {
  DatasetPlan plan;
  plan.videos = MakeLayout(options.layout)->List(options.input);
  for (Video& video : plan.videos) video.dataset = options.layout.dataset;
  AssignGroups(&plan.videos);
  if (plan.videos.front().split.empty()) AssignSplits(options.split, &plan.videos);
  plan.facts = {{"leaks", CheckLeaks(options, plan.videos)}};
  return plan;
}

}  // namespace seam

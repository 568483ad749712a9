#include "extract/dataset/dataset_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "extract/media/media_kind.h"

namespace seam {

namespace {

constexpr char kOverlap[] = "official_overlap";

// The ids of the videos that share footage with an official list; those are left out, unless they are kept.
std::set<std::string> HandleOverlap(const PlanOptions& options, DatasetPlan* plan) {
  std::map<std::string, const Video*> official;
  for (const Video& video : plan->videos) {
    if (!video.split.empty()) official.emplace(video.group, &video);
  }
  const bool keep = options.official_overlap == "keep";
  std::set<std::string> overlapping;
  for (Video* video : OfficialOverlap(&plan->videos)) {
    overlapping.insert(video->id);
    if (keep) continue;
    const Video& listed = *official.at(video->group);
    video->status = kOverlap;
    video->reason = fmt::format("shares footage with {} of the official {} list", listed.id, listed.split);
  }
  if (overlapping.empty()) return overlapping;
  plan->facts[kOverlap] = {{"videos", overlapping.size()}, {"kept", keep}};
  const std::string what =
      fmt::format("{}: {} of no official list {} footage with one that is in a list", options.input,
                  Counted(overlapping.size(), "video"), overlapping.size() == 1 ? "shares" : "share");
  SayWarning(Printable(keep
                           ? what + "; --official-overlap keep: the splits leak, as in the published protocol"
                           : what + "; left out (--official-overlap keep takes them, and leaks)"));
  return overlapping;
}

void TellSome(const std::vector<std::string>& lines) {
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < lines.size() && i < kShown; ++i) SayWarning(Printable(lines[i]));
  if (lines.size() > kShown) SayWarning(fmt::format("and {} more", lines.size() - kShown));
}

// Tells of every leak; an Error unless they are allowed. `kept` videos may leak: the user has asked for it.
void CheckLeaks(const PlanOptions& options, const std::set<std::string>& kept, DatasetPlan* plan) {
  std::vector<Video> others;
  std::copy_if(plan->videos.begin(), plan->videos.end(), std::back_inserter(others),
               [&](const Video& video) { return kept.count(video.id) == 0; });
  const std::vector<std::string> crossing = FindLeaks(others);
  TellSome(crossing);
  if (!crossing.empty() && !options.allow_leak) {
    throw Error(
        options.input, "the splits leak in " + Counted(crossing.size(), "place"),
        "put what belongs together into one split; or --allow-leak, and no number from it is worth anything");
  }
  plan->facts["leaks"] = !crossing.empty() || !FindLeaks(plan->videos).empty();
}

// People cross the splits of some datasets whatever one does: that is told, and no leak.
void TellSharedPeople(const PlanOptions& options, DatasetPlan* plan) {
  const std::vector<std::string> people = FindSharedPeople(plan->videos);
  if (people.empty()) return;
  const std::string count = people.size() == 1 ? "1 person is" : fmt::format("{} people are", people.size());
  SayWarning(Printable(fmt::format("{}: {} in more than one split, since footage divides this dataset: {}",
                                   options.input, count, people.front())));
  plan->facts["people_in_two_splits"] = people.size();
}

// A fake and the one real video of its footage.
void LinkReals(std::vector<Video>* videos) {
  std::map<std::string, std::vector<std::string>> reals;
  for (const Video& video : *videos) {
    if (video.label == REAL && !video.footage.empty()) reals[video.footage].push_back(video.id);
  }
  for (Video& video : *videos) {
    const auto found = reals.find(video.footage);
    if (video.label == FAKE && found != reals.end() && found->second.size() == 1)
      video.real = found->second.front();
  }
}

}  // namespace

void PlanOptions::Register(Options* options) {
  options->Add("input", &input, "folder of the dataset, or its CSV table");
  layout.Register(options);
  split.Register(options);
  options->Add("official-overlap", &official_overlap,
               "videos of no official list that share footage with one of a list: left out, or kept, which "
               "marks the dataset as leaking",
               {"exclude", "keep"});
  options->Add("allow-leak", &allow_leak,
               "go on although splits share footage; the dataset says so from then on");
}

void PlanOptions::Check() const {
  if (input.empty()) throw UsageError("--input", "is missing", "name the folder of the dataset");
}

DatasetPlan MakePlan(const PlanOptions& options) {
  const DatasetLayout& layout = ChooseLayout(options.layout, options.input);
  LayoutOptions listed = options.layout;
  listed.by_content = LooksLikeMedia;
  Listing listing = ListDataset(layout, listed, options.input);
  for (const std::string& note : listing.notes) Say(Printable(note));
  for (const std::string& warning : listing.warnings) SayWarning(Printable(warning));
  DatasetPlan plan;
  plan.layout = layout.name;
  plan.videos = std::move(listing.videos);
  plan.facts = {{"layout", layout.name}, {"notes", listing.notes}, {"warnings", listing.warnings}};
  TellSome(AddContentKeys(&plan.videos));
  AssignGroups(&plan.videos);
  LinkReals(&plan.videos);
  const std::set<std::string> overlapping = HandleOverlap(options, &plan);
  AssignSplits(options.split, listing.open_splits, &plan.videos);
  CheckLeaks(options, overlapping, &plan);
  TellSharedPeople(options, &plan);
  return plan;
}

}  // namespace seam

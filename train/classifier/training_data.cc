#include "train/classifier/training_data.h"

#include <cmath>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/comma_list.h"
#include "base/error.h"
#include "base/numbers.h"
#include "base/progress.h"
#include "proto/crop_spec.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr double kGreatestWeight = 1000;

double ReadWeight(const std::string& text) {
  const auto weight = ParseNumber<double>(text);
  if (!weight || !(*weight > 0 && *weight <= kGreatestWeight)) {
    throw UsageError("--data-weights",
                     fmt::format("'{}' is not a number above 0 and up to {}", text, kGreatestWeight),
                     "give one for each folder of --data: 1,2 shows the second's clips twice as often");
  }
  return *weight;
}

std::size_t CountFakes(const ClipDataset& dataset) {
  std::size_t fakes = 0;
  for (std::size_t i = 0; i < dataset.size(); ++i) fakes += static_cast<std::size_t>(dataset.label(i));
  return fakes;
}

// As the authors of self-blended images choose their epoch: what it measures is how well these are seen.
void BlendValidation(ClipDataset* val) {
  CheckBlendable(*val);
  val->AddSelfBlended();
  SayWarning(
      fmt::format("{}: val has no fakes, so it is measured on self-blended ones, which says little about "
                  "others",
                  val->folder().string()));
}

// An Error when a class is missing, which leaves nothing to learn, or no AUC to measure.
void CheckClasses(const ClipDataset& dataset) {
  const std::size_t fakes = CountFakes(dataset);
  if (fakes > 0 && fakes < dataset.size()) return;
  throw Error(dataset.folder().string(),
              fmt::format("all {} clips of the split '{}' are {}", dataset.size(), dataset.split(),
                          fakes == 0 ? "real" : "fake"),
              "train and val both need real and fake clips; check the labels in manifest.jsonl");
}

void CheckFits(const ClipDataset& train, const ClipDataset& val) {
  if (SameCrop(train.crop(), val.crop()) && train.frames() == val.frames()) return;
  throw Error(train.folder().string(),
              fmt::format("train has clips of {} frames, cut out with {}, but val of {}, cut out with {}",
                          train.frames(), CropSpecJson(train.crop()), val.frames(), CropSpecJson(val.crop())),
              "extract the whole set with the same options");
}

// An Error, or a warning for those who want it so.
void Leak(bool allowed, const std::string& subject, const std::string& what, const std::string& hint) {
  if (!allowed) throw Error(subject, what, hint + ", or accept numbers that mean little with --allow-leak");
  SayWarning(fmt::format("{}: {}; the metrics on val mean little", subject, what));
}

void CheckMark(const fs::path& folder, bool allowed) {
  if (!IsMarkedLeaking(folder)) return;
  Leak(allowed, folder.string(), "is marked as leaking: its splits share footage or people",
       "extract it without --allow-leak and --official-overlap keep");
}

void CheckGroups(const ClipDataset& train, const ClipDataset& val, bool allowed) {
  const std::string group = SharedGroup(train, val);
  if (group.empty()) return;
  Leak(allowed, train.folder().string(), fmt::format("the group '{}' stands in train and in val", group),
       "extract the dataset again");
}

void CheckPictures(const ClipDataset& train, const ClipDataset& val, bool allowed) {
  const auto shared = FindSharedPictures(train, val);
  if (shared.count == 0) return;
  Leak(allowed, val.Where(shared.in_b),
       fmt::format("a picture of {} stands in train, too, in {}; so do {} clips of val in all",
                   val.video(shared.in_b), train.video(shared.in_a), shared.count),
       "remove the copies and extract the dataset again");
}

}  // namespace

void DataOptions::Register(Options* options) {
  options->Add("data", &folders,
               "folder with the shards of train and val, as `seam extract` writes it; several: DIR,DIR");
  options->Add("data-weights", &weights,
               "how often the clips of each folder are shown, say 1,2; empty: alike");
  options->Add("strict-data", &strict,
               "stop at damaged records and pictures, instead of leaving them out with a warning");
  options->Add("allow-leak", &allow_leak, "train although train and val share footage, people or pictures");
}

std::vector<DataFolder> DataOptions::Folders() const {
  if (folders.empty()) throw UsageError("--data", "missing", "name the folder that `seam extract` wrote");
  std::error_code ignored;
  std::vector<DataFolder> all;
  std::set<fs::path> seen;
  for (const auto& path : SplitPaths(folders)) {
    if (path.empty())
      throw UsageError("--data", fmt::format("'{}' names an empty folder", folders), "DIR,DIR");
    if (!seen.insert(fs::weakly_canonical(fs::absolute(path), ignored)).second) {
      throw UsageError("--data", fmt::format("names {} twice", path), "--data-weights shows it more often");
    }
    all.push_back({path});
  }
  if (weights.empty()) return all;
  const auto given = SplitAtCommas(weights);
  if (given.size() != all.size()) {
    throw UsageError("--data-weights",
                     fmt::format("{} weights for {} folders of --data", given.size(), all.size()),
                     "give one for each folder; a run that goes on has the weights it was made with");
  }
  for (std::size_t i = 0; i < all.size(); ++i) all[i].weight = ReadWeight(given[i]);
  return all;
}

std::unique_ptr<ClipDataset> OpenTrainSplit(const DataOptions& options, const FakesOptions& fakes) {
  auto train = std::make_unique<ClipDataset>(options.Folders(), "train",
                                             options.strict ? ClipDataset::kStrict : ClipDataset::kLenient);
  if (fakes.Blends()) CheckBlendable(*train);
  return train;
}

TrainingData OpenTrainingData(const DataOptions& options, const FakesOptions& fakes) {
  const auto folders = options.Folders();
  for (const auto& folder : folders) CheckMark(folder.path, options.allow_leak);
  TrainingData data;
  data.train = OpenTrainSplit(options, fakes);
  data.val = std::make_unique<ClipDataset>(folders, "val",
                                           options.strict ? ClipDataset::kStrict : ClipDataset::kLenient);
  CheckFits(*data.train, *data.val);
  CheckGroups(*data.train, *data.val, options.allow_leak);
  CheckPictures(*data.train, *data.val, options.allow_leak);
  if (fakes.fakes == "sbi") {
    if (CountFakes(*data.val) == 0) BlendValidation(data.val.get());
  } else {
    CheckClasses(*data.train);
  }
  CheckClasses(*data.val);
  return data;
}

}  // namespace seam

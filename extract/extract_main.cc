#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "extract/dataset/dataset_counts.h"
#include "extract/dataset/dataset_plan.h"
#include "extract/dataset/dataset_writer.h"
#include "extract/dataset/dry_run.h"
#include "extract/dataset/export.h"
#include "extract/dataset/merge.h"
#include "extract/dataset/store_videos.h"
#include "extract/faces/extract_faces.h"
#include "extract/faces/process_threads.h"
#include "extract/media/decoder_pool.h"

namespace seam {
namespace {

struct Settings {
  PlanOptions plan;
  ExtractOptions extract;
  DatasetWriterOptions writer;
  StoreOptions store;
  bool dry_run = false, json = false;

  void Register(Options* options) {
    plan.Register(options);
    extract.Register(options);
    writer.Register(options);
    store.Register(options);
    options->Add("dry-run", &dry_run, "print what would be extracted, its size and its time; write nothing");
    options->Add("json", &json, "print dataset.json instead of the table of counts");
  }

  void Check() const {
    plan.Check();
    extract.Check();
    if (!dry_run) writer.folder.Check();
    writer.Check();
  }
};

// What the clips depend on: every option but those of this one run.
nlohmann::json LastingOptions(const Options& options) {
  nlohmann::json lasting = options.ToJson();
  for (const char* name : {"jobs", "resume", "overwrite", "json", "output", "shard", "dry-run", "isolation"})
    lasting.erase(name);
  return lasting;
}

// The final word on a dataset, which it returns the rows of.
std::vector<ManifestRow> PrintDataset(const std::filesystem::path& description, bool json) {
  const std::filesystem::path folder = description.parent_path();
  std::vector<ManifestRow> rows = ReadManifest(folder / "manifest.jsonl");
  if (json) {
    fmt::print("{}", ReadFile(description));
  } else {
    fmt::print("{}{}: {}\n", CountsTable(CountRows(rows)), description.stem().string(), folder.string());
  }
  return rows;
}

// A dataset whose videos of one class all failed trains nothing: that is an error, not a row in a table.
void CheckClasses(const std::string& output, const std::vector<ManifestRow>& rows) {
  struct Count {
    std::size_t videos = 0;
    std::int64_t clips = 0;
    const ManifestRow* first = nullptr;
  };
  std::map<std::string, Count> labels;
  for (const ManifestRow& row : rows) {
    if (row.status == Status::kOfficialOverlap) continue;
    Count& count = labels[row.label];
    if (count.videos++ == 0) count.first = &row;
    count.clips += static_cast<std::int64_t>(row.clips);
  }
  const bool any =
      std::any_of(labels.begin(), labels.end(), [](const auto& label) { return label.second.clips > 0; });
  for (const auto& [label, count] : labels) {
    if (!any || count.clips > 0) continue;
    throw Error(output,
                fmt::format("holds no {0}: none of the {1} {0} videos gave a clip, such as {2} ({3})", label,
                            count.videos, count.first->video, GetName(count.first->status)),
                "manifest.jsonl has the reason of each; what was cut out is kept");
  }
}

int ExitStatus(const std::vector<ManifestRow>& rows) {
  const bool failed =
      std::any_of(rows.begin(), rows.end(), [](const ManifestRow& row) { return IsFailure(row.status); });
  return failed ? kExitSomeFailed : kExitGood;
}

int Extract(const std::vector<std::string>& arguments) {
  Options options("seam extract",
                  "--input DIR --output DIR [options]\n       seam extract merge PART... --output DIR"
                  "\n       seam extract export SHARDS --format FORMAT --output DIR",
                  "cut the faces out of a dataset of videos, as labelled shards",
                  "seam extract --dataset folder --input videos --output shards --frames 32");
  Settings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check();
  SampleOptions::CheckTogether(options);
  settings.extract.cancel = settings.writer.folder.cancel = InterruptToken();
  const ProcessThreads threads(settings.extract.jobs);
  const std::string warning = IsolationWarning(settings.extract.media);
  if (!warning.empty()) SayWarning(warning);

  const DatasetPlan plan = MakePlan(settings.plan);
  if (settings.dry_run) {
    PrintDryRun(plan, settings.extract, settings.writer, settings.json);
    return kExitGood;
  }
  DatasetWriter writer(settings.writer, settings.extract.Spec(), LastingOptions(options), plan.videos);
  if (writer.complete()) {
    Say(settings.writer.folder.output + ": is complete, nothing is left to do");
    PrintDataset(writer.description(), settings.json);
    return kExitGood;
  }
  if (!StoreMissing(settings.store, settings.extract, plan.videos, writer)) {
    throw Error(settings.writer.folder.output, "stopped; what is done is kept",
                "the same command with --resume goes on");
  }
  nlohmann::json facts = plan.facts;
  if (settings.store.balance) facts["balance"] = BalanceJson(ReadBalance(plan.videos));
  writer.Assemble(facts);
  const std::vector<ManifestRow> rows = PrintDataset(writer.description(), settings.json);
  if (settings.store.boxes == "from-real") TellOwnBoxes(rows);
  if (writer.description().stem() == "dataset") CheckClasses(settings.writer.folder.output, rows);
  return ExitStatus(rows);
}

int Merge(const std::vector<std::string>& arguments) {
  Options options("seam extract merge", "PART... --output DIR [options]",
                  "join the parts that --shard I/N made into the dataset of a single run",
                  "seam extract merge parts/* --output shards");
  std::vector<std::string> folders;
  DatasetFolderOptions folder;
  bool json = false;
  options.AddPositional("part", &folders);
  folder.Register(&options);
  options.Add("json", &json, "print dataset.json instead of the table of counts");
  if (!options.Parse(arguments)) return kExitGood;
  folder.Check();
  folder.cancel = InterruptToken();
  PartMerger({folders.begin(), folders.end()}).Write(folder);
  CheckClasses(folder.output, PrintDataset(std::filesystem::path(folder.output) / "dataset.json", json));
  return kExitGood;
}

int Export(const std::vector<std::string>& arguments) {
  Options options("seam extract export", "SHARDS --output DIR [options]",
                  "write a dataset anew for other programs", "seam extract export shards --output tars");
  std::vector<std::string> folders;
  ExportOptions settings;
  options.AddPositional("shards", &folders);
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  if (folders.size() != 1) throw UsageError("seam extract export", "takes one folder of shards");
  settings.Check();
  settings.cancel = InterruptToken();
  const ExportCount count = ExportDataset(folders[0], settings);
  fmt::print("{} clips in {} files: {}\n", count.clips, count.files, settings.output);
  if (settings.Format() == ExportFormat::kFrames) {
    Say(fmt::format("add to label_dict of the benchmark: {0}_Real: 0, {0}_Fake: 1", settings.name));
  }
  return kExitGood;
}

int Run(const std::vector<std::string>& arguments) {
  const std::string first = arguments.empty() ? "" : arguments[0];
  if (first == "merge") return Merge({arguments.begin() + 1, arguments.end()});
  if (first == "export") return Export({arguments.begin() + 1, arguments.end()});
  return Extract(arguments);
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }

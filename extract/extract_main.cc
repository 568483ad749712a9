#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "extract/dataset_counts.h"
#include "extract/dataset_plan.h"
#include "extract/dataset_writer.h"
#include "extract/dry_run.h"
#include "extract/extract_faces.h"
#include "extract/merge.h"

namespace seam {
namespace {

struct Settings {
  PlanOptions plan;
  ExtractOptions extract;
  DatasetWriterOptions writer;
  bool dry_run = false, json = false;

  void Register(Options* options) {
    plan.Register(options);
    extract.Register(options);
    writer.Register(options);
    options->Add("dry-run", &dry_run, "print what would be extracted, its size and its time; write nothing");
    options->Add("json", &json, "print dataset.json in place of the table of counts");
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
  for (const char* name : {"jobs", "resume", "overwrite", "json", "output", "shard", "dry-run"})
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

// A video that the plan leaves out has its row all the same.
void StoreLeftOut(const Video& video, ClipSink* sink) {
  VideoSummary summary;
  summary.status = video.status;
  summary.reason = video.reason;
  sink->Finish(summary);
}

// With the frames looked at each second and the failures so far.
class VideoProgress {
 public:
  explicit VideoProgress(std::int64_t videos) : progress_("extract", videos, "videos") {}

  void Advance(const VideoSummary& summary) {
    frames_ += summary.frames;
    failed_ += IsFailure(summary.status) ? 1 : 0;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    const double rate = static_cast<double>(frames_) / std::max(passed.count(), 1e-3);
    progress_.Advance(1, fmt::format("{:.0f} frames/s, {} failed", rate, failed_));
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::int64_t frames_ = 0, failed_ = 0;
  Progress progress_;
};

// The clips of all videos that are not stored yet; false when the user interrupted.
bool StoreMissing(const Settings& settings, const std::vector<Video>& videos, const DatasetWriter& writer) {
  const std::vector<std::size_t> missing = writer.Missing();
  if (missing.size() < writer.size())
    Say(fmt::format("{} of {} videos are done already", writer.size() - missing.size(), writer.size()));
  std::vector<std::size_t> wanted;
  std::vector<VideoTask> paths;
  for (const std::size_t index : missing) {
    if (!videos[index].status.empty()) {
      StoreLeftOut(videos[index], writer.MakeSink(index).get());
      continue;
    }
    wanted.push_back(index);
    paths.push_back({videos[index].path});
  }
  VideoProgress progress(static_cast<std::int64_t>(wanted.size()));
  return ExtractFaces(
      paths, settings.extract, [&](std::size_t i) { return writer.MakeSink(wanted[i]); },
      [&](std::size_t i, const VideoSummary& summary, std::unique_ptr<ClipSink>) {
        if (IsFailure(summary.status)) {
          SayError(Error(paths[i].path.string(), summary.reason, summary.hint));
        }
        progress.Advance(summary);
      });
}

int ExitStatus(const std::vector<ManifestRow>& rows) {
  const bool failed =
      std::any_of(rows.begin(), rows.end(), [](const ManifestRow& row) { return IsFailure(row.status); });
  return failed ? kExitSomeFailed : kExitGood;
}

int Extract(const std::vector<std::string>& arguments) {
  Options options("seam extract",
                  "--input DIR --output DIR [options]\n       seam extract merge PART... --output DIR",
                  "cut the faces out of a dataset of videos, as labelled shards",
                  "seam extract --dataset folder --input videos --output shards --frames 32");
  Settings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check();
  SampleOptions::CheckTogether(options);

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
  if (!StoreMissing(settings, plan.videos, writer)) {
    throw Error(settings.writer.folder.output, "stopped; what is done is kept",
                "the same command with --resume goes on");
  }
  writer.Assemble(plan.facts);
  return ExitStatus(PrintDataset(writer.description(), settings.json));
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
  options.Add("json", &json, "print dataset.json in place of the table of counts");
  if (!options.Parse(arguments)) return kExitGood;
  folder.Check();
  PartMerger({folders.begin(), folders.end()}).Write(folder);
  PrintDataset(std::filesystem::path(folder.output) / "dataset.json", json);
  return kExitGood;
}

int Run(const std::vector<std::string>& arguments) {
  const bool merge = !arguments.empty() && arguments[0] == "merge";
  return merge ? Merge({arguments.begin() + 1, arguments.end()}) : Extract(arguments);
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Run); }

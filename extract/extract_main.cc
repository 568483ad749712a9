#include <algorithm>
#include <cstdio>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "extract/dataset_plan.h"
#include "extract/dataset_writer.h"
#include "extract/extract_faces.h"

namespace seam {
namespace {

struct Settings {
  PlanOptions plan;
  ExtractOptions extract;
  DatasetWriterOptions writer;
  bool json = false;

  void Register(Options* options) {
    plan.Register(options);
    extract.Register(options);
    writer.Register(options);
    options->Add("json", &json, "print the counts as JSON");
  }

  void Check() const {
    plan.Check();
    extract.Check();
    writer.Check();
  }
};

// What the clips depend on: every option but those of this one run.
nlohmann::json LastingOptions(const Options& options) {
  nlohmann::json lasting = options.ToJson();
  for (const char* name : {"jobs", "resume", "overwrite", "json", "output"}) lasting.erase(name);
  return lasting;
}

void PrintCounts(const std::vector<ManifestRow>& rows, const std::string& output) {
  struct Cell {
    int videos = 0, ok = 0, no_face = 0, failed = 0;
    std::int64_t clips = 0;
  };
  std::map<std::pair<std::string, std::string>, Cell> cells;
  for (const ManifestRow& row : rows) {
    Cell& cell = cells[{row.split, row.label}];
    ++cell.videos;
    ++(row.status == "ok" ? cell.ok : row.status == "no_face" ? cell.no_face : cell.failed);
    cell.clips += row.clips;
  }
  fmt::print("{:<7} {:<6} {:>8} {:>8} {:>8} {:>8} {:>9}\n", "split", "label", "videos", "ok", "no_face",
             "failed", "clips");
  for (const auto& [key, cell] : cells) {
    fmt::print("{:<7} {:<6} {:>8} {:>8} {:>8} {:>8} {:>9}\n", key.first, key.second, cell.videos, cell.ok,
               cell.no_face, cell.failed, cell.clips);
  }
  fmt::print("dataset: {}\n", output);
}

// A video that the plan leaves out has its row all the same.
void StoreLeftOut(const Video& video, CropSink* sink) {
  VideoSummary summary;
  summary.status = video.status;
  summary.reason = video.reason;
  sink->Finish(summary);
}

// The clips of all videos that are not stored yet; false when the user interrupted.
bool StoreMissing(const Settings& settings, const std::vector<Video>& videos, const DatasetWriter& writer) {
  const std::vector<std::size_t> missing = writer.Missing();
  if (missing.size() < videos.size())
    Say(fmt::format("{} of {} videos are done already", videos.size() - missing.size(), videos.size()));
  std::vector<std::size_t> wanted;
  std::vector<std::filesystem::path> paths;
  for (const std::size_t index : missing) {
    if (!videos[index].status.empty()) {
      StoreLeftOut(videos[index], writer.MakeSink(index).get());
      continue;
    }
    wanted.push_back(index);
    paths.push_back(videos[index].path);
  }
  Progress progress("extract", static_cast<std::int64_t>(wanted.size()), "videos");
  return ExtractFaces(
      paths, settings.extract, [&](std::size_t i) { return writer.MakeSink(wanted[i]); },
      [&](std::size_t i, const VideoSummary& summary, std::unique_ptr<CropSink>) {
        if (IsFailure(summary.status)) {
          SayError(Error(paths[i].string(), summary.reason, summary.hint));
        }
        progress.Advance();
      });
}

int ExitStatus(const std::vector<ManifestRow>& rows) {
  const bool failed =
      std::any_of(rows.begin(), rows.end(), [](const ManifestRow& row) { return IsFailure(row.status); });
  return failed ? kExitSomeFailed : kExitGood;
}

int Extract(const std::vector<std::string>& arguments) {
  Options options("seam extract", "--input DIR --output DIR [options]",
                  "cut the faces out of a dataset of videos, as labelled shards",
                  "seam extract --dataset folder --input videos --output shards --frames 32");
  Settings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check();

  const DatasetPlan plan = MakePlan(settings.plan);
  DatasetWriter writer(settings.writer, settings.extract.Spec(), LastingOptions(options), plan.videos);
  if (!StoreMissing(settings, plan.videos, writer)) {
    throw Error(settings.writer.output, "stopped; what is done is kept",
                "the same command with --resume goes on");
  }
  const std::vector<ManifestRow> rows = writer.Assemble(plan.facts);
  if (settings.json) {
    fmt::print("{}", ReadFile(std::filesystem::path(settings.writer.output) / "dataset.json"));
  } else {
    PrintCounts(rows, settings.writer.output);
  }
  return ExitStatus(rows);
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Extract); }

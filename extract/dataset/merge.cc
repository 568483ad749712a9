#include "extract/dataset/merge.h"

#include <algorithm>
#include <map>
#include <memory>
#include <system_error>
#include <tuple>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "extract/dataset/dataset_counts.h"
#include "proto/shard.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr char kAgain[] = "extract the part again, or copy it again";

// The clips of one split of a part, from the first to the last.
class ClipStream {
 public:
  ClipStream(const fs::path& folder, const std::string& split)
      : folder_(folder), shards_(FindShards(folder, split)) {}

  // The next one, which must be of `video`.
  Clip Next(const std::string& video) {
    while (reader_ == nullptr || at_ == reader_->size()) {
      if (next_shard_ == shards_.size()) throw DoesNotFit(video);
      reader_ = std::make_unique<ShardReader>(shards_[next_shard_++]);
      at_ = 0;
    }
    constexpr std::size_t kReadAtOnce = 64;
    if (at_ % kReadAtOnce == 0) reader_->DropPages();
    Clip clip = reader_->Read(at_++);
    if (clip.video() != video) throw DoesNotFit(video);
    return clip;
  }

  void CheckEnded() const {
    const bool ended = next_shard_ == shards_.size() && (reader_ == nullptr || at_ == reader_->size());
    if (!ended)
      throw Error(folder_.string(), "its shards hold clips that its manifest does not know", kAgain);
  }

 private:
  Error DoesNotFit(const std::string& video) const {
    return Error(folder_.string(),
                 fmt::format("its shards lack clips of '{}' that its manifest counts", video), kAgain);
  }

  fs::path folder_;
  std::vector<fs::path> shards_;
  std::unique_ptr<ShardReader> reader_;
  std::size_t next_shard_ = 0, at_ = 0;
};

// What all parts of an extraction have in common.
nlohmann::json CommonPart(nlohmann::json description) {
  description.erase("part");
  description.erase("counts");
  description.erase("sha256");
  return description;
}

// The first thing that two descriptions say differently, in words.
std::string Difference(const nlohmann::json& a, const nlohmann::json& b, const std::string& name = "") {
  if (!a.is_object() || !b.is_object()) {
    const auto shown = [](const nlohmann::json& value) {
      return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    };
    return fmt::format("{} is {} there and {} here", name, shown(a), shown(b));
  }
  for (const auto& [key, value] : a.items()) {
    const auto other = b.value(key, nlohmann::json());
    if (key != "plan" && value != other) return Difference(value, other, key);
  }
  return "the videos or their splits are not the same";
}

}  // namespace

PartMerger::PartMerger(std::vector<fs::path> folders) {
  if (folders.empty()) {
    throw UsageError("seam extract merge", "no part is named", "name the folders that --shard I/N wrote");
  }
  for (const fs::path& folder : folders) parts_.push_back(Load(folder));
  CheckSameExtraction();
  CheckEachOnce();
}

PartMerger::LoadedPart PartMerger::Load(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) throw Error(folder.string(), "is not a folder", "check the path");
  if (DatasetFolder::IsUnfinished(folder)) {
    throw Error(folder.string(), "its extraction has not ended", "run it again with --resume");
  }
  LoadedPart part;
  part.folder = folder;
  part.description = DatasetFolder::Describe(folder / "part.json");
  const nlohmann::json place = part.description.value("part", nlohmann::json());
  const auto number = [&](const char* name) -> std::size_t {
    const bool known = place.is_object() && place.contains(name) && place[name].is_number_unsigned();
    return known ? place[name].get<std::size_t>() : 0;
  };
  part.index = number("index");
  part.count = number("count");
  if (part.index < 1 || part.index > part.count ||
      !part.description.value("plan", nlohmann::json()).is_string()) {
    throw Error(folder.string(), "is not a part of an extraction", "parts are what --shard I/N writes");
  }
  part.rows = ReadManifest(folder / "manifest.jsonl");
  if (nlohmann::json(CountsJson(CountRows(part.rows))) !=
      part.description.value("counts", nlohmann::json())) {
    throw Error(folder.string(), "its manifest is not the one that part.json counts", kAgain);
  }
  return part;
}

void PartMerger::CheckSameExtraction() const {
  const LoadedPart& first = parts_.front();
  for (const LoadedPart& part : parts_) {
    if (part.count != first.count) {
      throw Error(part.folder.string(),
                  fmt::format("is part {} of {}, but {} is one of {}", part.index, part.count,
                              first.folder.string(), first.count),
                  "merge the parts of one extraction");
    }
    const auto there = CommonPart(first.description), here = CommonPart(part.description);
    if (there == here) continue;
    throw Error(
        part.folder.string(),
        fmt::format("is of another extraction than {}: {}", first.folder.string(), Difference(there, here)),
        "extract every part with the same options from the same videos");
  }
}

void PartMerger::CheckEachOnce() const {
  const std::size_t count = parts_.front().count;
  std::map<std::size_t, const LoadedPart*> given;
  for (const LoadedPart& part : parts_) {
    const auto [place, is_new] = given.emplace(part.index, &part);
    if (is_new) continue;
    throw Error(
        part.folder.string(),
        fmt::format("is part {} of {}, and so is {}", part.index, count, place->second->folder.string()),
        "name each part once");
  }
  std::vector<std::size_t> missing;
  for (std::size_t i = 1; i <= count; ++i) {
    if (given.count(i) == 0) missing.push_back(i);
  }
  if (missing.empty()) return;
  throw Error("seam extract merge",
              fmt::format("of {} parts {} {} missing: {}", count, missing.size(),
                          missing.size() == 1 ? "is" : "are", fmt::join(missing, ", ")),
              "extract them, or name their folders, too");
}

// A run's videos are in order of their ids.
std::vector<PartMerger::PartRow> PartMerger::InOrder() const {
  std::vector<PartRow> order;
  for (const LoadedPart& part : parts_) {
    for (const ManifestRow& row : part.rows) order.push_back({&part, &row});
  }
  std::sort(order.begin(), order.end(),
            [](const PartRow& a, const PartRow& b) { return a.row->video < b.row->video; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (order[i].row->video != order[i - 1].row->video) continue;
    throw Error(order[i].part->folder.string(),
                fmt::format("holds the video '{}', and so does {}", order[i].row->video,
                            order[i - 1].part->folder.string()),
                kAgain);
  }
  return order;
}

void PartMerger::Write(const DatasetFolderOptions& options) const {
  std::error_code ignored;
  for (const LoadedPart& part : parts_) {
    if (!fs::equivalent(part.folder, options.output, ignored)) continue;
    throw UsageError("--output", "is one of the parts", "name another folder");
  }
  const nlohmann::json& common = parts_.front().description;
  const auto megabytes = common.value("/options/shard-mb"_json_pointer, nlohmann::json());
  if (!megabytes.is_number_unsigned())
    throw Error(parts_.front().folder.string(), "part.json lacks the options of the run", kAgain);
  const std::vector<PartRow> order = InOrder();
  std::vector<ManifestRow> rows;
  for (const PartRow& entry : order) rows.push_back(*entry.row);

  DatasetFolder::Job job;
  job.plan = common.at("plan").get<std::string>();
  job.digest = Sha256Of("merge " + job.plan);
  DatasetFolder folder(options, job);
  if (folder.complete()) {
    Say(options.output + ": is complete, nothing is left to do");
    return;
  }
  if (std::none_of(rows.begin(), rows.end(), [](const ManifestRow& row) { return row.clips > 0; })) {
    folder.Abandon();
    throw Error(options.output, "no part has a face: no dataset was written",
                "more --frames or a larger --detect-size find small and rare faces");
  }
  std::map<std::pair<const LoadedPart*, std::string>, ClipStream> streams;
  const auto give = [&](std::size_t i, const DatasetFolder::TakeClip& take) {
    const auto& [part, row] = order[i];
    for (int k = 0; k < row->clips; ++k) {
      take(streams.try_emplace({part, row->split}, part->folder, row->split).first->second.Next(row->video));
    }
    if (i + 1 < order.size()) return;
    for (const auto& [key, stream] : streams) stream.CheckEnded();
  };
  folder.Publish(rows, megabytes.get<std::uint64_t>() << 20, give, CommonPart(common));
}

}  // namespace seam

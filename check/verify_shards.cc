#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "check/verify.h"
#include "extract/dataset/dataset_folder.h"
#include "labels/manifest.h"
#include "proto/shard.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// The clips of each video, as the shards hold them.
struct ShardCount {
  std::map<std::string, std::int64_t> clips;
  std::int64_t shards = 0, records = 0;
};

void ReadShard(const fs::path& path, ShardCount* count, VerifyResult* result) {
  const std::string name = path.filename().string();
  ++count->shards;
  try {
    const ShardReader reader(path, ShardReader::kTolerate);
    for (std::size_t i = 0; i < reader.size(); ++i) {
      std::string problem;
      const auto clip = reader.TryRead(i, &problem);
      if (!clip) {
        result->Add(FindingKind::kDamaged, name, problem);
        continue;
      }
      ++count->records;
      ++count->clips[clip->video()];
      if (i % 256 == 0) reader.DropPages();
    }
    if (!reader.broken().empty()) result->Add(FindingKind::kDamaged, name, reader.broken());
  } catch (const Error& error) {
    result->Add(FindingKind::kDamaged, name, error.what());
  }
}

// A numbered set tells how many shards it has.
std::vector<fs::path> ShardsIn(const fs::path& folder, VerifyResult* result) {
  static const std::regex pattern("((?:train|val|test)-)([0-9]{5})(-of-([0-9]{5})\\.tfrecord)");
  std::map<std::string, std::set<fs::path>> sets;  // by what is equal in the names of a set
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::smatch match;
    const std::string name = entry.path().filename().string();
    if (std::regex_match(name, match, pattern)) sets[match[1].str() + match[3].str()].insert(entry.path());
  }
  std::vector<fs::path> shards;
  std::set<std::string> splits;
  for (const auto& [set, files] : sets) {
    const std::string split = set.substr(0, set.find('-') + 1), ending = set.substr(split.size());
    if (!splits.insert(split).second)
      result->Add(FindingKind::kExtra, "*" + ending,
                  "a second set of shards of " + split.substr(0, split.size() - 1));
    const int count = std::stoi(ending.substr(4, 5));
    for (int i = 0; i < count; ++i) {
      const std::string name = fmt::format("{}{:05}{}", split, i, ending);
      if (files.count(folder / name) == 0)
        result->Add(FindingKind::kMissing, name, fmt::format("one of {} shards", count));
    }
    shards.insert(shards.end(), files.begin(), files.end());
  }
  return shards;
}

// The digests that the dataset was published with. Older ones have none.
void CheckDigests(const fs::path& folder, const nlohmann::json& description, VerifyResult* result) {
  const auto found = description.find("sha256");
  if (found == description.end() || !found->is_object()) {
    result->notes.emplace_back("its description has no digests; checksums of the records were checked alone");
    return;
  }
  std::size_t good = 0;
  for (const auto& [name, digest] : found->items()) {
    std::error_code ignored;
    if (!fs::is_regular_file(folder / name, ignored)) {
      const bool told =
          std::any_of(result->findings.begin(), result->findings.end(), [&](const Finding& each) {
            return each.kind == FindingKind::kMissing && each.file == name;  // one of a numbered set
          });
      if (!told) result->Add(FindingKind::kMissing, name, "the description names it");
      continue;
    }
    if (digest == Sha256OfFile(folder / name)) {
      ++good;
    } else {
      result->Add(FindingKind::kDamaged, name, "another SHA-256 than when the dataset was made");
    }
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    static const std::set<std::string> known = {"dataset.json", "part.json", "SHA256SUMS", "sha256sums.txt"};
    if (!found->contains(name) && known.count(name) == 0 && entry.path().extension() != ".sha256")
      result->Add(FindingKind::kExtra, name, "the description does not name it");
  }
  result->there.push_back(fmt::format("{} files with the SHA-256 of the description", good));
}

void CompareManifest(const std::vector<ManifestRow>& rows, const ShardCount& count, VerifyResult* result) {
  std::set<std::string> known;
  std::int64_t videos = 0;
  for (const ManifestRow& row : rows) {
    known.insert(row.video);
    const auto found = count.clips.find(row.video);
    const std::int64_t clips = found == count.clips.end() ? 0 : found->second;
    if (clips == row.clips) {
      ++videos;
    } else {
      result->Add(clips < row.clips ? FindingKind::kMissing : FindingKind::kExtra, row.video,
                  fmt::format("the manifest says {} clips, the shards hold {}", row.clips, clips));
    }
  }
  for (const auto& [video, clips] : count.clips) {
    if (known.count(video) == 0)
      result->Add(FindingKind::kExtra, video,
                  fmt::format("{} clips of a video that the manifest does not know", clips));
  }
  result->there.push_back(
      fmt::format("{} of {} videos with the clips that the manifest says", videos, rows.size()));
}

}  // namespace

VerifyResult VerifyShards(const fs::path& folder) {
  VerifyResult result{folder.string(), "dataset of shards", {}, {}, {}};
  if (DatasetFolder::IsUnfinished(folder)) {
    result.Add(FindingKind::kMissing, "dataset.json",
               "the extraction has not ended; the same command with --resume goes on");
    return result;
  }
  std::error_code ignored;
  const bool part = fs::exists(folder / "part.json", ignored);
  const fs::path description_file = folder / (part ? "part.json" : "dataset.json");
  const nlohmann::json description = DatasetFolder::Describe(description_file);
  if (!fs::exists(description_file, ignored)) {
    result.Add(FindingKind::kMissing, "dataset.json");
  } else if (description.empty()) {
    result.Add(FindingKind::kDamaged, description_file.filename().string(), "is no JSON object");
  }
  ShardCount count;
  const std::vector<fs::path> shards = ShardsIn(folder, &result);
  {
    Progress progress("verify", static_cast<std::int64_t>(shards.size()), "shards", std::chrono::seconds(3));
    for (const fs::path& shard : shards) {
      ReadShard(shard, &count, &result);
      progress.Advance();
    }
  }
  result.there.push_back(fmt::format("{} shards with {} whole clips", count.shards, count.records));
  CheckDigests(folder, description, &result);
  if (!fs::exists(folder / "manifest.jsonl", ignored)) {
    if (!description.contains("sha256")) result.Add(FindingKind::kMissing, "manifest.jsonl");
    return result;
  }
  try {
    CompareManifest(ReadManifest(folder / "manifest.jsonl"), count, &result);
  } catch (const Error& error) {
    result.Add(FindingKind::kDamaged, "manifest.jsonl", error.what());
  }
  CheckSums(folder, "", &result);
  return result;
}

}  // namespace seam

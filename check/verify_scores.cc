#include <set>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "check/verify.h"
#include "labels/video_facts.h"
#include "scores/score_file.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{16} << 20;

// A path as the score file has it, from the folder one is in or else from that of the score file.
fs::path Locate(const std::string& path, const fs::path& scores) {
  std::error_code ignored;
  const fs::path beside = scores.parent_path() / path;
  return !fs::exists(path, ignored) && fs::exists(beside, ignored) ? beside : fs::path(path);
}

void CheckModel(const fs::path& scores, VerifyResult* result) {
  const fs::path record_file = scores.string() + ".run.json";
  std::error_code ignored;
  if (!fs::exists(record_file, ignored)) {
    result->notes.push_back(record_file.filename().string() + " is not there, so the network is not known");
    return;
  }
  const auto record = nlohmann::json::parse(ReadFile(record_file, kMaxRecordBytes), nullptr, false);
  if (!record.is_object()) {
    result->Add(FindingKind::kDamaged, record_file.string(), "is no JSON object");
    return;
  }
  if (!record.contains("sha256")) {
    result->notes.emplace_back(
        "its run has not ended, or was of an older version: no digest tells its bytes");
  } else if (record["sha256"] == Sha256OfFile(scores)) {
    result->there.emplace_back("the bytes that its run ended with");
  } else {
    result->Add(FindingKind::kDamaged, scores.string(), "another SHA-256 than when its run ended");
  }
  const std::string model = record.value("model", ""), digest = record.value("model_sha256", "");
  const fs::path file = Locate(model, scores);
  if (!fs::is_regular_file(file, ignored)) {
    result->Add(FindingKind::kMissing, model, "the network that the scores are by");
  } else if (Sha256OfFile(file) != digest) {
    result->Add(FindingKind::kChanged, model, "is not the network that the scores are by: another SHA-256");
  } else {
    result->there.push_back("the network that the scores are by, with the same SHA-256");
  }
}

}  // namespace

VerifyResult VerifyScores(const fs::path& file) {
  VerifyResult result{file.string(), "score file", {}, {}, {}};
  std::vector<ScoreRow> rows;
  try {
    rows = ReadScoreFile(file);
  } catch (const Error& error) {
    result.Add(FindingKind::kDamaged, file.string(), error.what());
    return result;
  }
  std::error_code code;
  const auto written = fs::last_write_time(file);
  std::set<std::string> seen;
  std::size_t there = 0;
  for (const ScoreRow& row : rows) {
    if (!seen.insert(row.path).second) {
      result.Add(FindingKind::kExtra, row.path, "has more than one row");
      continue;
    }
    const fs::path input = Locate(row.path, file);
    if (!fs::exists(input, code)) {
      if (row.status != Status::kUnreadable)
        result.Add(FindingKind::kMissing, row.path, "was scored, and is gone");
      continue;
    }
    const auto changed = fs::last_write_time(input, code);
    if (!code && changed > written) {
      result.Add(FindingKind::kChanged, row.path, "is newer than its score");
    } else {
      ++there;
    }
  }
  result.there.push_back(
      fmt::format("{} rows, of which {} have a file that is older than its score", rows.size(), there));
  CheckModel(file, &result);
  CheckSums(file.has_parent_path() ? file.parent_path() : fs::path("."), file.filename().string(), &result);
  return result;
}

}  // namespace seam

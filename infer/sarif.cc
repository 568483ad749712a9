#include "infer/sarif.h"

#include <cctype>

#include <fmt/format.h>

#include "base/version.h"
#include "labels/video_facts.h"

namespace seam {
namespace {

using Json = nlohmann::ordered_json;

struct Rule {
  Verdict verdict;
  const char* words;
  const char* kind;
  const char* level;
};
constexpr Rule kRules[] = {
    {Verdict::kFake, "The video is likely a deepfake.", "fail", "error"},
    {Verdict::kUncertain, "The score lets nobody say whether the video is a deepfake.", "fail", "warning"},
    {Verdict::kReal, "Nothing suspicious was found in the faces of the video.", "pass", "none"},
    {Verdict::kNoFace, "No face was found in the video.", "notApplicable", "none"},
};

Json Location(const std::string& path) {
  return {{"physicalLocation", {{"artifactLocation", {{"uri", FileUri(path)}}}}}};
}

// What the standard has no field for.
Json Properties(const ScoreRow& row) {
  Json properties = {
      {"frames", row.frames}, {"faces", row.faces}, {"people", row.tracks}, {"seconds", row.seconds}};
  if (row.score) properties["score"] = *row.score;
  if (row.probability) properties["probability"] = *row.probability;
  if (row.threshold) properties["threshold"] = *row.threshold;
  if (const auto* person = DecidingTrack(row.people)) {
    properties["firstSeconds"] = person->second.first().pts_seconds;
    properties["lastSeconds"] = person->second.last().pts_seconds;
  }
  if (const ClipScore* tile = WorstTile(row)) {
    const FaceBox& box = tile->faces.front().box;
    properties["worstTile"] = {box.x, box.y, box.width, box.height};
  }
  return properties;
}

std::string Words(const ScoreRow& row, const Rule& rule) {
  std::string words = rule.words;
  if (row.score && row.threshold)
    words +=
        fmt::format(" Its score is {:.4f}; a score from {:g} on is called fake.", *row.score, *row.threshold);
  const std::string reasons = ListReasons(row);
  if (!reasons.empty()) words += fmt::format(" Note: {}.", reasons);
  return words;
}

}  // namespace

std::string FileUri(const std::string& path) {
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || std::string("-._~/").find(c) != std::string::npos);
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return uri;
}

void SarifLog::Add(const ScoreRow& row) {
  for (std::size_t i = 0; i < std::size(kRules); ++i) {
    const Rule& rule = kRules[i];
    if (row.verdict != rule.verdict) continue;
    Json result = {{"ruleId", GetName(rule.verdict)},
                   {"ruleIndex", i},
                   {"kind", rule.kind},
                   {"level", rule.level},
                   {"message", {{"text", Words(row, rule)}}},
                   {"locations", Json::array({Location(row.path)})}};
    if (row.score) result["rank"] = 100 * *row.score;
    result["properties"] = Properties(row);
    results_.push_back(std::move(result));
    return;
  }
  const std::string reason = ListReasons(row);
  notifications_.push_back(
      {{"level", "error"},
       {"message", {{"text", reason.empty() ? std::string(GetName(row.status)) : reason}}},
       {"locations", Json::array({Location(row.path)})}});
}

std::string SarifLog::Text(bool finished) const {
  Json rules = Json::array();
  for (const Rule& rule : kRules)
    rules.push_back({{"id", GetName(rule.verdict)}, {"shortDescription", {{"text", rule.words}}}});
  Json invocation = {{"executionSuccessful", finished}};
  if (!notifications_.empty()) invocation["toolExecutionNotifications"] = notifications_;
  const Json document = {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs",
       Json::array({{{"tool", {{"driver", {{"name", "seam"}, {"version", Version()}, {"rules", rules}}}}},
                     {"invocations", Json::array({invocation})},
                     {"results", results_}}})}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace seam

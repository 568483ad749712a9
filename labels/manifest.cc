#include "labels/manifest.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/lines.h"
#include "labels/video.h"
#include "proto/utf8.h"

namespace seam {

namespace {

// A manifest's line has some 500 bytes; parsed JSON takes many times the memory of its text.
constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20;

constexpr struct {
  const char* name;
  std::string ManifestRow::*member;
} kTexts[] = {{"video", &ManifestRow::video},   {"file", &ManifestRow::file},
              {"label", &ManifestRow::label},   {"method", &ManifestRow::method},
              {"split", &ManifestRow::split},   {"group", &ManifestRow::group},
              {"reason", &ManifestRow::reason}, {"boxes_from", &ManifestRow::boxes_from}};

constexpr struct {
  const char* name;
  int ManifestRow::*member;
} kCounts[] = {{"frames_decoded", &ManifestRow::frames_decoded},
               {"damaged", &ManifestRow::damaged},
               {"frames", &ManifestRow::frames},
               {"faces", &ManifestRow::faces},
               {"tracks", &ManifestRow::tracks},
               {"clips", &ManifestRow::clips},
               {"small_faces", &ManifestRow::small_faces},
               {"windows_dropped", &ManifestRow::windows_dropped},
               {"interpolated", &ManifestRow::interpolated}};

// `where` begins the problem of an Error: "line 3: ".
ManifestRow ParseRow(const std::string& subject, const std::string& where, std::string_view line) {
  const auto wrong = [&](const std::string& problem) {
    return Error(subject, where + problem, "extract again, or copy the file again");
  };
  if (line.size() > kMaxLineBytes) throw wrong(fmt::format("longer than {} bytes", kMaxLineBytes));
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(line);
  } catch (const nlohmann::json::exception& error) {
    throw wrong(std::string("not JSON: ") + error.what());
  }
  if (!json.is_object()) throw wrong("not a JSON object");
  ManifestRow row;
  for (const auto& [name, member] : kTexts) {
    const auto found = json.find(name);
    if (found == json.end()) continue;
    if (!found->is_string()) throw wrong(fmt::format("'{}' is not a text", name));
    row.*member = found->get<std::string>();
  }
  for (const auto& [name, member] : kCounts) {
    const auto found = json.find(name);
    if (found == json.end()) continue;
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > std::numeric_limits<int>::max()) {
      throw wrong(fmt::format("'{}' is not a count", name));
    }
    row.*member = found->get<int>();
  }
  if (const auto found = json.find("seconds"); found != json.end()) {
    if (!found->is_number() || !(found->get<double>() >= 0)) throw wrong("'seconds' is not a duration");
    row.seconds = found->get<double>();
  }
  if (const auto found = json.find("cautions"); found != json.end()) row.cautions = ReadCautions(*found);
  if (row.video.empty()) throw wrong("'video' is missing");
  const auto status = json.find("status");
  if (status == json.end()) throw wrong("'status' is missing");
  if (!status->is_string()) throw wrong("'status' is not a text");
  row.status = ReadStatus(status->get<std::string>());
  if (row.status == Status::kOther)
    throw wrong(fmt::format("the status '{}' is unknown to this Seam", status->get<std::string>()));
  return row;
}

}  // namespace

std::string ManifestLine(const ManifestRow& row) {
  nlohmann::ordered_json json;
  for (const auto& [name, member] : kTexts) {
    const std::string& text = row.*member;
    if (member == static_cast<std::string ManifestRow::*>(&ManifestRow::reason))
      json["status"] = GetName(row.status);
    json[name] = IsUtf8(text) ? text : Utf8Id(text);
  }
  for (const auto& [name, member] : kCounts) json[name] = row.*member;
  json["seconds"] = std::isfinite(row.seconds) ? row.seconds : 0;
  if (!row.cautions.empty()) json["cautions"] = CautionsJson(row.cautions);
  return json.dump() + '\n';
}

ManifestRow ParseManifestRow(const std::string& subject, std::string_view line) {
  return ParseRow(subject, "", line);
}

std::vector<ManifestRow> ReadManifest(const std::filesystem::path& path) {
  const std::string text = ReadFile(path, std::uint64_t{1} << 30);
  std::vector<ManifestRow> rows;
  for (const auto& [number, line] : NumberedLines(text)) {
    rows.push_back(ParseRow(path.string(), fmt::format("line {}: ", number), line));
  }
  return rows;
}

}  // namespace seam

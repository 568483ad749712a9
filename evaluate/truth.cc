#include "evaluate/truth.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "base/csv_table.h"
#include "base/error.h"
#include "base/files.h"
#include "base/words.h"
#include "labels/label.h"
#include "labels/manifest.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// With '/' between the folders, also where Windows wrote it.
std::string Slashed(std::string path) {
  std::replace(path.begin(), path.end(), '\\', '/');
  return path;
}

std::string FileName(const std::string& path) {
  const std::string slashed = Slashed(path);
  return slashed.substr(slashed.find_last_of('/') + 1);
}

TruthTable FromCsv(const fs::path& path) {
  const CsvTable table(path);
  const std::string column = PathColumn(table);
  const std::string labels = LabelColumn(table);
  TruthTable truth;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::string name = table.Raw(i, column), text = table.Field(i, labels);
    if (text.empty()) continue;  // known by name, but not whether it is real
    const auto label = ParseLabel(text);
    if (!label) throw table.Wrong(i, fmt::format("label '{}' is neither real (0) nor fake (1)", text));
    const auto [known, added] = truth.videos.emplace(
        name, Truth{*label, table.Field(i, "dataset"), table.Field(i, "method"), table.Field(i, "split")});
    if (!added && known->second.label != *label)
      throw table.Wrong(i, fmt::format("'{}' is real and fake", name));
  }
  return truth;
}

constexpr std::uint64_t kMaxJsonBytes = std::uint64_t{256} << 20;

std::string ToText(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// DFDC's metadata.json, {"x.mp4": {"label": "FAKE", ...}}; also {"x.mp4": "FAKE"} and a list of objects with
// path (or filename, file, video) and label.
TruthTable FromJson(const fs::path& path, const nlohmann::json& json) {
  const auto wrong = [&](const std::string& problem) {
    return Error(path.string(), problem,
                 R"(expected {"x.mp4": {"label": "FAKE"}, ...} or [{"path": "x.mp4", "label": 1}, ...])");
  };
  if (!json.is_structured()) throw wrong("is no JSON object or list of labels");
  TruthTable truth;
  for (const auto& [key, said] : json.items()) {
    std::string name = json.is_object() ? key : "";
    if (json.is_array() && said.is_object()) {
      for (const char* column : {"path", "filename", "file", "video"}) {
        if (name.empty()) name = ToText(said, column);
      }
    }
    if (name.empty()) throw wrong(fmt::format("entry {} names no file", key));
    const std::string text = said.is_object()   ? ToText(said, "label")
                             : said.is_string() ? said.get<std::string>()
                                                : said.dump();
    const auto label = ParseLabel(text);
    if (!label) throw wrong(fmt::format("says no label, real (0) or fake (1), for '{}'", Printable(name)));
    Truth known{*label, "", "", ""};
    if (said.is_object()) known.method = ToText(said, "method");
    const auto [entry, added] = truth.videos.emplace(name, known);
    if (!added && entry->second.label != known.label)
      throw wrong(fmt::format("'{}' is real and fake", Printable(name)));
  }
  return truth;
}

// A line each.
nlohmann::json ParseLines(const std::string& text) {
  auto list = nlohmann::json::array();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!Trimmed(line).empty()) list.push_back(nlohmann::json::parse(line, nullptr, false));
  }
  return list;
}

// What dataset.json beside the manifest says: its name, and whether it leaks.
void ReadDatasetFile(const fs::path& path, std::string* name, TruthTable* truth) {
  std::error_code missing;
  if (!fs::exists(path, missing)) return;
  const auto json = nlohmann::json::parse(ReadFile(path), nullptr, false);
  if (!json.is_object()) throw Error(path.string(), "is not a dataset.json", "extract the dataset again");
  if (const auto options = json.find("options"); options != json.end() && options->is_object())
    *name = options->value("dataset", "");
  if (const auto leaks = json.find("leaks"); leaks != json.end() && leaks->is_boolean() && leaks->get<bool>())
    truth->leak = fmt::format("{}: the splits of this dataset share footage or people", path.string());
}

TruthTable FromManifest(const fs::path& path) {
  TruthTable truth;
  std::string dataset;
  ReadDatasetFile(path.parent_path() / "dataset.json", &dataset, &truth);
  for (const ManifestRow& row : ReadManifest(path)) {
    const auto label = ParseLabel(row.label);
    if (!label) {
      throw Error(path.string(), fmt::format("video '{}' has the label '{}'", row.video, row.label),
                  "real or fake; extract the dataset again");
    }
    truth.videos[row.file.empty() ? row.video : row.file] = {*label, dataset, row.method, row.split};
  }
  return truth;
}

// Videos with the same file name.
using Candidates = std::vector<const std::pair<const std::string, Truth>*>;

// Whether one path is the other's end, from a folder's name on.
bool IsEnding(const std::string& first, const std::string& second) {
  const std::string a = Slashed(first), b = Slashed(second);
  const auto& [less, more] = std::minmax(a, b, [](auto& x, auto& y) { return x.size() < y.size(); });
  return more.ends_with(less) && (more.size() == less.size() || more[more.size() - less.size() - 1] == '/');
}

// The candidate with exactly the path; else the only one whose path is the end of `path`, or the other way
// round; else the only one, if no other row has its file name. None: nullptr.
Candidates::value_type BestFit(const Candidates& candidates, const std::string& path, bool only_row) {
  Candidates ends;
  for (const auto* candidate : candidates) {
    if (candidate->first == path) return candidate;
    if (IsEnding(candidate->first, path)) ends.push_back(candidate);
  }
  if (ends.size() == 1) return ends[0];
  return only_row && candidates.size() == 1 ? candidates[0] : nullptr;
}

}  // namespace

TruthTable ReadTruth(const fs::path& path) {
  std::error_code none;
  if (fs::is_directory(path, none)) return FromManifest(path / "manifest.jsonl");
  const bool lines = path.extension() == ".jsonl";
  if (!lines && path.extension() != ".json") return FromCsv(path);
  const std::string text = ReadFile(path, kMaxJsonBytes);
  if (!lines) return FromJson(path, nlohmann::json::parse(text, nullptr, false));
  const auto first = nlohmann::json::parse(text.substr(0, text.find('\n')), nullptr, false);
  const bool is_manifest = !first.is_object() || (first.contains("video") && first.contains("status"));
  return is_manifest ? FromManifest(path) : FromJson(path, ParseLines(text));
}

std::string FindLeak(const fs::path& folder) {
  std::string name;
  TruthTable truth;
  ReadDatasetFile(folder / "dataset.json", &name, &truth);
  return truth.leak;
}

std::size_t ApplyTruth(const TruthTable& truth, std::vector<ScoreRow>* rows) {
  std::map<std::string, int> row_names;
  std::map<std::string, Candidates> by_name;
  for (const auto& video : truth.videos) by_name[FileName(video.first)].push_back(&video);
  for (const auto& row : *rows) ++row_names[FileName(row.path)];
  std::set<std::string> used;
  for (auto& row : *rows) {
    const std::string name = FileName(row.path);
    auto candidates = by_name.find(name);
    std::string path = row.path;
    if (candidates == by_name.end()) {  // some tables leave the endings of names out
      path = fs::path(Slashed(path)).replace_extension().string();
      candidates = by_name.find(FileName(path));
    }
    if (candidates == by_name.end()) continue;
    const auto* found = BestFit(candidates->second, path, row_names[name] == 1);
    if (found == nullptr) continue;
    const Truth& known = found->second;
    row.label = known.label;
    if (!known.dataset.empty()) row.dataset = known.dataset;
    if (!known.method.empty()) row.method = known.method;
    if (!known.split.empty()) row.split = known.split;
    used.insert(found->first);
  }
  return truth.videos.size() - used.size();
}

}  // namespace seam

#include "extract/dataset/dataset_counts.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/error.h"
#include "labels/split.h"

namespace seam {

namespace {

std::size_t FindPlace(const std::string& split) {
  return static_cast<std::size_t>(std::find(kSplits.begin(), kSplits.end(), split) - kSplits.begin());
}

void Add(const DatasetCount& more, DatasetCount* count) {
  count->videos += more.videos;
  count->frames += more.frames;
  count->faces += more.faces;
  count->clips += more.clips;
}

}  // namespace

std::vector<DatasetCount> CountRows(const std::vector<ManifestRow>& rows) {
  std::map<std::tuple<std::size_t, std::string, std::string, std::string, std::string>, DatasetCount> cells;
  for (const ManifestRow& row : rows) {
    DatasetCount& cell =
        cells[{FindPlace(row.split), row.split, row.label, row.method, std::string(GetName(row.status))}];
    cell.split = row.split;
    cell.label = row.label;
    cell.method = row.method;
    cell.status = GetName(row.status);
    Add({{}, {}, {}, {}, 1, row.frames, row.faces, row.clips}, &cell);
  }
  std::vector<DatasetCount> counts;
  for (auto& [key, cell] : cells) counts.push_back(std::move(cell));
  return counts;
}

nlohmann::ordered_json CountsJson(const std::vector<DatasetCount>& counts) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const DatasetCount& count : counts) {
    json.push_back({{"split", count.split},
                    {"label", count.label},
                    {"method", count.method},
                    {"status", count.status},
                    {"videos", count.videos},
                    {"frames", count.frames},
                    {"faces", count.faces},
                    {"clips", count.clips}});
  }
  return json;
}

std::string CountsTable(const std::vector<DatasetCount>& counts) {
  std::size_t method = 6, status = 6;
  for (const DatasetCount& count : counts) {
    method = std::max(method, Printable(count.method).size());
    status = std::max(status, count.status.size());
  }
  std::string table;
  const auto line = [&](const auto&... c) {
    table += fmt::format("{:<6} {:<5} {:<{}} {:<{}} {:>8} {:>9} {:>9} {:>9}\n", c...);
  };
  const auto shown = [](const std::string& text) { return text.empty() ? "-" : Printable(text); };
  line("split", "label", "method", method, "status", status, "videos", "frames", "faces", "clips");
  DatasetCount sum;
  for (const DatasetCount& count : counts) {
    line(shown(count.split), count.label, shown(count.method), method, count.status, status, count.videos,
         count.frames, count.faces, count.clips);
    Add(count, &sum);
  }
  line("all", "", "", method, "", status, sum.videos, sum.frames, sum.faces, sum.clips);
  return table;
}

}  // namespace seam

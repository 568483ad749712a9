#include "labels/csv_layout.h"

#include <algorithm>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "base/csv_table.h"
#include "base/error.h"
#include "base/lower_case.h"
#include "labels/folder_layout.h"
#include "labels/label.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

std::string SplitOfRow(const CsvTable& table, std::size_t row) {
  const std::string text = table.Field(row, "split");
  const std::string split = text.empty() ? "" : SplitOfFolder(text);
  if (split.empty() && table.Has("split"))
    throw table.Wrong(row, fmt::format("split '{}' is not train, val or test", text));
  return split;
}

Video ReadRow(const CsvTable& table, std::size_t row, const fs::path& folder, KeyFinder* keys) {
  Video video;
  std::error_code ignored;
  std::string name = table.Raw(row, PathColumn(table));
  const std::string label_text = table.Field(row, LabelColumn(table));
  if (name.empty()) throw table.Wrong(row, "the path is empty");
  if (name.find('\0') != std::string::npos) throw table.Wrong(row, "the path holds a zero byte");
  const auto label = ParseLabel(label_text);
  if (!label) throw table.Wrong(row, fmt::format("label '{}' is neither real (0) nor fake (1)", label_text));
  if (name.find('\\') != std::string::npos && !fs::exists(folder / name, ignored))
    std::replace(name.begin(), name.end(), '\\', '/');  // as Windows writes it
  video.id = Utf8Id(fs::path(name).lexically_normal().generic_string());
  video.path = folder / name;
  if (fs::is_directory(video.path, ignored)) {
    throw table.Wrong(row, fmt::format("'{}' is a folder", name), "name files, one a row");
  }
  video.label = *label;
  video.method = Utf8Id(table.Field(row, "method"));
  video.split = SplitOfRow(table, row);
  const std::string group = table.Field(row, "group");
  video.keys =
      group.empty() ? keys->Find(video.id, video.split) : std::vector<std::string>{"group " + Utf8Id(group)};
  return video;
}

Listing List(const LayoutOptions& options, const fs::path& root) {
  std::error_code code;
  if (options.csv.empty() && fs::is_directory(root, code)) {
    throw UsageError("--csv", "is missing: --input is a folder",
                     "name the table with --csv, or give it as --input");
  }
  const fs::path path = options.csv.empty() ? root : fs::path(options.csv);
  const fs::path folder = options.csv.empty() ? root.parent_path() : root;
  const CsvTable table(path);
  PathColumn(table);
  LabelColumn(table);
  KeyFinder keys(options.group_by);
  Listing listing;
  std::map<std::string, std::size_t> rows;
  std::size_t absent = 0;
  std::string example;
  bool grouped = false;
  for (std::size_t i = 0; i < table.size(); ++i) {
    Video video = ReadRow(table, i, folder, &keys);
    if (!rows.emplace(video.id, i).second) {
      throw table.Wrong(i, fmt::format("'{}' stands in the table twice", video.id), "give each file one row");
    }
    std::error_code ignored;
    if (!fs::exists(video.path, ignored) && absent++ == 0) example = video.id;
    grouped = grouped || !table.Field(i, "group").empty();
    listing.videos.push_back(std::move(video));
  }
  if (listing.videos.empty()) throw Error(path.string(), "has no rows", "a row for each video: path,label");
  if (!grouped) {
    keys.CheckUsed(listing.videos.front().id);
    TellFrameFolders(&listing);
  }
  if (absent > 0) {
    listing.warnings.push_back(fmt::format("{}: {} of {} have no file, such as {}", path.string(), absent,
                                           Counted(table.size(), "row"), example));
  }
  return listing;
}

std::string Sign(const fs::path& root) {
  std::error_code ignored;
  return LowerCase(root.extension().string()) == ".csv" && fs::is_regular_file(root, ignored) ? "is a table"
                                                                                              : "";
}

}  // namespace

DatasetLayout CsvLayout() {
  return {"csv",
          "a table with the columns path and label",
          {"csv", "group-by"},
          [](const fs::path& root) {
            std::error_code ignored;
            return fs::exists(root, ignored);
          },
          Sign,
          List};
}

}  // namespace seam

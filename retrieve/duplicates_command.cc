#include <iostream>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "retrieve/commands.h"
#include "retrieve/match_page.h"
#include "retrieve/near_copies.h"

namespace seam {
namespace {

constexpr std::size_t kMostRows = 200;  // of the page and the table

Thumbnail FindThumbnail(const Archive& archive, const Entry& entry, const std::string& line) {
  return {
      archive.FindThumbnail(entry.row), entry.path, {line, fmt::format("at {:.2f} s", entry.place.seconds)}};
}

}  // namespace

int RetrieveDuplicates(const std::vector<std::string>& arguments) {
  std::vector<std::string> indexes;
  std::string output, page;
  double limit = 0;
  int neighbours = 10;
  Options options("seam retrieve duplicates", "INDEX [OTHER_INDEX] [options]",
                  "pairs of files that show nearly the same, in one index or between two",
                  "seam retrieve duplicates train.index test.index --output leaks.csv");
  options.AddPositional("index", &indexes);
  options.Add("limit", &limit,
              "pairs at least so near: a cosine (usually .99), or a distance, which has no usual value");
  options.Add("neighbours", &neighbours, "of each face or frame so many of the nearest are looked at",
              Between(1, 1000));
  options.Add("output", &output, "a CSV file of the pairs");
  options.Add("page", &page, "an HTML file with thumbnails of the nearest pairs");
  if (!options.Parse(arguments)) return kExitGood;
  if (indexes.empty() || indexes.size() > 2)
    throw UsageError("seam retrieve duplicates", "takes one index or two", "name folders of indexes");

  const Archive archive(indexes[0], Database::Access::kRead);
  std::optional<Archive> second;
  if (indexes.size() == 2) second.emplace(indexes[1], Database::Access::kRead);
  const Archive& other = second ? *second : archive;
  const Metric metric = archive.state().metric;
  if (!options.Given("limit")) {
    if (metric == Metric::kEuclidean) throw UsageError("--limit", "is needed with distances");
    limit = 0.99;
  }
  const std::vector<NearCopy> copies =
      FindNearCopies(archive, other, static_cast<float>(limit), neighbours, InterruptToken());
  if (Interrupted()) throw Error("seam retrieve duplicates", "stopped by the user");

  std::string csv = CsvLine({"path", "seconds", "other_path", "other_seconds", std::string(GetName(metric))});
  std::vector<ThumbnailRow> rows;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const NearCopy& copy = copies[i];
    csv += CsvLine({copy.one.path, fmt::format("{:.3f}", copy.one.place.seconds), copy.other.path,
                    fmt::format("{:.3f}", copy.other.place.seconds), fmt::format("{:.6f}", copy.value)});
    if (i >= kMostRows) continue;
    std::cout << fmt::format("{:.4f}  {}  {}\n", copy.value, Printable(copy.one.path),
                             Printable(copy.other.path));
    if (!page.empty())
      rows.push_back({FindThumbnail(archive, copy.one, fmt::format("{:.4f}", copy.value)),
                      {FindThumbnail(other, copy.other, "")}});
  }
  if (!output.empty()) WriteFile(output, csv);
  const std::string summary =
      fmt::format("{} pairs of files with a {} of {} or {}", copies.size(), GetName(metric), limit,
                  metric == Metric::kCosine ? "more" : "less");
  if (!page.empty()) WriteThumbnailPage(page, "Near copies", summary, rows);
  Say(summary);
  return kExitGood;
}

}  // namespace seam

#include <iostream>

#include <fmt/format.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "extract/faces/process_threads.h"
#include "infer/inputs.h"
#include "retrieve/commands.h"
#include "retrieve/file_ranking.h"
#include "retrieve/maker_for.h"
#include "retrieve/match_page.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

struct QuerySettings {
  std::vector<std::string> inputs;
  std::string index, model, output, page;
  int nearest = 5, farthest = 0;
  bool others = false, exact = false;
  VectorMaker::Settings maker;

  void Register(Options* options) {
    options->AddPositional("input", &inputs);
    options->Add("index", &index, "folder of the index");
    options->Add("nearest", &nearest, "so many files that are most alike", Between(0, 10'000));
    options->Add("farthest", &farthest, "and so many that are least alike", Between(0, 10'000));
    options->Add("others", &others, "pass over the file itself, where the index holds it");
    options->Add("exact", &exact, "look at every vector, also where lists would be faster");
    options->Add("output", &output, "a CSV file of what was found");
    options->Add("page", &page, "an HTML file with thumbnails of what was found");
    options->Add("model", &model, "the index's checkpoint, where that file has moved");
    maker.Register(options);
  }

  void Check() const {
    if (inputs.empty())
      throw UsageError("seam retrieve query", "no input named", "name pictures, videos or folders of them");
    if (index.empty()) throw UsageError("seam retrieve query", "--index is missing", "--index INDEX");
    if (nearest + farthest == 0)
      throw UsageError("--nearest", "asks for nothing", "--nearest 5, or --farthest 5");
  }
};

// Everything that is told of queries.
class Answers {
 public:
  Answers(const QuerySettings& settings, const Archive& archive)
      : settings_(settings), archive_(archive), search_(archive.Search()) {
    csv_ = CsvLine({"query", "order", "rank", "path", std::string(GetName(archive.state().metric)),
                    "query_seconds", "seconds", "frame", "track"});
  }

  void Add(const fs::path& path, const std::vector<NewEntry>& queries) {
    std::cout << fmt::format("{} ({} {})\n", Printable(path.string()), queries.size(),
                             archive_.recipe().region == Region::kFaces ? "faces" : "frames");
    ThumbnailRow row;
    const auto add = [&](Order order, int count, const char* name) {
      if (count == 0) return;
      const std::string left_out = settings_.others ? ReadMark(path).path.string() : "";
      const auto matches =
          RankFiles(archive_, search_, queries, static_cast<std::size_t>(count), order, left_out,
                    settings_.exact ? VectorSearch::Method::kExact : VectorSearch::Method::kLists);
      for (std::size_t i = 0; i < matches.size(); ++i) Add(path, queries, name, i + 1, matches[i], &row);
    };
    add(Order::kNearest, settings_.nearest, "nearest");
    add(Order::kFarthest, settings_.farthest, "farthest");
    if (settings_.page.empty() || queries.empty()) return;
    row.first = {queries.front().thumbnail, path.filename().string(), {"the query"}};
    rows_.push_back(std::move(row));
  }

  void Write() const {
    if (!settings_.output.empty()) WriteFile(settings_.output, csv_);
    if (settings_.page.empty()) return;
    WriteThumbnailPage(
        settings_.page, "What is most alike",
        fmt::format(
            "{} files and {} vectors in {}; {}", archive_.files(), archive_.entries(), settings_.index,
            archive_.state().metric == Metric::kCosine ? "cosine: 1 is the same" : "distance: 0 is the same"),
        rows_);
  }

 private:
  void Add(const fs::path& path, const std::vector<NewEntry>& queries, const char* order, std::size_t rank,
           const FileMatch& match, ThumbnailRow* row) {
    const Place& place = match.entry.place;
    std::cout << fmt::format("  {:<8} {:>3}  {:.4f}  {}  at {:.2f} s\n", order, rank, match.value,
                             Printable(match.path), place.seconds);
    csv_ += CsvLine(
        {path.string(), order, std::to_string(rank), match.path, fmt::format("{:.6f}", match.value),
         fmt::format("{:.3f}", queries[match.query].place.seconds), fmt::format("{:.3f}", place.seconds),
         std::to_string(place.frame), std::to_string(place.track)});
    if (settings_.page.empty()) return;
    row->others.push_back({archive_.FindThumbnail(match.entry.row),
                           fs::path(match.path).filename().string(),
                           {fmt::format("{} {}", order, rank), fmt::format("{:.4f}", match.value),
                            fmt::format("at {:.2f} s", place.seconds)}});
  }

  const QuerySettings& settings_;
  const Archive& archive_;
  VectorSearch search_;
  std::string csv_;
  std::vector<ThumbnailRow> rows_;
};

}  // namespace

int RetrieveQuery(const std::vector<std::string>& arguments) {
  KeepLargeBlocks();
  QuerySettings settings;
  Options options("seam retrieve query", "IMAGE|VIDEO|DIR... --index INDEX [options]",
                  "which files of an index are most alike?",
                  "seam retrieve query suspect.mp4 --index archive.index --nearest 5 --page found.html");
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check();
  const ProcessThreads threads(settings.maker.jobs);
  const Archive archive(settings.index, Database::Access::kRead);
  const VectorMaker maker = MakerFor(archive.recipe(), settings.model, settings.maker);
  Answers answers(settings, archive);

  std::vector<fs::path> files;
  std::size_t failed = 0, answered = 0;
  for (const Input& input : ListInputs(settings.inputs, {})) {
    if (input.problem.empty()) {
      files.push_back(input.path);
    } else {
      SayError(Error(input.path.string(), input.problem, input.hint));
      ++failed;
    }
  }
  const bool whole = maker.Make(files, InterruptToken(), [&](std::size_t i, VectorMaker::Result result) {
    if (result.entries.empty()) {
      SayError(Error(files[i].string(), result.problem, result.hint));
      ++failed;
      return;
    }
    answers.Add(files[i], result.entries);
    ++answered;
  });
  if (!whole) throw Error("seam retrieve query", "stopped by the user");
  answers.Write();
  if (failed == 0) return kExitGood;
  return answered > 0 ? kExitSomeFailed : kExitFailed;
}

}  // namespace seam

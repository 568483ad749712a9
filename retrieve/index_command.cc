#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/program.h"
#include "base/progress.h"
#include "extract/faces/process_threads.h"
#include "infer/inputs.h"
#include "retrieve/commands.h"
#include "retrieve/maker_for.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesPerCommit = 200;

struct IndexSettings {
  std::vector<std::string> inputs;
  std::string output, model, features = "network", metric = "cosine";
  bool whole = false;
  VectorMaker::Settings maker;

  void Register(Options* options) {
    options->AddPositional("input", &inputs);
    options->Add("output", &output, "folder of the index; files are added to one that is there");
    options->Add("model", &model, "checkpoint whose features are taken (default: Seam's own network)");
    options->Add("features", &features, "a network's, or how strongly each pixel is a corner (Harris)",
                 {"network", "corners"});
    options->Add("whole", &whole, "look at whole pictures and frames instead of the faces in them");
    options->Add("metric", &metric, "how vectors are compared", {"cosine", "euclidean"});
    maker.Register(options);
  }
};

// An index that is there goes on as it was made.
void CheckAgrees(const IndexSettings& settings, const Options& options, const Archive& archive) {
  const ArchiveRecipe& recipe = archive.recipe();
  const auto differs = [&](const char* name, bool same) {
    if (options.Given(name) && !same) {
      throw UsageError(fmt::format("--{}", name), settings.output + " was made with another",
                       "leave it out, or name another --output");
    }
  };
  differs("features", (settings.features == "corners") == (recipe.kind == FeatureKind::kCorners));
  differs("whole", settings.whole == (recipe.region == Region::kWhole));
  differs("metric", settings.metric == GetName(archive.state().metric));
}

// The files that the index does not hold as they are now, each once.
std::vector<FileMark> FilesToAdd(const std::vector<std::string>& named, const Archive& archive,
                                 std::size_t* failed) {
  std::vector<FileMark> marks;
  std::set<fs::path> seen;
  std::vector<std::string> passed_over;
  for (const Input& input : ListInputs(named, {}, &passed_over)) {
    try {
      if (!input.problem.empty()) throw Error(input.path.string(), input.problem, input.hint);
      FileMark mark = ReadMark(input.path);
      if (seen.insert(mark.path).second && !archive.Holds(mark)) marks.push_back(std::move(mark));
    } catch (const Error& error) {
      SayError(error);
      ++*failed;
    }
  }
  for (const std::string& line : passed_over) Say(line);
  return marks;
}

}  // namespace

int RetrieveIndex(const std::vector<std::string>& arguments) {
  KeepLargeBlocks();
  IndexSettings settings;
  Options options("seam retrieve index", "VIDEO|DIR|PATTERN... --output INDEX [options]",
                  "put the faces or frames of pictures and videos into an index",
                  "seam retrieve index archive/ --output archive.index");
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  if (settings.inputs.empty())
    throw UsageError("seam retrieve index", "no input named", "name pictures, videos or folders of them");
  if (settings.output.empty())
    throw UsageError("seam retrieve index", "--output is missing", "--output INDEX names the index's folder");
  const ProcessThreads threads(settings.maker.jobs);

  const bool there = Archive::IsOne(settings.output);
  const FeatureKind kind = settings.features == "corners" ? FeatureKind::kCorners : FeatureKind::kNetwork;
  std::optional<VectorMaker> made;
  if (!there) {
    made.emplace(kind, settings.whole ? Region::kWhole : Region::kFaces, settings.model, settings.maker);
    Archive::Make(settings.output, made->recipe(), *ReadMetric(settings.metric));
  }
  Archive archive(settings.output, Database::Access::kWrite);
  if (there) CheckAgrees(settings, options, archive);
  const VectorMaker maker =
      made ? std::move(*made) : MakerFor(archive.recipe(), settings.model, settings.maker);

  std::size_t failed = 0, empty = 0, added = 0, told = 0;
  const std::vector<FileMark> marks = FilesToAdd(settings.inputs, archive, &failed);
  std::vector<fs::path> files;
  for (const FileMark& mark : marks) files.push_back(mark.path);
  const std::int64_t before = archive.entries();
  bool whole = true;
  {
    Progress progress("index", static_cast<std::int64_t>(files.size()), "files");
    whole = maker.Make(files, InterruptToken(), [&](std::size_t i, VectorMaker::Result result) {
      if (result.failed) {
        SayError(Error(files[i].string(), result.problem, result.hint));
        ++failed;
      } else if (result.entries.empty()) {
        ++empty;
      } else {
        ++added;
      }
      // A file that could not be read is tried again by the next run.
      if (!result.failed) archive.Add(marks[i], std::move(result.entries), result.problem);
      if (++told % kFilesPerCommit == 0) archive.Commit();
      progress.Advance();
    });
    archive.Commit();
  }
  if (!whole) {
    throw Error("seam retrieve index", fmt::format("stopped after {} of {} files", told, files.size()),
                "the same command goes on");
  }
  if (archive.Tidy()) Say("the vectors were put in order for faster search");
  Say(fmt::format("{}: {} files added with {} {}, {} held before; it holds {} files and {} vectors of {}",
                  settings.output, added, archive.entries() - before,
                  archive.recipe().region == Region::kFaces ? "faces" : "frames", before, archive.files(),
                  archive.entries(), archive.state().dimension));
  if (empty > 0) Say(fmt::format("{} files showed nothing to index", empty));
  if (failed == 0) return kExitGood;
  return added + empty > 0 ? kExitSomeFailed : kExitFailed;
}

}  // namespace seam

#include "evaluate/score_runs.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/scratch_folder.h"
#include "base/sha256.h"
#include "base/sibling.h"
#include "base/words.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// Part of a file's name, whatever `text` holds.
std::string Plain(std::string text) {
  for (char& byte : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '-' || byte == '_';
    if (!plain) byte = '_';
  }
  return text;
}

std::string GetName(const std::string& path) {
  const fs::path clean = fs::path(path).lexically_normal();
  const fs::path name = clean.has_filename() ? clean : clean.parent_path();
  // So that two files of one name stay apart.
  return fmt::format("{}-{}", Plain(name.stem().string()),
                     Sha256Of(fs::absolute(name).string()).substr(0, 8));
}

bool IsThere(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool IsMadeBy(const fs::path& record, const nlohmann::json& made_by) {
  return IsThere(record) && nlohmann::json::parse(ReadFile(record), nullptr, false) == made_by;
}

}  // namespace

struct ScoreRuns::Impl {
  std::optional<ScratchFolder> scratch;
  fs::path folder;
  std::map<std::string, std::string> digests;  // by file
};

void ScoreRunOptions::Register(Options* options) {
  options->Add("model", &models, "checkpoint to score with, instead of score files");
  options->Add("data", &data, "dataset folder of shards to score with each --model");
  options->Add("keep", &keep,
               "folder for the score files made on the way; those that are there already are not made again");
  options->Add("force", &force, "score crops that were cut out in another way than the checkpoint's");
  options->Add("label-prefix", &label_prefix,
               "of videos and pictures that a --model is to score: those whose names begin so are fake, all "
               "others real");
  options->Add(
      "infer-options", &infer_options,
      "more options for the seam infer that scores videos, in one text: \"--frames 16 --jobs 2\"; quotes "
      "keep words with spaces together");
}

void ScoreRunOptions::Check() const {
  if (!data.empty() && models.empty())
    throw UsageError("--data", "nothing says which network is to score it", "--model CHECKPOINT");
  if (!keep.empty() && models.empty())
    throw UsageError("--keep", "no score files are made", "give a --model");
  if (!label_prefix.empty() && models.empty())
    throw UsageError("--label-prefix", "no file is scored whose name could tell", "give a --model");
  SplitWords("--infer-options", infer_options);
}

ScoreRuns::ScoreRuns(const ScoreRunOptions& options) : options_(options), impl_(std::make_unique<Impl>()) {
  if (options.keep.empty()) {
    impl_->folder = impl_->scratch.emplace().path();
  } else {
    impl_->folder = options.keep;
    fs::create_directories(impl_->folder);
  }
}

ScoreRuns::~ScoreRuns() = default;

std::string ScoreRuns::ComputeDigest(const std::string& file) {
  std::string& digest = impl_->digests[file];
  if (digest.empty()) digest = Sha256OfFile(file);
  return digest;
}

fs::path ScoreRuns::Made(const std::string& name, const std::string& verb,
                         const std::vector<std::string>& arguments, const std::string& contents) {
  const fs::path file = impl_->folder / (name + ".jsonl"), record = impl_->folder / (name + ".json");
  const nlohmann::json made_by = {{"verb", verb}, {"arguments", arguments}, {"contents", contents}};
  if (IsThere(file) && IsMadeBy(record, made_by)) {
    Say(fmt::format("{}: there already", file.string()));
    return file;
  }
  const fs::path part = impl_->folder / (name + ".part.jsonl");
  const fs::path part_record = impl_->folder / (name + ".part.json");
  std::vector<std::string> all = {verb == "infer" ? "--jsonl" : "--output", part.string()};
  if (options_.quiet) all.emplace_back("--quiet");
  // What the same command left when it was stopped is gone on with.
  if (verb == "infer" && IsThere(part) && IsMadeBy(part_record, made_by)) all.emplace_back("--resume");
  all.insert(all.end(), arguments.begin(), arguments.end());
  WriteFile(part_record, made_by.dump(1) + "\n");
  const int status = RunSibling(verb, all);
  if (options_.cancel.Cancelled()) {
    throw Error("seam evaluate", "stopped",
                options_.keep.empty() ? "with --keep FOLDER the same command could go on"
                                      : "the same command goes on");
  }
  if (status != kExitGood && status != kExitSomeFailed && status != kExitVerdict)
    throw Error(name, fmt::format("seam {} failed (exit status {}); see above", verb, status));
  fs::rename(part, file);
  fs::rename(part_record, record);
  std::error_code ignored;
  fs::remove(part.string() + ".run.json", ignored);  // seam infer's own record
  return file;
}

std::vector<ScoreRow> ScoreRuns::OfShards(const std::string& model, const std::string& data,
                                          const std::string& split) {
  std::vector<std::string> arguments = {"--model", model, "--data", data, "--split", split};
  if (options_.force) arguments.emplace_back("--force");
  const fs::path described = fs::path(data) / "dataset.json";
  const std::string contents =
      ComputeDigest(model) + (IsThere(described) ? " " + ComputeDigest(described.string()) : "");
  return ReadScoreFile(
      Made(fmt::format("{}-{}-{}", GetName(model), GetName(data), split), "score", arguments, contents));
}

std::vector<ScoreRow> ScoreRuns::OfVideos(const std::string& model, const std::vector<std::string>& videos,
                                          const Perturbation& perturbation) {
  std::vector<std::string> arguments = {"--model", model, "--label-folders"};
  if (!options_.label_prefix.empty())
    arguments.insert(arguments.end(), {"--label-prefix", options_.label_prefix});
  for (const auto& word : SplitWords("--infer-options", options_.infer_options)) arguments.push_back(word);
  if (!perturbation.none()) {
    arguments.emplace_back("--perturb");
    arguments.push_back(perturbation.Text());
  }
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), videos.begin(), videos.end());
  const std::string what =
      perturbation.none() ? "clean" : fmt::format("{}-{}", perturbation.name, perturbation.level);
  return ReadScoreFile(
      Made(fmt::format("{}-{}", GetName(model), what), "infer", arguments, ComputeDigest(model)));
}

}  // namespace seam

#include "extract/dataset/dataset_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <regex>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "extract/dataset/dataset_counts.h"
#include "proto/shard.h"

namespace seam {

namespace fs = std::filesystem;

void DatasetFolderOptions::Register(Options* options) {
  options->Add("output", &output, "folder for the shards");
  options->Add("resume", &resume, "go on with an extraction that was stopped");
  options->Add("overwrite", &overwrite, "replace a dataset that is already there");
}

void DatasetFolderOptions::Check() const {
  if (output.empty()) throw UsageError("--output", "is missing", "name the folder for the shards");
  if (resume && overwrite) throw UsageError("--resume", "makes no sense with --overwrite");
}

DatasetFolder::DatasetFolder(const DatasetFolderOptions& options, Job job)
    : path_(options.output), work_(path_ / ".work"), cancel_(options.cancel), job_(std::move(job)) {
  std::error_code failure;
  fs::create_directories(path_, failure);
  if (failure) throw Error(path_.string(), "cannot be made: " + failure.message(), "check --output");
  Lock();
  try {
    Prepare(options);
  } catch (...) {
    close(lock_descriptor_);
    throw;
  }
}

DatasetFolder::~DatasetFolder() { close(lock_descriptor_); }

// The folder itself is locked: no file is left behind, and whatever dies lets go.
void DatasetFolder::Lock() {
  lock_descriptor_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_descriptor_ < 0) throw Error(path_.string(), "cannot be read", "check the permissions");
  if (flock(lock_descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  close(lock_descriptor_);
  throw Error(path_.string(), "another seam extract is writing here",
              "wait for it, or name another --output");
}

void DatasetFolder::Prepare(const DatasetFolderOptions& options) {
  const fs::path job_file = work_ / "job";
  const bool unfinished = IsUnfinished(path_);
  if (options.overwrite || !unfinished) ClearWork();
  if (options.overwrite) {
    // What is there is replaced when there is something to replace it with.
  } else if (unfinished && !options.resume) {
    throw Error(path_.string(), "holds an extraction that was stopped",
                "--resume goes on with it, --overwrite starts anew");
  } else if (unfinished && ReadFile(job_file) != job_.digest) {
    throw Error(path_.string(), "was begun with other options or other videos",
                "give the options it was begun with, or start anew with --overwrite");
  } else if (!unfinished && !OurFiles().empty()) {
    const nlohmann::json there = Describe(path_ / job_.description);
    complete_ = options.resume && there.value("plan", nlohmann::json()) == job_.plan &&
                there.value("part", nlohmann::json()) == job_.part;
    if (complete_) return;
    throw Error(path_.string(), "already holds a dataset",
                options.resume ? "it is of other options or other videos; --overwrite replaces it"
                               : "--overwrite replaces it");
  }
  fs::create_directories(work_);
  if (!fs::exists(job_file)) WriteFile(job_file, job_.digest);
}

void DatasetFolder::Publish(const std::vector<ManifestRow>& rows, std::uint64_t shard_bytes,
                            const GiveClips& clips_of, nlohmann::json description) {
  for (const fs::path& file : OurFiles()) fs::remove(file);
  std::map<std::string, ShardWriter> shards;
  std::string manifest;
  {
    Progress progress("write", static_cast<std::int64_t>(rows.size()), "videos");
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (cancel_.Cancelled())
        throw Error(path_.string(), "stopped while the shards were written", "--resume goes on");
      const std::string& split = rows[i].split;
      clips_of(i, [&](Clip clip) {
        shards.try_emplace(split, path_, split, shard_bytes).first->second.Add(std::move(clip));
      });
      manifest += ManifestLine(rows[i]);
      progress.Advance();
    }
  }
  for (auto& [split, writer] : shards) {
    for (const fs::path& shard : writer.Finish())
      description["sha256"][shard.filename().string()] = Sha256OfFile(shard);
  }
  WriteFile(path_ / "manifest.jsonl", manifest);
  description["sha256"]["manifest.jsonl"] = Sha256Of(manifest);
  description["plan"] = job_.plan;
  if (!job_.part.is_null()) description["part"] = job_.part;
  description["counts"] = CountsJson(CountRows(rows));
  WriteFile(path_ / job_.description,
            description.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n");
  ClearWork();
}

nlohmann::json DatasetFolder::Describe(const fs::path& file) {
  constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return nlohmann::json::object();
  auto description = nlohmann::json::parse(ReadFile(file, kMostBytes), nullptr, false);
  return description.is_object() ? description : nlohmann::json::object();
}

bool DatasetFolder::IsUnfinished(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / ".work" / "job", ignored);
}

// The job first: what is left of the folder without it is no unfinished run. Whatever is not ours stays.
void DatasetFolder::ClearWork() const {
  static const std::regex ours("job\\.[0-9]+\\.tmp|[0-9]{8}[-.].*");
  std::error_code ignored;
  if (!fs::is_directory(work_, ignored)) return;
  fs::remove(work_ / "job");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(work_)) {
    if (std::regex_match(entry.path().filename().string(), ours)) files.push_back(entry.path());
  }
  for (const fs::path& file : files) fs::remove(file);
  fs::remove(work_, ignored);  // only when it is empty
}

std::vector<fs::path> DatasetFolder::OurFiles() const {
  // Parts and temporary files are what a run leaves that was killed while it wrote them.
  static const std::regex ours(
      "((dataset|part)\\.json|manifest\\.jsonl)(\\.[0-9]+\\.tmp)?|(train|val|test)-[0-9]{5}(-of-[0-9]{5}\\."
      "tfrecord|\\.[0-9]+\\.part(\\.[0-9]+\\.tmp)?)");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (std::regex_match(entry.path().filename().string(), ours)) files.push_back(entry.path());
  }
  return files;
}

}  // namespace seam

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/cancel.h"
#include "base/options.h"
#include "labels/manifest.h"
#include "proto/clip.pb.h"

namespace seam {

struct DatasetFolderOptions {
  std::string output;
  bool resume = false, overwrite = false;
  CancelToken cancel;
  void Register(Options* options);
  void Check() const;
};

// The folder that a dataset (docs/datasets.md), or a part of one, is made in: shards, manifest.jsonl and,
// last, its description, dataset.json or part.json. Until then OUTPUT/.work says that it is unfinished. One
// process at a time writes into a folder; what is not Seam's in it stays.
class DatasetFolder {
 public:
  // What is made: equal jobs make equal datasets.
  struct Job {
    // Which videos, in which splits, with which options: goes into the description.
    std::string plan;
    // Also on which files, to their times of change; for going on with an unfinished run.
    std::string digest;
    std::string description = "dataset.json";  // the file's name
    nlohmann::json part;                       // {"index", "count"} of a part
  };

  // Makes the folder where it is missing. Errors: another process writes there; it holds a dataset or an
  // unfinished run, and the options do not say what to do about it; it was begun as another job.
  DatasetFolder(const DatasetFolderOptions& options, Job job);
  ~DatasetFolder();
  DatasetFolder(const DatasetFolder&) = delete;
  DatasetFolder& operator=(const DatasetFolder&) = delete;

  // Whether there is nothing to do: --resume, and the job's dataset is there.
  bool complete() const { return complete_; }
  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& work() const { return work_; }

  // Takes the clips of the i-th row one by one.
  using TakeClip = std::function<void(Clip)>;
  using GiveClips = std::function<void(std::size_t i, const TakeClip& take)>;

  // Writes the dataset and takes .work away. The shards hold the clips in the order of `rows`, up to
  // `shard_bytes` in each. An Error when cancelled: --resume writes it anew.
  void Publish(const std::vector<ManifestRow>& rows, std::uint64_t shard_bytes, const GiveClips& clips_of,
               nlohmann::json description);

  // Gives the job up: what was there before stays.
  void Abandon() const { ClearWork(); }

  // The description in `folder`, or null when it is missing or no JSON object.
  static nlohmann::json Describe(const std::filesystem::path& file);
  // Whether a run in `folder` has not ended.
  static bool IsUnfinished(const std::filesystem::path& folder);

 private:
  void Lock();
  void Prepare(const DatasetFolderOptions& options);
  void ClearWork() const;
  // The files of a dataset, whole or in parts, that lie in the folder.
  std::vector<std::filesystem::path> OurFiles() const;

  std::filesystem::path path_, work_;
  CancelToken cancel_;
  Job job_;
  bool complete_ = false;
  int lock_descriptor_ = -1;
};

}  // namespace seam

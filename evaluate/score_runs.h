#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/options.h"
#include "labels/perturbation.h"
#include "scores/score_file.h"

namespace seam {

// Score files that `seam evaluate` has made by other programs of Seam, where it is given checkpoints instead.
struct ScoreRunOptions {
  std::vector<std::string> models, data;  // checkpoints; dataset folders of shards
  std::string keep;                       // folder for the score files; empty: they are thrown away
  std::string label_prefix;               // of the names of fakes among videos; empty: folders tell
  std::string infer_options;              // more of the command line of `seam infer`, words apart
  bool force = false;                     // crops may differ from the checkpoint's
  bool quiet = false;
  CancelToken cancel;
  void Register(Options* options);
  void Check() const;
};

// One model by its checkpoint, and the folder its score files go to.
class ScoreRuns {
 public:
  explicit ScoreRuns(const ScoreRunOptions& options);
  ~ScoreRuns();

  // What `model` says of the split of a dataset folder, by `seam score`.
  std::vector<ScoreRow> OfShards(const std::string& model, const std::string& data, const std::string& split);
  // What it says of videos, made worse by `perturbation`, by `seam infer`, which also labels them by their
  // folders. Videos that could not be read have their rows.
  std::vector<ScoreRow> OfVideos(const std::string& model, const std::vector<std::string>& videos,
                                 const Perturbation& perturbation);

 private:
  // The score file of a command. One that was kept is taken where the same command made it of the same
  // checkpoint (and dataset). Otherwise it is made, and stands there when it is whole.
  std::filesystem::path Made(const std::string& name, const std::string& verb,
                             const std::vector<std::string>& arguments, const std::string& contents);
  std::string ComputeDigest(const std::string& file);

  struct Impl;
  const ScoreRunOptions& options_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam

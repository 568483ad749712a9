#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "extract/faces/crop.h"
#include "infer/predictor.h"
#include "models/zoo/stored_network.h"
#include "scores/fusion.h"

namespace seam {

// A clip as each of ways to cut a face out shows it: [view][T] pictures.
using ClipViews = std::vector<std::vector<cv::Mat>>;

// What networks say of a clip.
struct ClipOutput {
  double score = 0;                   // P(fake), fused where there are several
  std::vector<double> networks = {};  // each one's, where there are several
};

// The networks that score a request: one, or several whose scores are fused. A video is decoded and its faces
// are found once, as the first network's training data wants it. Every face is cut out for each network as
// that one's wants it. Any number of threads may score at once.
class Ensemble {
 public:
  // One network.
  explicit Ensemble(std::shared_ptr<const Predictor> network);
  // Several checkpoints, fused by the mean of their logits. `path`: what the user named. An Error where they
  // cannot look at the same clips.
  Ensemble(std::filesystem::path path, std::vector<std::shared_ptr<const Predictor>> networks);
  // An ensemble's file. Throws as EnsembleFile() and Predictor() do.
  Ensemble(const std::filesystem::path& path, const CompileOptions& options, const TorchParts* torch);

  // What `--model` names: the file, or the files joined by ",".
  const std::filesystem::path& path() const { return path_; }
  // The files that the scores depend on.
  const std::vector<std::filesystem::path>& files() const { return files_; }
  // One network's own; of several the crop of the first, and threshold and calibration of the fused score.
  const CheckpointInfo& info() const { return info_; }
  std::string description() const;
  int frames() const { return networks_.front()->frames(); }

  const std::vector<std::shared_ptr<const Predictor>>& networks() const { return networks_; }
  // How several become one; none where there is one. Its aggregates are for the caller to set.
  const std::optional<Fusion>& fusion() const { return fusion_; }

  // The ways in which a face must be cut out; the first is the first network's.
  const std::vector<CropOptions>& views() const { return views_; }

  // Each clip's output; of a clip there are as many views as of views().
  std::vector<ClipOutput> ScoreClips(const std::vector<ClipViews>& clips) const;

 private:
  // Once networks_ are there.
  void FindViews();
  void Describe(const std::vector<std::string>& names);

  std::filesystem::path path_;
  std::vector<std::filesystem::path> files_;
  CheckpointInfo info_;
  std::vector<std::shared_ptr<const Predictor>> networks_;
  std::optional<Fusion> fusion_;
  std::vector<CropOptions> views_;
  std::vector<std::size_t> view_of_;  // by network
};

// The files that `--model` names, "A,B,C"; the whole where it is the name of a file, commas and all.
std::vector<std::filesystem::path> CollectFiles(const std::string& named);

}  // namespace seam

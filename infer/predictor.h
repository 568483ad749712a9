#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

#include "models/networks/compile_options.h"

namespace seam {

class CompiledModel;
struct CheckpointInfo;
struct StoredNetwork;
struct TorchParts;

// The checkpoint of this name, Seam's own where it is empty. An Error when that is missing.
std::filesystem::path CheckpointFile(const std::filesystem::path& named);

// A checkpoint, ready to score crops. Any number of threads may score at once: on a CPU each runs the network
// on itself alone, so that the cores are shared by clips, not by operators.
class Predictor {
 public:
  // The checkpoint at `path`, or Seam's own where it is empty, on the CPU, or, with `torch`, wherever the
  // options say. Throws as LoadNetwork() and Compile() do.
  explicit Predictor(const std::filesystem::path& path, const CompileOptions& options = {},
                     const TorchParts* torch = nullptr);
  // The same of a checkpoint's bytes, which an ensemble holds: `subject` names it.
  Predictor(std::string_view checkpoint, const std::string& subject, const CompileOptions& options,
            const TorchParts* torch);
  ~Predictor();

  const std::filesystem::path& path() const { return path_; }
  const CheckpointInfo& info() const { return *info_; }
  // How the network computes: "fp32 on the CPU (oneDNN)".
  std::string description() const;

  // The frames of a clip: T. 1: single pictures.
  int frames() const { return frames_; }

  // P(fake) of each clip of T pictures, RGB [size, size, 3] as CropFace() cuts them. They are encoded and
  // decoded as the training data was, since that leaves traces, too. Idle threads of TBB's help.
  std::vector<double> ScoreClips(const std::vector<std::vector<cv::Mat>>& clips) const;
  // The same for a network of single pictures.
  std::vector<double> Score(const std::vector<cv::Mat>& pictures) const;
  // What the head works with, [N, F], of pictures like those, on the calling thread; for networks of single
  // pictures.
  std::vector<float> Features(const std::vector<cv::Mat>& pictures) const;

 private:
  void Make(StoredNetwork stored, const std::string& subject, const CompileOptions& options,
            const TorchParts* torch);
  void CheckDetector(const std::string& subject) const;

  std::filesystem::path path_;
  std::unique_ptr<CheckpointInfo> info_;
  int frames_ = 1;
  std::unique_ptr<CompiledModel> network_;
};

}  // namespace seam

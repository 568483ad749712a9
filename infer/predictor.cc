#include "infer/predictor.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "extract/face_detector.h"
#include "proto/picture.h"

namespace seam {
namespace {

std::filesystem::path ModelFile(const std::filesystem::path& named) {
  if (!named.empty()) return named;
  std::filesystem::path own = FindShare("default.safetensors");
  if (own.empty())
    throw Error("default.safetensors", "Seam's own network is missing", "name a checkpoint with --model");
  return own;
}

}  // namespace

Predictor::Predictor(const std::filesystem::path& path, const CompileOptions& options)
    : path_(ModelFile(path)) {
  Checkpoint checkpoint = LoadCheckpoint(path_);
  info_ = std::move(checkpoint.info);
  const InputSpec input = checkpoint.model->input();
  if (input.frames != 1) {
    throw Error(path_.string(),
                fmt::format("takes windows of {} frames; this Seam scores single frames", input.frames));
  }
  if (std::find(DetectorNames().begin(), DetectorNames().end(), info().crop.detector()) ==
      DetectorNames().end()) {
    throw Error(
        path_.string(),
        fmt::format("its faces were found by '{}', which this Seam does not know", info().crop.detector()),
        "use a newer Seam");
  }
  network_ = Compile(*checkpoint.model, options);
}

std::vector<double> Predictor::Score(const std::vector<cv::Mat>& pictures) const {
  const CropSpec& crop = info().crop;
  const std::size_t bytes = std::size_t{3} * crop.size() * crop.size();
  std::vector<std::uint8_t> pixels(pictures.size() * bytes);  // [N, T = 1, S, S, 3]
  PictureDecoder decoder;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::string encoded = EncodePicture(pictures[i].data, pictures[i].step[0], crop);
    const std::string problem = decoder.Decode(encoded, crop, pixels.data() + i * bytes);
    if (!problem.empty()) throw Error("", "a crop cannot be decoded: " + problem);
  }
  std::vector<double> scores = network_->Logits(pixels.data(), static_cast<std::int64_t>(pictures.size()));
  for (double& score : scores) score = 1 / (1 + std::exp(-score));
  return scores;
}

}  // namespace seam

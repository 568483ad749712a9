#include "infer/predictor.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/types.h>

#include <algorithm>

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

Predictor::Predictor(const std::filesystem::path& path)
    : path_(ModelFile(path)), checkpoint_(LoadCheckpoint(path_)) {
  const InputSpec input = checkpoint_.model->input();
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
  at::set_num_threads(1);
}

std::vector<double> Predictor::Score(const std::vector<cv::Mat>& pictures) const {
  const c10::InferenceMode no_gradients;
  const CropSpec& crop = info().crop;
  const auto count = static_cast<std::int64_t>(pictures.size()),
             side = static_cast<std::int64_t>(crop.size());
  const torch::Tensor pixels = torch::empty({count, side, side, 3}, torch::kUInt8);
  PictureDecoder decoder;
  for (std::int64_t i = 0; i < count; ++i) {
    const cv::Mat& picture = pictures[static_cast<std::size_t>(i)];
    const std::string encoded = EncodePicture(picture.data, picture.step[0], crop);
    const std::string problem = decoder.Decode(encoded, crop, false, pixels[i].data_ptr<std::uint8_t>());
    if (!problem.empty()) throw Error("", "a crop cannot be decoded: " + problem);
  }
  // [N, T = 1, 3, S, S]
  const torch::Tensor logits = checkpoint_.model->forward(pixels.permute({0, 3, 1, 2}).unsqueeze(1));
  const torch::Tensor scores = torch::sigmoid(logits.to(torch::kFloat64)).contiguous();
  return {scores.data_ptr<double>(), scores.data_ptr<double>() + count};
}

}  // namespace seam

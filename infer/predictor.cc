#include "infer/predictor.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "base/error.h"
#include "base/files.h"
#include "extract/faces/face_detector.h"
#include "infer/torch_parts.h"
#include "models/networks/fold.h"
#include "models/zoo/ensemble_file.h"
#include "models/zoo/stored_network.h"
#include "proto/picture.h"
#include "spectrum/spectrum_scorer.h"

namespace seam {
namespace {

// What the network would see of the picture if it came from a shard: RGB [size, size, 3].
void Reencode(const cv::Mat& picture, const CropSpec& crop, std::uint8_t* pixels) {
  thread_local PictureDecoder decoder;
  const std::string encoded = EncodePicture(picture.data, picture.step[0], crop);
  const std::string problem = decoder.Decode(encoded, crop, pixels);
  if (!problem.empty()) throw Error("", "a crop cannot be decoded: " + problem);
}

std::unique_ptr<CompiledModel> CompileWith(const TorchParts* torch, const FoldedGraph& graph,
                                           const InputSpec& input, const CompileOptions& options) {
  if (torch != nullptr) return torch->compile(graph, input, options);
#ifdef SEAM_ONEDNN
  return CompileForCpu(graph, input, options);
#else
  throw Error("seam infer", "was built with neither oneDNN nor LibTorch's part of it");
#endif
}

}  // namespace

std::filesystem::path CheckpointFile(const std::filesystem::path& named) {
  if (!named.empty()) return named;
  std::filesystem::path own = FindShare("default.safetensors");
  if (own.empty())
    throw Error("default.safetensors", "Seam's own network is missing", "name a checkpoint with --model");
  return own;
}

Predictor::Predictor(const std::filesystem::path& path, const CompileOptions& options,
                     const TorchParts* torch)
    : path_(CheckpointFile(path)) {
  if (ReadCheckpointHeader(path_).IsSpectrum()) {
    SpectrumModel model = SpectrumModel::Load(path_);
    info_ = std::make_unique<CheckpointInfo>(model.info());
    network_ = CompileSpectrum(std::move(model), path_.string());
    frames_ = network_->input().frames;
    CheckDetector(path_.string());
  } else {
    Make(LoadNetwork(path_), path_.string(), options, torch);
  }
}

Predictor::Predictor(std::string_view checkpoint, const std::string& subject, const CompileOptions& options,
                     const TorchParts* torch)
    : path_(subject) {
  Make(LoadNetwork(checkpoint, subject), subject, options, torch);
}

void Predictor::Make(StoredNetwork stored, const std::string& subject, const CompileOptions& options,
                     const TorchParts* torch) {
  info_ = std::make_unique<CheckpointInfo>(std::move(stored.info));
  frames_ = stored.graph.frames();
  CheckDetector(subject);
  const FoldedGraph folded = Fold(stored.graph, stored.weights);
  network_ = CompileWith(torch, folded, GetInput(stored.graph), options);
}

void Predictor::CheckDetector(const std::string& subject) const {
  const std::string& detector = info().crop.detector();
  if (std::find(DetectorNames().begin(), DetectorNames().end(), detector) != DetectorNames().end()) return;
  throw Error(subject, fmt::format("its faces were found by '{}', which this Seam does not know", detector),
              "use a newer Seam");
}

Predictor::~Predictor() = default;

std::string Predictor::description() const { return network_->description(); }

std::vector<double> Predictor::ScoreClips(const std::vector<std::vector<cv::Mat>>& clips) const {
  const std::size_t bytes = std::size_t{3} * info().crop.size() * info().crop.size();
  const auto frames = static_cast<std::size_t>(frames_);
  std::vector<std::uint8_t> pixels(clips.size() * frames * bytes);  // [N, T, S, S, 3]
  std::vector<double> scores(clips.size());
  const auto prepare = [&](std::size_t clip) {
    for (std::size_t i = 0; i < frames; ++i)
      Reencode(clips[clip].at(i), info().crop, pixels.data() + (clip * frames + i) * bytes);
  };
  const auto run = [&](std::size_t from, std::size_t count) {
    const std::vector<double> logits =
        network_->Logits(pixels.data() + from * frames * bytes, static_cast<std::int64_t>(count));
    for (std::size_t i = 0; i < count; ++i) scores[from + i] = 1 / (1 + std::exp(-logits[i]));
  };
  const auto each = [&](std::size_t clip) {
    prepare(clip);
    if (network_->OneByOne()) run(clip, 1);
  };
  // Isolated: a thread that waits here for the last clips must not begin another video meanwhile.
  tbb::this_task_arena::isolate([&] { tbb::parallel_for(std::size_t{0}, clips.size(), each); });
  if (!network_->OneByOne() && !clips.empty()) run(0, clips.size());
  return scores;
}

std::vector<double> Predictor::Score(const std::vector<cv::Mat>& pictures) const {
  std::vector<std::vector<cv::Mat>> clips;
  for (const cv::Mat& picture : pictures) clips.push_back({picture});
  return ScoreClips(clips);
}

std::vector<float> Predictor::Features(const std::vector<cv::Mat>& pictures) const {
  const std::size_t bytes = std::size_t{3} * info().crop.size() * info().crop.size();
  std::vector<std::uint8_t> pixels(pictures.size() * bytes);  // [N, S, S, 3]
  for (std::size_t i = 0; i < pictures.size(); ++i)
    Reencode(pictures[i], info().crop, pixels.data() + i * bytes);
  return network_->Features(pixels.data(), static_cast<std::int64_t>(pictures.size()));
}

}  // namespace seam

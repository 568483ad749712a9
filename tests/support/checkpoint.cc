#include "tests/support/checkpoint.h"

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "models/weights/safetensors.h"
#include "models/zoo/registry.h"

namespace seam {
namespace {

// Norms are the identity; what multiplies keeps the size of its inputs (He et al. 2015, uniform).
std::vector<float> RandomNumbers(const WeightSpec& weight, std::size_t count, std::mt19937* random) {
  std::vector<float> numbers(count);
  if (weight.shape.size() < 2) {
    const bool one = weight.name.ends_with(".weight") || weight.name.ends_with("running_var");
    numbers.assign(count, one ? 1.F : 0.F);
    return numbers;
  }
  const double fan_in = static_cast<double>(count) / static_cast<double>(weight.shape[0]);
  const double bound = std::sqrt(6 / fan_in), widest = static_cast<double>(std::mt19937::max());
  for (float& number : numbers) {
    number = static_cast<float>(bound * (2 * static_cast<double>((*random)()) / widest - 1));
  }
  return numbers;
}

}  // namespace

CropSpec HogCrop(int size) {
  CropSpec crop;
  crop.set_size(static_cast<std::uint32_t>(size));
  crop.set_margin(0.3);
  crop.set_align("none");
  crop.set_detector("hog");
  crop.set_detect_size(400);
  crop.set_encoding("jpeg");
  crop.set_quality(95);
  return crop;
}

std::filesystem::path WriteCheckpoint(const std::filesystem::path& path, const ModelOptions& options,
                                      CheckpointInfo info, std::uint32_t seed) {
  const Graph graph = MakeGraph(options);
  const int size = graph[0].shape.side();
  info.model = options.model;
  if (info.crop.size() == 0) info.crop = HogCrop(size);
  CheckInfo(info, options.model, size, path.string());
  Safetensors file{{}, CheckpointMetadata(options, info)};
  std::mt19937 random(seed);
  for (const WeightSpec& weight : ListWeights(graph)) {
    PlainTensor tensor{DType::kFloat32, weight.shape, nullptr};
    const auto numbers = RandomNumbers(weight, tensor.elements(), &random);
    file.tensors[weight.name] =
        CopyTensor(DType::kFloat32, weight.shape,
                   {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)});
  }
  SaveSafetensors(path, file);
  return path;
}

std::filesystem::path MakeCheckpoint(const std::filesystem::path& path, const TestCheckpoint& what) {
  CheckpointInfo info;
  info.crop = HogCrop(256);
  info.epoch = 1;
  info.calibration = what.calibration;
  info.notice = "random weights";
  ModelOptions options;
  if (what.window > 1) {
    options.temporal.head = "lstm";
    options.temporal.frames = what.window;
    options.temporal.hidden = 8;
    info.crop.set_window_stride(static_cast<std::uint32_t>(what.window_step));
  }
  return WriteCheckpoint(path, options, info, static_cast<std::uint32_t>(what.seed));
}

}  // namespace seam

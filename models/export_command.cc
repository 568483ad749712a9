#include "models/export_command.h"

#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/options.h"
#include "models/torch/checkpoint.h"
#include "models/torch/onnx.h"
#include "models/torch/tensors.h"
#include "models/weights/safetensors.h"
#include "models/zoo/registry.h"
#include "models/zoo/stored_network.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

struct Settings {
  std::vector<std::string> files;
  std::string output, format = "onnx";
  bool half = false;
  OnnxOptions onnx;

  void Register(Options* options) {
    options->AddPositional("checkpoint", &files);
    options->Add("output", &output, "the file to write");
    options->Add("format", &format, "what to write", {"onnx", "safetensors"});
    options->Add("half", &half, "weights in 16 bits, with --format safetensors: half the size, less exact");
    onnx.Register(options);
  }

  void Check(const Options& options) const {
    if (files.size() != 1) {
      throw UsageError("seam models export", fmt::format("takes one checkpoint, not {}", files.size()),
                       "name a .safetensors file that Seam wrote");
    }
    if (output.empty()) throw UsageError("--output", "is missing", "name the file to write");
    if (format != "onnx" && options.Given("batch")) {
      throw UsageError("--batch", "only ONNX files have one", "leave it out, or say --format onnx");
    }
    if (half && format != "safetensors") {
      throw UsageError("--half", "ONNX files have 32-bit weights", "say --format safetensors");
    }
    onnx.Check();
    std::error_code ignored;
    if (fs::equivalent(files[0], output, ignored)) {
      throw UsageError("--output", fmt::format("{} is the checkpoint itself", output), "name another file");
    }
  }
};

// The network of a classifier of features, in its file.
struct FeatureNetwork {
  Graph graph;
  std::map<std::string, torch::Tensor> weights;
  FeatureScale scale;
};

FeatureNetwork LoadFeatureNetwork(const std::string& path, const CheckpointHeader& header) {
  const auto json = nlohmann::json::parse(header.metadata.at(kSpectrumKey), nullptr, false);
  const auto classifier = json.is_object() ? json.find("classifier") : json.end();
  if (classifier == json.end() || !classifier->is_object())
    throw Error(path, "its description is damaged", "train it again");
  if (!classifier->contains("network")) {
    throw Error(path, "of classifiers of features, networks alone have a form in ONNX",
                "seam infer, seam spectrum test and seam spectrum classify use it as it is");
  }
  FeatureNetwork network{MakeGraph(ModelOptions::FromJson((*classifier)["network"], path)), {}, {}};
  const auto tensors = LoadSafetensors(path).tensors;
  const auto find = [&](const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end())
      throw Error(path, fmt::format("the tensor '{}' is missing", name), "train it again");
    return ToTorch(found->second);
  };
  for (const WeightSpec& spec : ListWeights(network.graph)) {
    const torch::Tensor weight = find("network." + spec.name);
    if (weight.sizes() != torch::IntArrayRef(spec.shape))
      throw Error(path, fmt::format("the tensor '{}' has another shape than its network", spec.name),
                  "train it again");
    network.weights[spec.name] = weight;
  }
  if (tensors.contains("feature_mean")) {
    network.scale = {find("feature_mean"), find("feature_deviation")};
    const Shape& input = network.graph[0].shape;
    const std::int64_t numbers = std::int64_t{input.height} * input.width * input.channels;
    if (network.scale.mean.numel() != numbers || network.scale.deviation.numel() != numbers)
      throw Error(path, "its parts do not fit together", "train it again");
  }
  return network;
}

std::string ExportToOnnx(const std::string& path, const OnnxOptions& options) {
  const CheckpointHeader header = ReadCheckpointHeader(path);
  if (header.IsSpectrum()) {
    const FeatureNetwork network = LoadFeatureNetwork(path, header);
    return ToOnnx(network.graph, network.weights, header.metadata, options, network.scale);
  }
  const Checkpoint checkpoint = LoadCheckpoint(path);
  return ToOnnx(checkpoint.model->graph(), ListWeights(*checkpoint.model),
                CheckpointMetadata(checkpoint.model->options(), checkpoint.info), options);
}

}  // namespace

int ExportModel(const std::vector<std::string>& arguments) {
  Options options("seam models export", "CHECKPOINT --output FILE [OPTION...]",
                  "write a network for other programs: ONNX, or safetensors",
                  "seam models export best.safetensors --output best.onnx");
  Settings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check(options);
  const std::string& path = settings.files[0];
  if (settings.format == "safetensors") {
    const Checkpoint checkpoint = LoadCheckpoint(path);
    SaveCheckpoint(settings.output, *checkpoint.model, checkpoint.info,
                   settings.half ? WeightFormat::kHalf : WeightFormat::kFloat32);
  } else {
    WriteFile(settings.output, ExportToOnnx(path, settings.onnx));
  }
  return kExitGood;
}

}  // namespace seam

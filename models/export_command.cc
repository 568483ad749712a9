#include "models/export_command.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/options.h"
#include "models/torch/checkpoint.h"
#include "models/torch/onnx.h"

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

}  // namespace

int ExportModel(const std::vector<std::string>& arguments) {
  Options options("seam models export", "CHECKPOINT --output FILE [OPTION...]",
                  "write a network for other programs: ONNX, or safetensors",
                  "seam models export best.safetensors --output best.onnx");
  Settings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check(options);
  const Checkpoint checkpoint = LoadCheckpoint(settings.files[0]);
  if (settings.format == "safetensors") {
    SaveCheckpoint(settings.output, *checkpoint.model, checkpoint.info,
                   settings.half ? WeightFormat::kHalf : WeightFormat::kFloat32);
  } else {
    WriteFile(settings.output,
              ToOnnx(checkpoint.model->graph(), ListWeights(*checkpoint.model),
                     CheckpointMetadata(checkpoint.model->options(), checkpoint.info), settings.onnx));
  }
  return kExitGood;
}

}  // namespace seam

// Writes a checkpoint with fresh weights: as fast as a trained one, and as good as a coin.
//
//   fresh_checkpoint --model efficientnet_b0 --output b0.safetensors

#include <cstdio>

#include "base/error.h"
#include "base/options.h"
#include "base/program.h"
#include "models/torch/checkpoint.h"

namespace seam {
namespace {

int Write(const std::vector<std::string>& arguments) {
  ModelOptions model;
  std::string output;
  Options options("fresh_checkpoint", "[options]", "a checkpoint with fresh weights, for benchmarks",
                  "fresh_checkpoint --model efficientnet_b0 --output b0.safetensors");
  model.Register(&options);
  options.Add("output", &output, "the file to write");
  if (!options.Parse(arguments)) return kExitGood;
  model.Check();
  if (output.empty()) throw UsageError("--output", "is missing");
  const std::shared_ptr<Model> network = MakeModel(model);
  CheckpointInfo info;
  info.crop.set_size(static_cast<std::uint32_t>(network->input().size));
  info.crop.set_margin(0.3);
  info.crop.set_align("none");
  info.crop.set_detector("retinaface");
  info.crop.set_detect_size(320);
  info.crop.set_encoding("jpeg");
  info.crop.set_quality(95);
  if (network->input().frames > 1) info.crop.set_window_stride(1);
  info.notice = "fresh weights, for benchmarks: its scores mean nothing";
  SaveCheckpoint(output, *network, info);
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Write); }

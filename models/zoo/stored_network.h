#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/networks/graph.h"
#include "models/weights/dtype.h"
#include "models/zoo/model_options.h"
#include "proto/clip.pb.h"
#include "scores/calibration.h"

namespace seam {

// What a checkpoint says of itself besides its weights: docs/checkpoints.md.
struct CheckpointInfo {
  std::string model;       // a name of the registry; SaveCheckpoint() takes the model's own
  CropSpec crop;           // how the faces it was trained on were cut out; inference does the same
  int epoch = 0;           // finished epochs
  double threshold = 0.5;  // a score from here on is called fake
  std::optional<Calibration> calibration;
  std::string notice;  // what users must know: data, licence
  // JSON texts: the metrics on `val` after this epoch, and every option of the run, data digest, versions.
  std::string metrics = "{}";
  std::string recipe = "{}";
};

// The key of the metadata that marks a classifier of the frequency domain.
inline constexpr const char* kSpectrumKey = "seam.spectrum";

// What a checkpoint holds, as it is read without LibTorch: enough for inference on a CPU, which then starts
// without waiting for that library to load.
struct StoredNetwork {
  CheckpointInfo info;
  ModelOptions options;
  Graph graph;
  std::map<std::string, std::vector<float>> weights;  // by the names of ListWeights(Graph)
};

// An Error when the file is no checkpoint of Seam's or holds no network, or when this Seam does not know its
// model. An Error also names each tensor whose name, shape or type differs from the model's.
StoredNetwork LoadNetwork(const std::filesystem::path& path);

// What a file says of itself, whatever its weights are of: a network, or a classifier of the frequency
// domain, which spectrum/ reads.
struct CheckpointHeader {
  CheckpointInfo info;
  std::map<std::string, std::string> metadata;
  bool IsSpectrum() const { return metadata.contains(kSpectrumKey); }
};
// Of a file's bytes. An Error when it is no checkpoint of Seam's.
CheckpointHeader ReadCheckpointHeader(const std::filesystem::path& path);

// The metadata that every checkpoint has, of format 1.
std::map<std::string, std::string> CheckpointMetadata(const CheckpointInfo& info);
// What a file of a network's carries beside its weights.
std::map<std::string, std::string> CheckpointMetadata(const ModelOptions& options,
                                                      const CheckpointInfo& info);

// An Error, which names `subject`, when `info` makes no sense for a network of this name and input.
void CheckInfo(const CheckpointInfo& info, const std::string& model, int input_size,
               const std::string& subject);

// A weight that is offered to a network.
struct OfferedWeight {
  std::vector<std::int64_t> shape;
  std::optional<DType> type;        // none: one that no file of weights has
  std::function<bool()> is_finite;  // asked last, only where the rest fits
};

// An Error that names what is missing, left over, of another shape or type, or not finite. Half precision
// fits, too.
void CheckWeights(const std::map<std::string, OfferedWeight>& offered, const Graph& graph,
                  const std::string& subject);

}  // namespace seam

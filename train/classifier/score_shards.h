#pragma once

#include <string>

#include "base/cancel.h"
#include "base/options.h"
#include "models/torch/compile.h"

namespace seam {

// `seam score`: what a checkpoint says of the clips of a dataset folder.
struct ScoreShardsOptions {
  std::string model, data, split = "test", output;
  int batch = 64, workers = 0;
  bool force = false;  // although the crops were not cut out as the checkpoint's
  CompileOptions compile;
  CancelToken cancel;
  void Register(Options* options);
  void Check() const;
};

// Scores every clip of the split with the network's form for inference and writes the score file (JSON lines,
// docs/scores.md): a line for each video that the manifest puts into the split, also for those without clips.
// An image network scores every frame of a clip. A network of windows of T scores the T frames in the clip's
// middle. Validation does the same in training. False when cancelled; then nothing is written.
//
// Errors: what LoadCheckpoint(), ClipDataset and Compile() throw; clips of another size, of fewer frames, or
// (without `force`) cut out in another way than the checkpoint's.
bool ScoreShards(const ScoreShardsOptions& options);

}  // namespace seam

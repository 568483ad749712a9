#pragma once

#include <string>
#include <vector>

#include "base/options.h"
#include "extract/dataset/balance.h"
#include "extract/dataset/dataset_writer.h"
#include "extract/faces/extract_faces.h"
#include "labels/manifest.h"
#include "labels/video.h"

namespace seam {

struct StoreOptions {
  std::string boxes = "own";  // or "from-real"
  bool balance = false;
  void Register(Options* options);
};

// Stores the clips of all videos that are not stored yet; false when cancelled. With the boxes from the
// reals, those come first. Then each fake gives the clips of its real's main track: the same frames, cut out
// at the same positions. A fake whose real is not in the dataset, gave no clip, or has frames of another size
// finds its own faces.
bool StoreMissing(const StoreOptions& options, const ExtractOptions& extract,
                  const std::vector<Video>& videos, const DatasetWriter& writer);

// Warns of fakes that found their own faces.
void TellOwnBoxes(const std::vector<ManifestRow>& rows);

}  // namespace seam

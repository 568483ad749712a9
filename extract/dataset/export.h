#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/cancel.h"
#include "base/options.h"

namespace seam {

// For whom a dataset is written anew: docs/shards.md draws what each gets.
enum class ExportFormat : std::uint8_t {
  kWebDataset,     // tar files of pictures, labels and JSON
  kMediaSequence,  // TFRecord files of SequenceExample, with MediaSequence's keys
  kFrames,         // PNG folders and one JSON file, as DeepfakeBench lays datasets out
  kFolders,        // picture files with a label file each, and lists of paths and labels
};

struct ExportOptions {
  std::string format = "webdataset", output, name = "Seam";
  int samples = 1000;         // of one tar or TFRecord file
  bool under_sample = false;  // lists of folders: as many pictures of either class
  CancelToken cancel;
  void Register(Options* options);
  void Check() const;
  ExportFormat Format() const;
};

struct ExportCount {
  std::int64_t clips = 0, files = 0;
};

// Writes the clips of all splits of the dataset in `folder` below options.output, which must be empty or
// absent. Same dataset in, same bytes out. An Error where a shard is damaged or the run is cancelled; what
// was written until then is removed.
ExportCount ExportDataset(const std::filesystem::path& folder, const ExportOptions& options);

}  // namespace seam

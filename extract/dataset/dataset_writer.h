#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/options.h"
#include "extract/dataset/dataset_folder.h"
#include "extract/dataset/part.h"
#include "extract/faces/extract_faces.h"
#include "labels/manifest.h"
#include "labels/video.h"

namespace seam {

struct DatasetWriterOptions {
  DatasetFolderOptions folder;
  // Re-encoding is itself a trace, so it is the same for both classes and recorded.
  std::string encoding = "jpeg";
  int quality = 95;
  int shard_megabytes = 256;
  std::string shard;  // see ParsePart()
  void Register(Options* options);
  // Without the folder's.
  void Check() const;
  // What the clips record of the crop.
  CropSpec WithEncoding(CropSpec spec) const;
};

// Writes a dataset folder, or a part of one (docs/datasets.md).
//
// Every finished video is first stored by itself under OUTPUT/.work, its clips and then its manifest row,
// each file whole; Assemble() copies them in the order of the videos into shards and takes .work away. So a
// run that was stopped or killed loses only the videos that were in work, and --resume does the rest. The
// bytes are the same whatever the number of threads and of interruptions.
class DatasetWriter {
 public:
  // `settings` is what the clips depend on, recorded in dataset.json; an unfinished run with other settings
  // or videos is not resumed. `videos` are those of the whole dataset, also for a part. Errors: those of
  // DatasetFolder.
  DatasetWriter(const DatasetWriterOptions& options, const CropSpec& spec, nlohmann::json settings,
                std::vector<Video> videos);

  // Whether there is nothing to do: --resume, and the dataset is there.
  bool complete() const { return folder_.complete(); }
  // dataset.json, or part.json.
  const std::filesystem::path& description() const { return description_; }

  // How many videos are to be stored, and the numbers of those that are not yet.
  std::size_t size() const { return ours_.size(); }
  std::vector<std::size_t> Missing() const;

  // For videos[index]; any thread. Its Finish() stores the video.
  std::unique_ptr<ClipSink> MakeSink(std::size_t index) const;
  // The faces of the main track of videos[index], evenly `part` (0 to 1) of its clips. None when it is not
  // stored or gave none.
  std::optional<KnownFaces> GetFaces(std::size_t index, double part) const;

  // Makes the dataset of what is stored; every video must be. An Error, and what was there before stays, when
  // no face was found at all.
  void Assemble(const nlohmann::json& facts);

 private:
  std::filesystem::path RowFile(std::size_t index) const;
  bool IsStored(std::size_t index) const;

  DatasetWriterOptions options_;
  CropSpec spec_;
  nlohmann::json settings_;
  std::vector<Video> videos_;
  std::optional<Part> part_;
  std::vector<std::size_t> ours_;  // numbers of the videos that are to be stored
  DatasetFolder folder_;
  std::filesystem::path description_;
};

}  // namespace seam

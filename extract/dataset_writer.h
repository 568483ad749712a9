#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/options.h"
#include "extract/extract_faces.h"
#include "labels/manifest.h"
#include "labels/video.h"

namespace seam {

struct DatasetWriterOptions {
  std::string output;
  std::string faces = "largest";
  // Re-encoding is itself a trace, so it is the same for both classes and recorded.
  std::string encoding = "jpeg";
  int quality = 95;
  int shard_megabytes = 256;
  bool resume = false, overwrite = false;
  void Register(Options* options);
  void Check() const;
};

// Writes a dataset folder: shards, manifest.jsonl, dataset.json (docs/datasets.md).
//
// Every finished video is first stored by itself under OUTPUT/.work, its clips and then its manifest row,
// each file whole; Assemble() copies them in the order of the videos into shards and takes .work away. So a
// run that was stopped or killed loses only the videos that were in work, --resume does the rest, and the
// bytes are the same whatever the number of threads and of interruptions.
class DatasetWriter {
 public:
  // `settings` is what the clips depend on, recorded in dataset.json; an unfinished run with other settings
  // or videos is not resumed. Errors: the folder already holds a dataset or an unfinished run.
  DatasetWriter(DatasetWriterOptions options, const CropSpec& spec, nlohmann::json settings,
                std::vector<Video> videos);

  ~DatasetWriter();
  DatasetWriter(const DatasetWriter&) = delete;
  DatasetWriter& operator=(const DatasetWriter&) = delete;

  // The numbers of the videos that are not stored yet.
  std::vector<std::size_t> Missing() const;

  // For videos[index]; any thread. Its Finish() stores the video.
  std::unique_ptr<CropSink> MakeSink(std::size_t index) const;

  // Makes the dataset of what is stored; every video must be. Returns the manifest's rows.
  // An Error, and what was there before stays, when no face was found at all.
  std::vector<ManifestRow> Assemble(const nlohmann::json& facts);

 private:
  std::filesystem::path RowFile(std::size_t index) const;
  void Prepare();
  bool IsStored(std::size_t index) const;
  bool AnyClips() const;
  // An Error when another process writes here.
  void Lock();
  void ClearWork() const;
  // The files of a dataset, whole or in parts, that lie in the folder.
  std::vector<std::filesystem::path> OurFiles() const;

  DatasetWriterOptions options_;
  std::filesystem::path folder_, work_;
  CropSpec spec_;
  nlohmann::json settings_;
  std::vector<Video> videos_;
  int lock_descriptor_ = -1;
};

}  // namespace seam

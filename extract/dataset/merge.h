#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "extract/dataset/dataset_folder.h"
#include "labels/manifest.h"

namespace seam {

// Joins the parts that `seam extract --shard I/N` made into the dataset that one run would have made, byte
// for byte. The parts stay as they are.
class PartMerger {
 public:
  // Reads what the folders say of themselves. An Error names the part that is none, has not ended, is given
  // twice, or is of another extraction than the first. It names those that are missing, too.
  explicit PartMerger(std::vector<std::filesystem::path> folders);

  // Writes the dataset; nothing where it is there already and --resume is given. An Error when a part's
  // shards are damaged or do not fit its manifest.
  void Write(const DatasetFolderOptions& options) const;

 private:
  struct LoadedPart {
    std::filesystem::path folder;
    nlohmann::json description;
    std::size_t index = 0, count = 0;  // from 1 on
    std::vector<ManifestRow> rows;
  };

  struct PartRow {
    const LoadedPart* part;
    const ManifestRow* row;
  };

  static LoadedPart Load(const std::filesystem::path& folder);
  void CheckSameExtraction() const;
  void CheckEachOnce() const;
  std::vector<PartRow> InOrder() const;

  std::vector<LoadedPart> parts_;
};

}  // namespace seam

#pragma once

#include <filesystem>
#include <string>

#include "base/options.h"
#include "check/findings.h"

namespace seam {

struct VerifyOptions {
  std::string dataset = "auto";  // layout of a tree of videos
  std::string data;              // of a checkpoint: the shards that it should have been trained on
  bool open = true;              // open every video of a tree
  void Register(Options* options);
};

// What lies at `path`: a dataset of shards, a tree of videos, a checkpoint, or a score file. An Error when it
// is none of these; what is wrong with it otherwise is a finding.
VerifyResult Verify(const std::filesystem::path& path, const VerifyOptions& options);

// One for each kind.
VerifyResult VerifyShards(const std::filesystem::path& folder);
VerifyResult VerifyTree(const std::filesystem::path& root, const VerifyOptions& options);
VerifyResult VerifyWeights(const std::filesystem::path& file, const VerifyOptions& options);
VerifyResult VerifyScores(const std::filesystem::path& file);

// Compares files with the digests that lie beside them: `SHA256SUMS`, `sha256sums.txt` and `NAME.sha256` in
// `folder`, as sha256sum writes them. Of `only`, where it is not empty, alone.
void CheckSums(const std::filesystem::path& folder, const std::string& only, VerifyResult* result);

}  // namespace seam

#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/options.h"
#include "extract/faces/extract_faces.h"
#include "spectrum/experiments/inputs.h"
#include "spectrum/experiments/picture_change.h"
#include "spectrum/feature.h"
#include "spectrum/feature_set.h"

namespace seam {

// How features are taken of many files.
struct MakeOptions {
  FeatureOptions feature;
  PictureChangeOptions change;  // what is done to whole pictures and to crops before
  int copies = 1;               // rows of each picture, each changed by itself
  ExtractOptions extract;       // of faces, and of whole videos how many frames
  bool whole = false;           // whole pictures and frames, without looking for faces
  std::string split = "all";
  int num_files = 0;  // of each class; 0: all
  void Register(Options* options);
  void Check() const;
};

struct MadeFeatures {
  FeatureSet set;
  std::vector<std::pair<std::string, std::string>> bad;  // what gave no features, and why
};

// The features of all inputs, in their order, on all cores. What cannot be read is in `bad`. `work`, where
// given, is a file that keeps what is done, for a later call with the same inputs and options; the caller
// removes it when the result is safe. None when the user interrupted.
std::optional<MadeFeatures> MakeFeatures(const std::vector<std::string>& inputs, const MakeOptions& options,
                                         const std::filesystem::path& work = {});

}  // namespace seam

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/options.h"
#include "train/data/dataset.h"
#include "train/data/fakes.h"

namespace seam {

// Which data a run is made of.
struct DataOptions {
  std::string folders = {};  // DIR[,DIR...]
  std::string weights = {};  // X[,X...], one for each folder; empty: all 1
  bool strict = false;
  bool allow_leak = false;
  void Register(Options* options);
  void Check() const { Folders(); }
  // UsageError: none, one twice, or weights that are no positive numbers or not as many. A folder that exists
  // by the whole text, commas and all, is that folder.
  std::vector<DataFolder> Folders() const;
};

struct TrainingData {
  std::unique_ptr<ClipDataset> train, val;
};

// Opens the split `train` of all folders, and checks nothing else but that fakes can be made where they are
// to be.
std::unique_ptr<ClipDataset> OpenTrainSplit(const DataOptions& options, const FakesOptions& fakes);

// Opens both splits and checks that they may be used together. An Error when a folder is marked as leaking,
// or when a group or a picture is in both splits; with allow_leak these are warnings. An Error when the
// splits differ in their CropSpec or frames, or when one of them has one class alone. With --fakes sbi a
// `train` without fakes is good, and a `val` without fakes gets self-blended ones.
TrainingData OpenTrainingData(const DataOptions& options, const FakesOptions& fakes = {});

}  // namespace seam

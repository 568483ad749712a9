#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/options.h"
#include "labels/layout.h"
#include "labels/split.h"
#include "labels/video.h"

namespace seam {

struct PlanOptions {
  std::string input;
  LayoutOptions layout;
  SplitOptions split;
  std::string official_overlap = "exclude";  // keep: train on what shares footage with an official list
  bool allow_leak = false;
  void Register(Options* options);
  void Check() const;
};

// What an extraction is to do, before a single file is opened as a video.
struct DatasetPlan {
  std::string layout;  // name of the dataset's layout
  // In order of id, each with its group and, unless it is left out, its split. A video that is left out has a
  // status: it gets its row in the manifest and nothing is read of it.
  std::vector<Video> videos;
  nlohmann::json facts;  // for dataset.json; docs/datasets.md
};

// Lists, groups, splits and checks the dataset. Warnings tell what a user should know. An Error when the tree
// is not the layout's, or when the splits leak and that is not allowed; each leak is then a warning.
DatasetPlan MakePlan(const PlanOptions& options);

}  // namespace seam

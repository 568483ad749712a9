#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/options.h"
#include "labels/listing.h"
#include "labels/video.h"

namespace seam {

// What the user says of how a dataset lies on disk. Options after `dataset` belong to some layouts only.
struct LayoutOptions {
  std::string dataset = "auto";
  std::string group_by;      // folder, csv, list: regular expression; see KeyFinder
  std::string csv;           // csv: the table, where --input is the folder of its paths
  std::string compression;   // faceforensics++: c23,c40,raw
  std::string methods;       // faceforensics++: of manipulation
  std::string variants;      // deeperforensics-1.0: folders of manipulated_videos/
  std::string reals;         // deeperforensics-1.0, coco-fake: where the real videos or pictures are
  std::string label_prefix;  // named: how the names of fakes begin
  MediaTest by_content;      // of no option: what files of other names are; empty: names alone decide
  void Register(Options* options);
};

// A way in which datasets lie on disk: a row of the table in layout.cc.
struct DatasetLayout {
  std::string name;
  std::string tree;                                        // what it looks like, for messages
  std::vector<std::string> options;                        // of those above that belong to it
  bool (*fits)(const std::filesystem::path& root);         // whether `root` has the folders that it needs
  std::string (*sign)(const std::filesystem::path& root);  // why `root` is one, for --dataset auto, or ""
  Listing (*list)(const LayoutOptions& options, const std::filesystem::path& root);
};

// The layout that the options name or, for "auto", the one that `root` shows; a note says why. An Error when
// `root` is none, with the tree that was expected, what was found, and the folder to name instead where one
// is near. A UsageError for an unknown name and for an option of another layout.
const DatasetLayout& ChooseLayout(const LayoutOptions& options, const std::filesystem::path& root);

// Every video below `root` in order of id. An Error when there is none, and when all are of one class while
// files were left out that may be the other.
Listing ListDataset(const DatasetLayout& layout, const LayoutOptions& options,
                    const std::filesystem::path& root);

// The names of all layouts.
std::vector<std::string> LayoutNames();

// Error that shows the tree that was expected beside what was found.
Error WrongTree(const DatasetLayout& layout, const std::filesystem::path& root, const std::string& problem);

}  // namespace seam

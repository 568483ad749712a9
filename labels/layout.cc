#include "labels/layout.h"

#include <algorithm>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "labels/celeb_df.h"
#include "labels/csv_layout.h"
#include "labels/deeperforensics.h"
#include "labels/dfdc.h"
#include "labels/faceforensics.h"
#include "labels/folder_layout.h"
#include "labels/list_layout.h"
#include "labels/picture_sets.h"
#include "labels/uadfv.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// Adding a layout is adding a row. `auto` takes the first that shows its sign.
const std::vector<DatasetLayout>& LayoutTable() {
  static const std::vector<DatasetLayout> table = {
      CsvLayout(),       FaceForensicsLayout(), CelebDfLayout(2), CelebDfLayout(1), DeeperForensicsLayout(),
      DfdcLayout(),      UadfvLayout(),         DffdLayout(),     CocoFakeLayout(), CifakeLayout(),
      ChallengeLayout(), ListLayout(),          FolderLayout(),   NamedLayout(),
  };
  return table;
}

// The options that belong to some layouts only, and whether the user gave them.
std::vector<std::pair<std::string, bool>> Given(const LayoutOptions& options) {
  return {{"group-by", !options.group_by.empty()},        {"csv", !options.csv.empty()},
          {"compression", !options.compression.empty()},  {"methods", !options.methods.empty()},
          {"variants", !options.variants.empty()},        {"reals", !options.reals.empty()},
          {"label-prefix", !options.label_prefix.empty()}};
}

void CheckOptions(const DatasetLayout& layout, const LayoutOptions& options) {
  for (const auto& [name, given] : Given(options)) {
    const auto& known = layout.options;
    if (!given || std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::vector<std::string> owners;
    for (const auto& other : LayoutTable()) {
      if (std::find(other.options.begin(), other.options.end(), name) != other.options.end())
        owners.push_back(other.name);
    }
    throw UsageError("--" + name, "has no meaning for the dataset " + layout.name,
                     fmt::format("it belongs to --dataset {}", fmt::join(owners, " or ")));
  }
}

// Whether `folder` has a name that stands in the tree of a layout.
bool IsNamed(const fs::path& folder, const std::string& layout) {
  const std::string name = folder.filename().string() + "/";
  return std::any_of(LayoutTable().begin(), LayoutTable().end(), [&](const DatasetLayout& row) {
    return row.name == layout && row.tree.find(name) != std::string::npos;
  });
}

// Whether `root` is a part of a known dataset, which lies up to five folders above: its folders may look like
// plain ones, but say less than the whole.
bool IsPart(const fs::path& root) {
  constexpr int kAbove = 5;
  std::error_code ignored;
  fs::path above = fs::weakly_canonical(root, ignored);
  for (int i = 0; i < kAbove && above.has_relative_path(); ++i) {
    const fs::path below = std::exchange(above, above.parent_path());
    for (const auto& layout : LayoutTable()) {
      if (layout.name != FolderLayout().name && IsNamed(below, layout.name) && !layout.sign(above).empty())
        return true;
    }
  }
  return false;
}

const DatasetLayout* Recognise(const fs::path& root) {
  for (const auto& layout : LayoutTable()) {
    if (layout.sign(root).empty()) continue;
    return layout.name == FolderLayout().name && IsPart(root) ? nullptr : &layout;
  }
  return nullptr;
}

// Whether `root` is what the user wants: the layout `wanted`, or any where there is none.
std::string NameIfWanted(const DatasetLayout* wanted, const fs::path& root) {
  if (wanted != nullptr) return wanted->fits(root) ? wanted->name : "";
  const DatasetLayout* found = Recognise(root);
  return found == nullptr ? "" : found->name;
}

// The folders directly in `folder`, hidden ones not, in order; the first few.
std::vector<fs::path> FoldersIn(const fs::path& folder) {
  constexpr std::size_t kAtMost = 64;
  std::set<fs::path> folders;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    if (entry->is_directory(ignored) && !entry->path().filename().native().starts_with('.'))
      folders.insert(entry->path());
    if (folders.size() > kAtMost) break;
  }
  return {folders.begin(), folders.end()};
}

// Roots that lie up to two folders below, or up to five above by the name of the folder in between; those
// nearest below come first.
std::vector<std::string> NearRoots(const DatasetLayout* wanted, const fs::path& root) {
  constexpr std::size_t kAtMost = 3;
  constexpr int kAbove = 5;
  std::vector<std::string> near;
  const auto add = [&](const fs::path& folder) {
    if (near.size() >= kAtMost) return;
    if (const std::string name = NameIfWanted(wanted, folder); !name.empty())
      near.push_back(wanted != nullptr ? folder.string() : fmt::format("{} ({})", folder.string(), name));
  };
  const auto children = FoldersIn(root);
  for (const auto& child : children) add(child);
  if (near.empty()) {
    for (const auto& child : children) {
      for (const auto& grandchild : FoldersIn(child)) add(grandchild);
    }
  }
  std::error_code ignored;
  fs::path above = fs::weakly_canonical(root, ignored);
  for (int i = 0; i < kAbove && near.empty() && above.has_relative_path(); ++i) {
    const fs::path below = std::exchange(above, above.parent_path());
    if (IsNamed(below, NameIfWanted(wanted, above))) add(above);
  }
  return near;
}

std::string Instead(const DatasetLayout* wanted, const fs::path& root) {
  const auto near = NearRoots(wanted, root);
  return near.empty() ? "" : fmt::format("; name {} instead", fmt::join(near, ", or "));
}

void CheckExists(const fs::path& root) {
  std::error_code code;
  if (!fs::exists(root, code)) {
    throw Error(root.string(), "cannot be read: " + (code ? code.message() : "No such file or directory"),
                "check the path");
  }
}

}  // namespace

void LayoutOptions::Register(Options* options) {
  auto names = LayoutNames();
  names.insert(names.begin(), "auto");
  options->Add("dataset", &dataset, "how the dataset lies on disk", names);
  options->Add(
      "group-by", &group_by,
      "regular expression: files whose names share a match stay in one split (folder, csv, list; default: "
      "the same stem)");
  options->Add("csv", &csv, "table of path,label[,split][,group][,method]; its paths are below --input");
  options->Add("compression", &compression, "of faceforensics++: c23, c40, raw, or a list; default: all");
  options->Add("methods", &methods, "of faceforensics++, a list, and their originals; default: all");
  options->Add("variants", &variants, "of deeperforensics-1.0, a list; default: all");
  options->Add(
      "reals", &reals,
      "of deeperforensics-1.0: folder of the FaceForensics++ c23 originals; of coco-fake: of COCO 2014");
  options->Add("label-prefix", &label_prefix,
               "files whose names begin so are fake, all others real (--dataset named)");
}

std::vector<std::string> LayoutNames() {
  std::vector<std::string> names;
  for (const auto& layout : LayoutTable()) names.push_back(layout.name);
  std::sort(names.begin(), names.end());
  return names;
}

Error WrongTree(const DatasetLayout& layout, const fs::path& root, const std::string& problem) {
  return Error(root.string(), problem,
               fmt::format("expected {}; found: {}{}", layout.tree, Shown(root),
                           layout.fits(root) ? "" : Instead(&layout, root)));
}

const DatasetLayout& ChooseLayout(const LayoutOptions& options, const fs::path& root) {
  const bool automatic = options.dataset == "auto";
  const DatasetLayout* chosen = nullptr;
  // Options that belong to one layout alone name it.
  const std::string wanted = !automatic                      ? options.dataset
                             : !options.csv.empty()          ? "csv"
                             : !options.label_prefix.empty() ? "named"
                                                             : "auto";
  for (const auto& layout : LayoutTable()) {
    if (layout.name == wanted) chosen = &layout;
  }
  if (chosen == nullptr && !automatic) {
    throw UsageError("--dataset", fmt::format("'{}' is not a dataset layout", options.dataset),
                     fmt::format("choose from: auto, {}", fmt::join(LayoutNames(), ", ")));
  }
  if (chosen != nullptr) CheckOptions(*chosen, options);
  CheckExists(root);
  if (chosen == nullptr) {
    chosen = Recognise(root);
    if (chosen == nullptr) {
      throw Error(root.string(), "is no dataset that Seam recognises",
                  fmt::format("expected {}, or what --dataset names; found: {}{}", FolderLayout().tree,
                              Shown(root), Instead(nullptr, root)));
    }
    Say(Printable(
        fmt::format("dataset: {}, because {} {}", chosen->name, root.string(), chosen->sign(root))));
    CheckOptions(*chosen, options);
  }
  if (!chosen->fits(root)) {
    throw WrongTree(*chosen, root, fmt::format("is no tree of the dataset {}", chosen->name));
  }
  return *chosen;
}

Listing ListDataset(const DatasetLayout& layout, const LayoutOptions& options, const fs::path& root) {
  Listing listing = layout.list(options, root);
  if (listing.videos.empty()) throw WrongTree(layout, root, "no videos of known label");
  const Label first = listing.videos.front().label;
  const bool both = std::any_of(listing.videos.begin(), listing.videos.end(),
                                [&](const Video& video) { return video.label != first; });
  if (!both && !listing.lost.empty()) {
    throw WrongTree(layout, root,
                    fmt::format("only {} videos were found, {} of them, and {}",
                                first == FAKE ? "fake" : "real", listing.videos.size(), listing.lost));
  }
  std::sort(listing.videos.begin(), listing.videos.end(),
            [](const Video& a, const Video& b) { return a.id < b.id; });
  for (Video& video : listing.videos) video.dataset = layout.name;
  return listing;
}

}  // namespace seam

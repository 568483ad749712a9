#include <chrono>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "check/public_lists.h"
#include "check/verify.h"
#include "extract/media/video_reader.h"
#include "labels/layout.h"
#include "labels/video.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

void OpenAll(const fs::path& root, VerifyResult* result) {
  std::vector<std::pair<fs::path, std::string>> problems;
  const std::vector<fs::path> files = ListMediaFiles(root, &problems);
  for (const auto& [folder, words] : problems) result->Add(FindingKind::kDamaged, folder.string(), words);
  std::size_t opened = 0;
  Progress progress("verify", static_cast<std::int64_t>(files.size()), "files", std::chrono::seconds(3));
  for (const fs::path& file : files) {
    try {
      const VideoReader reader(file);
      ++opened;
    } catch (const Error& error) {
      result->Add(FindingKind::kDamaged, fs::relative(file, root).string(), error.what());
    }
    progress.Advance();
  }
  result->there.push_back(fmt::format("{} of {} videos and pictures can be opened", opened, files.size()));
}

}  // namespace

VerifyResult VerifyTree(const fs::path& root, const VerifyOptions& options) {
  LayoutOptions layout_options;
  layout_options.dataset = options.dataset;
  const DatasetLayout& layout = ChooseLayout(layout_options, root);
  VerifyResult result{root.string(), "tree of " + layout.name, {}, {}, {}};
  const PublicList list = ReadPublicList(layout, root);
  if (list.file.empty()) {
    result.notes.push_back(layout.name + ": no public list of its videos is there");
  } else {
    std::size_t found = 0;
    for (const std::string& name : list.names) {
      if (list.there.count(name) > 0) {
        ++found;
      } else {
        result.Add(FindingKind::kMissing, name, "named in " + list.file);
      }
    }
    for (const std::string& name : list.there) {
      if (list.names.count(name) == 0) result.Add(FindingKind::kExtra, name, "not named in " + list.file);
    }
    result.there.push_back(fmt::format("{} of {} videos of {}", found, list.names.size(), list.file));
  }
  result.notes.insert(result.notes.end(), list.notes.begin(), list.notes.end());
  CheckSums(root, "", &result);
  if (options.open) OpenAll(root, &result);
  return result;
}

}  // namespace seam

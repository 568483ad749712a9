#include "spectrum/experiments/inputs.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "extract/media/media_kind.h"
#include "labels/folder_layout.h"
#include "labels/listing.h"
#include "labels/video.h"
#include "proto/shard.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> FoldersIn(const fs::path& root) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory() && !entry.path().filename().string().starts_with("."))
      folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string NameOfFolder(const fs::path& folder) {
  const fs::path name = folder.filename();
  return Utf8Id((name.empty() || name == "." ? fs::weakly_canonical(folder).filename() : name).string());
}

// By the endings of their names or else by their first bytes, as seam extract and seam infer take files.
std::vector<fs::path> MediaIn(const fs::path& folder) {
  std::vector<fs::path> others, media = ListMediaFiles(folder, nullptr, &others);
  AddByContent(LooksLikeMedia, &others, &media);
  return media;
}

// Media files with the name of the folder that says their class; "" where none does.
class Finder {
 public:
  explicit Finder(std::string split) : split_(std::move(split)) {}

  void Find(const fs::path& path) {
    if (!fs::exists(path)) throw Error(path.string(), "no such file or folder");
    if (!fs::is_directory(path)) {
      files_[""].push_back(path);
    } else if (!ListSplits(path).empty()) {
      shards_.push_back(path);
    } else {
      FindIn(path);
    }
  }

  SpectrumInputs Take(std::size_t per_class) {
    SpectrumInputs result;
    const bool labels = NamesAreLabels();
    if (labels || !shards_.empty()) result.classes = {"real", "fake"};
    if (!labels && !shards_.empty() && Named())
      throw Error(shards_[0].string(), "shards are real or fake, other folders here are sources");
    for (const auto& [name, files] : files_) {
      if (!labels && !name.empty()) result.classes.push_back(name);
    }
    for (const fs::path& folder : shards_)
      result.inputs.push_back({SpectrumInput::Kind::kShards, folder, -1});
    std::map<int, std::vector<SpectrumInput>> by_label;
    for (const auto& [name, files] : files_) {
      const int label = FindLabel(name, labels, result.classes);
      for (const fs::path& file : files) {
        by_label[label].push_back(
            {IsStill(file) ? SpectrumInput::Kind::kPicture : SpectrumInput::Kind::kVideo, file, label});
      }
    }
    for (auto& [label, inputs] : by_label) {
      if (per_class > 0 && inputs.size() > per_class) inputs.resize(per_class);
      result.inputs.insert(result.inputs.end(), inputs.begin(), inputs.end());
    }
    if (result.inputs.empty()) throw Error("inputs", "hold no picture, video or shard");
    return result;
  }

 private:
  bool Named() const {
    return std::any_of(files_.begin(), files_.end(), [](const auto& entry) { return !entry.first.empty(); });
  }

  void FindIn(const fs::path& root) {
    const std::vector<fs::path> folders = FoldersIn(root);
    const bool splits = std::any_of(folders.begin(), folders.end(), [](const fs::path& folder) {
      return !SplitOfFolder(folder.filename().string()).empty();
    });
    if (splits) {
      for (const fs::path& folder : folders) {
        const std::string split = SplitOfFolder(folder.filename().string());
        if (!split.empty() && (split_ == "all" || split_ == split)) FindIn(folder);
      }
      return;
    }
    Label ignored;
    const bool is_class = LabelOfFolder(NameOfFolder(root), &ignored);
    bool found = false;
    for (const fs::path& folder : folders) {
      if (is_class) break;
      const std::vector<fs::path> media = MediaIn(folder);
      auto& files = files_[media.empty() ? "" : NameOfFolder(folder)];
      files.insert(files.end(), media.begin(), media.end());
      found = found || !media.empty();
    }
    if (found) return;
    const std::vector<fs::path> media = MediaIn(root);
    auto& files = files_[is_class ? NameOfFolder(root) : ""];
    files.insert(files.end(), media.begin(), media.end());
  }

  // An Error for labels beside sources.
  bool NamesAreLabels() const {
    std::size_t labels = 0, named = 0;
    Label ignored;
    std::vector<std::string> names;
    for (const auto& [name, files] : files_) {
      if (name.empty()) continue;
      ++named;
      names.push_back(name);
      if (LabelOfFolder(name, &ignored)) ++labels;
    }
    if (labels > 0 && labels < named) {
      throw Error("inputs",
                  fmt::format("some folders are real or fake, others are not: {}", fmt::join(names, ", ")),
                  "name folders of one kind: real and fake, or one a source");
    }
    return labels > 0;
  }

  static int FindLabel(const std::string& name, bool labels, const std::vector<std::string>& classes) {
    if (name.empty()) return -1;
    Label label = REAL;
    if (labels && LabelOfFolder(name, &label)) return label == FAKE ? 1 : 0;
    return static_cast<int>(std::find(classes.begin(), classes.end(), name) - classes.begin());
  }

  std::string split_;
  std::map<std::string, std::vector<fs::path>> files_;
  std::vector<fs::path> shards_;
};

}  // namespace

SpectrumInputs FindSpectrumInputs(const std::vector<std::string>& paths, const std::string& split,
                                  std::size_t per_class) {
  Finder finder(split);
  for (const std::string& path : paths) finder.Find(path);
  return finder.Take(per_class);
}

}  // namespace seam

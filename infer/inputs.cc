#include "infer/inputs.h"

#include <set>

#include "base/error.h"
#include "labels/folder_layout.h"
#include "labels/video.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// The label of the first folder below `root` on the way to the file that has one, as `seam extract` reads a
// tree; else that of the nearest folder around `root`.
std::optional<int> LabelOf(const fs::path& root, const fs::path& file) {
  std::error_code ignored;
  Label label = REAL;
  const fs::path inside = file.lexically_relative(root).parent_path();
  for (const fs::path& folder : inside) {
    if (LabelOfFolder(folder.string(), &label)) return static_cast<int>(label);
  }
  fs::path folder =
      fs::weakly_canonical(fs::is_directory(root, ignored) ? root : root.parent_path(), ignored);
  for (; folder.has_filename(); folder = folder.parent_path()) {
    if (LabelOfFolder(folder.filename().string(), &label)) return static_cast<int>(label);
  }
  return std::nullopt;
}

void AddFolder(const fs::path& folder, bool label_folders, std::vector<Input>* inputs) {
  std::vector<std::pair<fs::path, std::string>> unreadable;
  try {
    const std::vector<fs::path> files = ListMediaFiles(folder, &unreadable);
    for (const fs::path& file : files) {
      inputs->push_back({file, label_folders ? LabelOf(folder, file) : std::nullopt, "", ""});
    }
    for (const auto& [path, words] : unreadable)
      inputs->push_back({path, {}, "cannot be listed: " + words, "check the permissions"});
    if (files.empty() && unreadable.empty()) {
      inputs->push_back({folder, {}, "holds no video or picture", "name a folder with videos in it"});
    }
  } catch (const Error& error) {
    inputs->push_back({folder, {}, "cannot be listed", error.hint()});
  }
}

}  // namespace

std::vector<Input> ListInputs(const std::vector<std::string>& named, bool label_folders) {
  std::vector<Input> all;
  for (const std::string& name : named) {
    std::error_code failure;
    if (fs::is_directory(name, failure)) {
      AddFolder(name, label_folders, &all);
      continue;
    }
    const bool there = fs::exists(name, failure);
    const std::string problem = there ? "" : failure ? failure.message() : "no such file or folder";
    all.push_back({name, label_folders ? LabelOf(name, name) : std::nullopt, problem, "check the path"});
  }
  std::vector<Input> inputs;
  std::set<fs::path> seen;
  for (Input& input : all) {
    if (seen.insert(input.path.lexically_normal()).second) inputs.push_back(std::move(input));
  }
  return inputs;
}

}  // namespace seam

#include "infer/inputs.h"

#include <set>

#include "base/error.h"
#include "labels/layout.h"
#include "labels/video.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

std::optional<int> LabelOf(const fs::path& file) {
  std::error_code ignored;
  for (fs::path folder = fs::absolute(file, ignored).parent_path(); folder.has_filename();
       folder = folder.parent_path()) {
    Label label = REAL;
    if (LabelOfFolder(folder.filename().string(), &label)) return static_cast<int>(label);
  }
  return std::nullopt;
}

void AddFolder(const fs::path& folder, std::vector<Input>* inputs) {
  std::vector<std::pair<fs::path, std::string>> unreadable;
  try {
    const std::vector<fs::path> files = ListMediaFiles(folder, &unreadable);
    for (const fs::path& file : files) inputs->push_back({file, {}, "", ""});
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
    if (fs::is_directory(name, failure))
      AddFolder(name, &all);
    else
      all.push_back({name, {}, fs::exists(name, failure) ? "" : "no such file or folder", "check the path"});
  }
  std::vector<Input> inputs;
  std::set<fs::path> seen;
  for (Input& input : all) {
    if (!seen.insert(input.path.lexically_normal()).second) continue;
    if (label_folders) input.label = LabelOf(input.path);
    inputs.push_back(std::move(input));
  }
  return inputs;
}

}  // namespace seam

#include "tests/labels/made_tree.h"

#include "base/files.h"

namespace seam {

void MadeTree::Add(const std::vector<std::string>& names) {
  for (const auto& name : names) Write(name, name);
}

void MadeTree::Write(const std::string& name, const std::string& text) {
  std::filesystem::create_directories((folder_ / name).parent_path());
  WriteFile(folder_ / name, text);
}

Listing MadeTree::List(LayoutOptions options) const {
  return ListDataset(ChooseLayout(options, path()), options, path());
}

Listing MadeTree::List(const std::string& dataset) const { return List(Dataset(dataset)); }

std::string MadeTree::Message(const LayoutOptions& options) const {
  return CatchMessage([&] { List(options); });
}

std::string MadeTree::Hint(const LayoutOptions& options) const {
  return CatchHint([&] { List(options); });
}

LayoutOptions Dataset(const std::string& name) {
  LayoutOptions options;
  options.dataset = name;
  return options;
}

Video Find(const std::vector<Video>& videos, const std::string& id) {
  for (const Video& video : videos) {
    if (video.id == id) return video;
  }
  ADD_FAILURE() << id << " is not listed";
  return {};
}

}  // namespace seam

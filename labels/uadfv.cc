#include "labels/uadfv.h"

#include <regex>
#include <system_error>

namespace seam {

namespace fs = std::filesystem;

namespace {

// The number in a name of the dataset; empty where the name is another.
std::string ReadNumber(const std::string& name, Label label) {
  static const std::regex real("([0-9]+)"), fake("([0-9]+)_fake");
  std::smatch match;
  return std::regex_match(name, match, label == FAKE ? fake : real) ? match[1].str() : "";
}

Listing List(const LayoutOptions& options, const fs::path& root) {
  Listing listing;
  Tree tree(root, options.by_content);
  for (Tree::File& file : tree.media()) {
    const bool fake = file.parts[0] == "fake";
    if (file.parts.size() < 2 || (!fake && file.parts[0] != "real")) continue;
    const std::string name = NameAt(file.parts, 1);
    Video video = Tree::Take(&file, fake ? FAKE : REAL);
    const std::string number = ReadNumber(name, video.label);
    video.keys = {number.empty() ? name : number};
    video.footage = number;
    listing.videos.push_back(std::move(video));
  }
  tree.TellLeftOut("real/ and fake/", &listing);
  NoteEmptyClass(root, "fake", FAKE, &listing);
  NoteEmptyClass(root, "real", REAL, &listing);
  return listing;
}

bool Fits(const fs::path& root) {
  std::error_code ignored;
  return fs::is_directory(root / "real", ignored) && fs::is_directory(root / "fake", ignored);
}

// Whether all media files and folders in `folder`, and one at least, have names of the dataset. What is in
// folders of a kind (videos/, frames/) counts as if it were in `folder`.
bool AllNamed(const fs::path& folder, Label label) {
  std::size_t count = 0;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    std::error_code ignored;
    const bool deeper = entry->is_directory(ignored);
    if (!deeper && !IsMediaFile(entry->path())) continue;
    if (deeper && IsKindFolder(entry->path().filename().string())) {
      if (!AllNamed(entry->path(), label)) return false;
      ++count;
      continue;
    }
    const fs::path name = deeper ? entry->path().filename() : entry->path().stem();
    if (ReadNumber(name.string(), label).empty()) return false;
    ++count;
  }
  return !code && count > 0;
}

std::string Sign(const fs::path& root) {
  const bool named = Fits(root) && AllNamed(root / "real", REAL) && AllNamed(root / "fake", FAKE);
  return named ? "has fake/NNNN_fake beside real/NNNN" : "";
}

}  // namespace

DatasetLayout UadfvLayout() {
  return {"uadfv", "real/NNNN.mp4 and fake/NNNN_fake.mp4", {}, Fits, Sign, List};
}

}  // namespace seam

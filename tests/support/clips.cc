#include "tests/support/clips.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/support.h"

namespace seam {

namespace fs = std::filesystem;

std::vector<fs::path> SharedClips() {
  std::vector<fs::path> clips;
  const fs::path root = SharedPath("data/clips");
  if (!fs::exists(root)) return clips;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".mp4") clips.push_back(entry.path());
  }
  std::sort(clips.begin(), clips.end());
  return clips;
}

std::vector<fs::path> OneSharedClipOfEachFolder() {
  std::map<fs::path, fs::path> smallest;
  for (const fs::path& clip : SharedClips()) {
    fs::path& best = smallest.try_emplace(clip.parent_path(), clip).first->second;
    if (fs::file_size(clip) < fs::file_size(best)) best = clip;
  }
  std::vector<fs::path> clips;
  for (const auto& [folder, clip] : smallest) clips.push_back(clip);
  return clips;
}

fs::path MakeVideo(const fs::path& path, const std::string& arguments) {
  const CommandResult result =
      RunCommand("ffmpeg -nostdin -y -loglevel error " + arguments + " " + Quoted(path.string()));
  if (result.status != 0) throw Error(path.string(), "ffmpeg failed: " + result.err);
  return path;
}

fs::path DemoClip() { return FindShare("demo.mp4"); }

}  // namespace seam

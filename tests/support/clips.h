#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace seam {

// The shared video clips' paths, in order; empty where the shared data is absent.
std::vector<std::filesystem::path> SharedClips();

// The smallest of those of each folder, for what is dear: every dataset, method and compression is there.
std::vector<std::filesystem::path> OneSharedClipOfEachFolder();

// Makes a test video with the ffmpeg program. `arguments` stand between the program's name and the output; an
// ffmpeg that fails is an Error with its words.
std::filesystem::path MakeVideo(const std::filesystem::path& path, const std::string& arguments);

// A clip with a face in it, made from the freely licensed portrait that scripts/setup.sh uses:
// share/demo.mp4. Empty where set-up has not made it.
std::filesystem::path DemoClip();

#define SEAM_NEEDS_DEMO_CLIP() \
  if (::seam::DemoClip().empty()) GTEST_SKIP() << "needs share/demo.mp4, which scripts/setup.sh makes"

}  // namespace seam

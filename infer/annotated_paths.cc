#include "infer/annotated_paths.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "extract/media/media_kind.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

std::string GetEnding(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

// Absolute and without "..", as the file system has it as far as the path exists.
fs::path Canonical(const fs::path& path) {
  std::error_code failure;
  const fs::path canonical = fs::weakly_canonical(path, failure);
  return failure ? fs::absolute(path).lexically_normal() : canonical;
}

// Without links followed: the names are the user's.
fs::path Absolute(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

// The folder that all paths lie in.
fs::path CommonFolder(const std::vector<fs::path>& paths) {
  fs::path common;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const fs::path folder = Absolute(paths[i]).parent_path();
    if (i == 0) {
      common = folder;
      continue;
    }
    const auto [end, ignored] = std::mismatch(common.begin(), common.end(), folder.begin(), folder.end());
    fs::path shorter;
    for (auto part = common.begin(); part != end; ++part) shorter /= *part;
    common = shorter;
  }
  return common;
}

fs::path WithEnding(fs::path path, bool is_still) {
  const std::string ending = GetEnding(path);
  const bool is_picture = ending == ".png" || ending == ".jpg" || ending == ".jpeg";
  if (is_still ? !is_picture : ending != ".mp4") path += is_still ? ".png" : ".mp4";
  return path;
}

}  // namespace

std::vector<fs::path> AnnotatedPaths(const fs::path& folder, const std::vector<fs::path>& inputs) {
  const fs::path common = CommonFolder(inputs);
  std::vector<fs::path> outputs;
  std::set<fs::path> taken;
  for (const fs::path& input : inputs) {
    const fs::path wanted = folder / WithEnding(Absolute(input).lexically_relative(common), IsStill(input));
    fs::path output = wanted;
    for (int number = 2; !taken.insert(output).second; ++number) {
      output = wanted.parent_path() / wanted.stem();
      output += fmt::format(" ({})", number) + wanted.extension().string();
    }
    outputs.push_back(output);
  }
  return outputs;
}

void RefuseToOverwrite(const std::vector<fs::path>& outputs, const std::vector<fs::path>& inputs) {
  std::set<fs::path> files;
  for (const fs::path& input : inputs) files.insert(Canonical(input));
  for (const fs::path& output : outputs) {
    if (files.contains(Canonical(output)))
      throw UsageError("--annotate", fmt::format("would overwrite the input {}", output.string()),
                       "name a folder of its own");
  }
}

}  // namespace seam

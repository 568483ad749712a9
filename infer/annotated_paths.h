#pragma once

#include <filesystem>
#include <vector>

namespace seam {

// Where the annotated form of each input goes: below `folder`, by its path without what all inputs begin
// with. So files of one name in several folders stay apart. A video gets the ending .mp4 (after its own, if
// that is another). A JPEG or PNG keeps its own, and any other picture gets .png. A name that would come
// twice gets a number.
std::vector<std::filesystem::path> AnnotatedPaths(const std::filesystem::path& folder,
                                                  const std::vector<std::filesystem::path>& inputs);

// A UsageError when one of `outputs` is one of `inputs`.
void RefuseToOverwrite(const std::vector<std::filesystem::path>& outputs,
                       const std::vector<std::filesystem::path>& inputs);

}  // namespace seam

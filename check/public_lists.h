#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "labels/layout.h"

namespace seam {

// The videos of a dataset that its authors' lists name, and those that are there. Both are paths below the
// root without endings and without folders such as `videos`.
struct PublicList {
  std::string file;             // the list, below the root; empty: none was found
  std::set<std::string> names;  // as far as the methods, variants and compressions are there at all
  std::set<std::string> there;
  std::vector<std::string> notes;  // counts as published, and what no list tells
};

// By the layout's name. FaceForensics++: splits/*.json name all pairs. Celeb-DF: the test list, and how many
// videos each folder has as published. DeeperForensics: lists/splits/*.txt. DFDC: every metadata.json. Others
// have no lists.
PublicList ReadPublicList(const DatasetLayout& layout, const std::filesystem::path& root);

}  // namespace seam

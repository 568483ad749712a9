#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace seam {

// A picture, a video or a dataset folder's shards to take features of.
struct SpectrumInput {
  enum class Kind { kPicture, kVideo, kShards };
  Kind kind = Kind::kPicture;
  std::filesystem::path path;
  int label = -1;  // by SpectrumInputs::classes; -1: not known, or the clips say it
};

struct SpectrumInputs {
  std::vector<SpectrumInput> inputs;  // in order of class, then of path
  std::vector<std::string> classes;
};

// What lies at `paths`, each of which is a picture, a video, a dataset folder of shards, or a folder of
// pictures and videos:
//   real/ and fake/ (any names of LabelOfFolder()), which are the classes 0 and 1, or
//   one folder a source, A_lsun/, B_ProGAN/, ...: the classes in order of their names, or
//   train/, val/, test/ that hold such folders, of which `split` ("all": all) is taken, or
//   pictures alone, whose class is not known.
// At most `per_class` files of each class, the first by name; 0: all. An Error when there is nothing, or when
// the folders of some are labels and those of others sources.
SpectrumInputs FindSpectrumInputs(const std::vector<std::string>& paths, const std::string& split,
                                  std::size_t per_class);

}  // namespace seam

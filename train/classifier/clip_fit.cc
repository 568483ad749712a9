#include "train/classifier/clip_fit.h"

#include <fmt/format.h>

#include "base/error.h"

namespace seam {

void CheckClipsFit(const ClipDataset& dataset, const std::string& network, const InputSpec& input) {
  const std::string folder = dataset.folder().string();
  if (static_cast<int>(dataset.crop().size()) != input.size) {
    throw Error(
        folder,
        fmt::format("the crops are {0}x{0}, but {1} takes {2}x{2}", dataset.crop().size(), network,
                    input.size),
        fmt::format("extract the dataset with --size {}, or take a network (--model, --size) for these crops",
                    input.size));
  }
  if (dataset.frames() < input.frames) {
    throw Error(folder,
                fmt::format("the clips have {} frame{}, but {} looks at windows of {}", dataset.frames(),
                            dataset.frames() == 1 ? "" : "s", network, input.frames),
                fmt::format("extract the dataset with --window {}, or take a network with a smaller --window",
                            input.frames));
  }
}

}  // namespace seam

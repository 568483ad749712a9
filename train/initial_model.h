#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "models/model.h"

namespace seam {

// The network that `options` ask for, with weights of the checkpoint `init`, or where that is "" with fresh
// ones of `seed` (by LibTorch's global generator). Dropout, and the number of frames of a window, may differ
// from the checkpoint's. Where only the temporal head differs, the backbone's weights are taken, and a line
// says what stays fresh. An Error when the checkpoint is of another network.
std::shared_ptr<Model> InitialModel(const ModelOptions& options, const std::string& init, std::uint64_t seed);

}  // namespace seam

#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "models/model.h"

namespace seam {

// The network that `options` ask for, with weights of the checkpoints `init`, files with commas between them,
// or where that is "" with fresh ones of `seed` (by LibTorch's global generator). Of several files each
// weight is the mean: a uniform soup (Wortsman et al., "Model soups", ICML 2022, arXiv:2203.05482). Dropout,
// and the number of frames of a window, may differ from a checkpoint's. Where one file differs in the
// temporal head alone, its backbone's weights are taken, and a line says what stays fresh. An Error when a
// checkpoint is of another network, or one of several has another head.
std::shared_ptr<Model> InitialModel(const ModelOptions& options, const std::string& init, std::uint64_t seed);

}  // namespace seam

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/torch/model.h"
#include "models/zoo/stored_network.h"

namespace seam {

// Checkpoints that a network has its weights of: the file and what it says of itself, in the order given.
using InitialCheckpoints = std::vector<std::pair<std::filesystem::path, CheckpointInfo>>;

struct InitialModel {
  std::shared_ptr<Model> model;
  InitialCheckpoints from;
};

// The network that `options` ask for, with weights of the checkpoints `init`: a file, or several with commas
// between them. Where `init` is "" the weights are fresh ones of `seed`, by LibTorch's global generator. Of
// several files each weight is the mean: a uniform soup (Wortsman et al., "Model soups", ICML 2022,
// arXiv:2203.05482). Dropout, and the number of frames of a window, may differ from a checkpoint's. Where one
// file differs in the temporal head alone, its backbone's weights are taken, and a line says what stays
// fresh. An Error when a checkpoint is of another network, or one of several has another head.
InitialModel MakeInitialModel(const ModelOptions& options, const std::string& init, std::uint64_t seed);

}  // namespace seam

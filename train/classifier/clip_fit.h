#pragma once

#include <string>

#include "models/torch/model.h"
#include "train/data/dataset.h"

namespace seam {

// An Error when a network cannot take the clips: their pictures are of another size, or they have fewer
// frames than it looks at. `network`: what the message calls it.
void CheckClipsFit(const ClipDataset& dataset, const std::string& network, const InputSpec& input);

}  // namespace seam

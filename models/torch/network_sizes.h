#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "models/torch/tensors.h"

namespace seam {

// Some networks come narrower or shallower than published. What the shapes of `tensors`, under the names of
// any of the sources, say of a network of the family of `model`: keys of its variant (widths, depths, width);
// empty where they do not tell.
nlohmann::json FindSizes(const std::string& model, const TorchTensors& tensors);

}  // namespace seam

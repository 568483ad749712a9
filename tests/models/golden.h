#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "models/torch/model.h"
#include "models/weights/foreign_weights.h"

namespace seam {

// Networks of published detectors, filled by formulas, and the outputs of their authors' code
// (../shared/fixtures/detectors).
inline const std::string kGolden = "fixtures/detectors/golden/", kNames = "fixtures/detectors/names/";

// Rows of name, shape and number -> tensors. With `mix` hashed numbers, else sines.
ForeignWeights FillNames(const nlohmann::json& rows, bool mix, const std::string& prefix = "");

// The picture of the golden outputs [1, side, side, 3], bytes.
torch::Tensor GoldenPicture(int side);

// Weights as `recipe` brings them, to a network of `options`. What the file has no classifier for keeps a
// fresh one.
std::shared_ptr<Model> ImportByRecipe(const std::string& recipe, ModelOptions options,
                                      ForeignWeights weights);

// To 1e-4, or of the number where it is greater than 1.
void ExpectNear(const torch::Tensor& found, const nlohmann::json& expected, const std::string& what);

}  // namespace seam

#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "models/torch/model.h"

namespace seam {

// BNexts, and detectors of several networks, are narrow unless `variant` says otherwise: their own widths
// take gigabytes.
ModelOptions GetOptions(const std::string& model, int size = -1,
                        const nlohmann::json& variant = nlohmann::json::object(),
                        const TemporalOptions& temporal = {});

// A network with every operator of BNext, and with few signs.
Graph GraphOfSigns();

// One network of each family: its other sizes are the same code with other numbers, which tests of parameter
// counts and exports look at.
std::vector<std::string> FamilyModels();

// The registry's networks without BNexts: in these one sign of hundreds of thousands may fall otherwise in
// another runtime, whose last digits differ, and then so do the scores.
std::vector<std::string> SmoothModels();

// Fills the model's weights, running statistics among them, with the numbers that the golden outputs of
// torchvision's networks were made with: no file of weights is needed, and no norm is the identity.
void FillByFormula(Model* model);

// Draws weights, and sets the running statistics to those of `pictures` (RGB 0..255): the outputs of
// different pictures differ, where the formula lets the numbers of its biases drown those of the pictures.
void FillLively(Model* model, const torch::Tensor& pictures);

// Pictures of waves [count, 3, size, size] from -1 to 1, each of another phase; the first is that of the
// golden outputs.
torch::Tensor Waves(int count, int size, torch::Dtype type);

// `pictures` as the model has them after its own scaling -> as it takes them, RGB 0..255.
torch::Tensor Unscaled(const Model& model, const torch::Tensor& pictures);

}  // namespace seam

#include "tests/models/golden.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "models/torch/detector_recipes.h"
#include "models/torch/import.h"

namespace seam {
namespace {

// From -1 to below 1: of number `i` of tensor `p`.
double Mix(std::uint64_t p, std::uint64_t i) {
  std::uint64_t z = ((p << 40) + i + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) / 4503599627370496.0 - 1;
}

PlainTensor Fill(const std::string& name, const std::vector<std::int64_t>& shape, int p, bool mix) {
  std::size_t count = 1;
  for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
  double factor = 0.1, base = 0;
  if (name.ends_with("running_var")) {
    base = 1;
    factor = 0.25;
  } else if (name.ends_with("running_mean")) {
    base = 0;
  } else if (shape.size() > 1) {
    factor = std::sqrt(3 / (static_cast<double>(count) / static_cast<double>(shape[0])));
  } else if (name.ends_with(".weight")) {
    base = 1;
  }
  std::vector<float> numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double s = mix ? Mix(static_cast<std::uint64_t>(p), i) : std::sin(0.7 * static_cast<double>(i) + p);
    numbers[i] = static_cast<float>(base + factor * s);
  }
  return CopyTensor(DType::kFloat32, shape,
                    {reinterpret_cast<const char*>(numbers.data()), count * sizeof(float)});
}

}  // namespace

ForeignWeights FillNames(const nlohmann::json& rows, bool mix, const std::string& prefix) {
  ForeignWeights weights{"made", {}};
  for (const nlohmann::json& row : rows) {
    if (row[2].is_null()) continue;
    weights.tensors[prefix + row[0].get<std::string>()] =
        Fill(row[0], row[1].get<std::vector<std::int64_t>>(), row[2], mix);
  }
  return weights;
}

torch::Tensor GoldenPicture(int side) {
  auto picture = torch::empty({1, side, side, 3}, torch::kByte);
  auto at = picture.accessor<std::uint8_t, 4>();
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      for (int c = 0; c < 3; ++c) {
        at[0][y][x][c] = static_cast<std::uint8_t>(
            (7 * x + 13 * y + 29 * c + 3 * ((x * y) % 31) + 5 * ((x + 2 * y) % 17)) % 256);
      }
    }
  }
  return picture;
}

std::shared_ptr<Model> ImportByRecipe(const std::string& recipe_name, ModelOptions options,
                                      ForeignWeights weights) {
  const DetectorRecipe& recipe = FindRecipe(recipe_name);
  options.model = recipe.model;
  for (const auto& [key, value] : recipe.variant.items()) {
    if (!options.variant.contains(key)) options.variant[key] = value;
  }
  std::size_t ignored = 0;
  weights.tensors = ApplyRecipe(recipe, weights.tensors, &ignored);
  const WeightMatch match = MatchWeights(weights, options, {.fake_is = "1"}, "made");
  for (const std::string& unset : match.unset) EXPECT_TRUE(unset.starts_with("head.")) << unset;
  EXPECT_EQ(match.differences.size(), match.unset.size()) << testing::PrintToString(match.differences);
  return MakeMatched(match, "made");
}

void ExpectNear(const torch::Tensor& found, const nlohmann::json& expected, const std::string& what) {
  ASSERT_EQ(found.numel(), static_cast<std::int64_t>(expected.size())) << what;
  for (std::int64_t i = 0; i < found.numel(); ++i) {
    const auto number = expected[static_cast<std::size_t>(i)].get<double>();
    EXPECT_NEAR(found.flatten()[i].item<double>(), number, 1e-4 * std::max(1.0, std::abs(number))) << what;
  }
}

}  // namespace seam

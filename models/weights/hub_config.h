#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace seam {

// What Hugging Face's `config.json` and `preprocessor_config.json`, beside a file of weights, tell of it.
struct HubConfig {
  std::vector<std::string> labels;  // in the order of the outputs; may be empty
  std::optional<int> heads, size;
  std::optional<double> eps;
  std::string act;                                 // "gelu", "gelu_tanh", "quick_gelu" or ""
  std::optional<std::array<double, 3>> mean, std;  // of v / 255
};

// None where there is no config.json. An Error where it is no JSON object.
std::optional<HubConfig> ReadHubConfig(const std::filesystem::path& weights);

// Which of two labels, 0 or 1, means fake: one speaks of fakes (fake, deepfake, artificial, ai, synthetic,
// generated), the other of what is real (real, realism, human, authentic). None where that is not clear.
std::optional<int> FakeLabel(const std::vector<std::string>& labels);

}  // namespace seam

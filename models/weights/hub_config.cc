#include "models/weights/hub_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/lower_case.h"
#include "models/weights/json_text.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxBytes = 1'000'000;

nlohmann::json ReadObject(const fs::path& path) {
  nlohmann::json json = ParseJsonText(ReadFile(path, kMaxBytes));
  if (!json.is_object()) throw Error(path.string(), "is no JSON object");
  return json;
}

// Of the first of the objects that has it as a whole number above 0.
std::optional<int> Number(const std::vector<nlohmann::json>& objects, const char* key) {
  for (const auto& object : objects) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer()) continue;
    const auto value = found->get<std::int64_t>();
    if (value > 0 && value < 100'000) return static_cast<int>(value);
  }
  return std::nullopt;
}

std::vector<std::string> Labels(const nlohmann::json& config) {
  const auto found = config.find("id2label");
  std::vector<std::string> labels;
  if (found == config.end() || !found->is_object()) return labels;
  for (std::size_t i = 0; i < found->size(); ++i) {
    const auto label = found->find(std::to_string(i));
    if (label == found->end() || !label->is_string()) return {};
    labels.push_back(label->get<std::string>());
  }
  return labels;
}

std::optional<std::array<double, 3>> Colours(const nlohmann::json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end() || !found->is_array() || found->size() != 3) return std::nullopt;
  std::array<double, 3> numbers = {};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!(*found)[i].is_number()) return std::nullopt;
    numbers[i] = (*found)[i].get<double>();
  }
  return numbers;
}

bool HasWord(const std::string& label, const std::vector<std::string>& parts,
             const std::vector<std::string>& words) {
  const std::string text = LowerCase(label);
  for (const auto& part : parts) {
    if (text.find(part) != std::string::npos) return true;
  }
  // Short ones stand alone: "ai", but not "fair".
  std::string word;
  for (const char c : text + " ") {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      word += c;
      continue;
    }
    if (std::find(words.begin(), words.end(), word) != words.end()) return true;
    word.clear();
  }
  return false;
}

}  // namespace

std::optional<HubConfig> ReadHubConfig(const fs::path& weights) {
  const fs::path path = weights.parent_path() / "config.json",
                 pictures = weights.parent_path() / "preprocessor_config.json";
  if (!fs::exists(path)) return std::nullopt;
  const nlohmann::json config = ReadObject(path);
  std::vector<nlohmann::json> objects = {config};
  if (config.contains("vision_config") && config["vision_config"].is_object())
    objects.push_back(config["vision_config"]);
  HubConfig found;
  found.labels = Labels(config);
  found.heads = Number(objects, "num_attention_heads");
  found.size = Number(objects, "image_size");
  if (!found.size) found.size = Number(objects, "input_size");
  for (const auto& object : objects) {
    const auto eps = object.find("layer_norm_eps"), act = object.find("hidden_act");
    if (eps != object.end() && eps->is_number()) found.eps = eps->get<double>();
    if (act == object.end() || !act->is_string()) continue;
    const auto name = act->get<std::string>();
    if (name == "gelu" || name == "quick_gelu") found.act = name;
    if (name == "gelu_pytorch_tanh" || name == "gelu_new") found.act = "gelu_tanh";
  }
  if (fs::exists(pictures)) {
    const nlohmann::json input = ReadObject(pictures);
    found.mean = Colours(input, "image_mean");
    found.std = Colours(input, "image_std");
  }
  return found;
}

std::optional<int> FakeLabel(const std::vector<std::string>& labels) {
  if (labels.size() != 2) return std::nullopt;
  const std::vector<std::string> fake = {"fake", "artificial", "synthetic", "generated"},
                                 real = {"real", "human", "authentic"};
  std::optional<int> answer;
  for (std::size_t i = 0; i < 2; ++i) {
    const bool this_fake = HasWord(labels[i], fake, {"ai"}), this_real = HasWord(labels[i], real, {}),
               other_fake = HasWord(labels[1 - i], fake, {"ai"}),
               other_real = HasWord(labels[1 - i], real, {});
    if (this_fake && !this_real && other_real && !other_fake) answer = static_cast<int>(i);
  }
  return answer;
}

}  // namespace seam

#include "models/zoo/variant.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/numbers.h"
#include "models/weights/safetensors_header.h"

namespace seam {
namespace {

// The value as a command line would give it: "true", "16".
std::optional<std::string> Text(const ModelOptions& options, const std::string& key) {
  const auto found = options.variant.find(key);
  if (found == options.variant.end()) return std::nullopt;
  return found->is_string() ? found->get<std::string>() : found->dump();
}

[[noreturn]] void Refuse(const ModelOptions& options, const std::string& key, const std::string& text,
                         const std::string& wanted) {
  throw UsageError("variant", fmt::format("{}={} makes no sense for {}", key, text, options.model),
                   fmt::format("{} is {}", key, wanted));
}

// mean and std of v / 255, per channel.
struct PictureScale {
  std::string name;
  std::array<double, 3> mean, std;
};

const std::vector<PictureScale>& PictureScales() {
  static const std::vector<PictureScale> scales = {
      {"unit", {0, 0, 0}, {1, 1, 1}},
      {"half", {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}},
      {"imagenet", {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}},
      {"clip", {0.48145466, 0.4578275, 0.40821073}, {0.26862954, 0.26130258, 0.27577711}},
  };
  return scales;
}

std::vector<float> Times255(const std::array<double, 3>& numbers) {
  std::vector<float> scaled;
  for (const double number : numbers) scaled.push_back(static_cast<float>(255 * number));
  return scaled;
}

}  // namespace

bool VariantFlag(const ModelOptions& options, const std::string& key) {
  const auto text = Text(options, key);
  if (!text || *text == "false" || *text == "0") return false;
  if (*text == "true" || *text == "1") return true;
  Refuse(options, key, *text, "true or false");
}

int VariantNumber(const ModelOptions& options, const std::string& key, int without) {
  const auto text = Text(options, key);
  if (!text) return without;
  const auto value = ParseNumber<int>(*text);
  if (!value || *value < 1 || *value > 65'536) Refuse(options, key, *text, "a number from 1 to 65536");
  return *value;
}

double VariantReal(const ModelOptions& options, const std::string& key, double without) {
  const auto text = Text(options, key);
  if (!text) return without;
  const auto value = ParseNumber<double>(*text);
  if (!value || !(*value > 0 && *value < 1e9)) Refuse(options, key, *text, "a positive number");
  return *value;
}

std::string VariantChoice(const ModelOptions& options, const std::string& key, const std::string& without,
                          const std::vector<std::string>& choices) {
  const std::string text = Text(options, key).value_or(without);
  if (std::find(choices.begin(), choices.end(), text) == choices.end())
    Refuse(options, key, Shown(text), fmt::format("one of {}", fmt::join(choices, ", ")));
  return text;
}

std::vector<int> VariantNumbers(const ModelOptions& options, const std::string& key,
                                const std::vector<int>& without) {
  const auto text = Text(options, key);
  if (!text) return without;
  const auto numbers = ParseNumbers<int>(*text, '/');
  const auto fits = [](int number) { return number >= 1 && number <= 65'536; };
  if (!numbers || numbers->size() != without.size() || !std::all_of(numbers->begin(), numbers->end(), fits)) {
    Refuse(options, key, Shown(*text),
           fmt::format("{} numbers from 1 on: {}", without.size(), fmt::join(without, "/")));
  }
  return *numbers;
}

int ScalePictures(Graph* graph, int pictures, const ModelOptions& options, const std::string& own) {
  const std::string name = Text(options, "scale").value_or(own);
  for (const PictureScale& scale : PictureScales()) {
    if (scale.name == name) return graph->Normalise(pictures, Times255(scale.mean), Times255(scale.std));
  }
  Refuse(options, "scale", Shown(name), fmt::format("one of {}", fmt::join(ScaleNames(), ", ")));
}

const std::vector<std::string>& ScaleNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const PictureScale& scale : PictureScales()) all.push_back(scale.name);
    return all;
  }();
  return names;
}

std::string ScaleNamed(const std::array<double, 3>& mean, const std::array<double, 3>& std) {
  constexpr double kNear = 1e-4;  // configurations round
  const auto near = [](const std::array<double, 3>& a, const std::array<double, 3>& b) {
    return std::equal(a.begin(), a.end(), b.begin(),
                      [](double x, double y) { return std::abs(x - y) < kNear; });
  };
  for (const PictureScale& scale : PictureScales()) {
    if (near(scale.mean, mean) && near(scale.std, std)) return scale.name;
  }
  return "";
}

void CheckVariant(const ModelOptions& options, const std::vector<std::string>& known) {
  for (const auto& [key, value] : options.variant.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw UsageError("variant", fmt::format("{} does not know '{}'", options.model, key),
                     known.empty() ? std::string("it has no variants")
                                   : fmt::format("it knows: {}", fmt::join(known, ", ")));
  }
}

}  // namespace seam

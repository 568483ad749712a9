#include "labels/perturbation.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/comma_list.h"
#include "base/error.h"
#include "base/numbers.h"
#include "base/options.h"

namespace seam {
namespace {

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& kind : Perturbations()) names.emplace_back(kind.name);
  return names;
}

const PerturbationKind* Find(const std::string& name) {
  for (const auto& kind : Perturbations()) {
    if (name == kind.name) return &kind;
  }
  return nullptr;
}

const PerturbationKind& Known(const std::string& option, const std::string& name) {
  if (const PerturbationKind* kind = Find(name)) return *kind;
  const std::string near = Nearest(name, Names());
  throw UsageError(option, fmt::format("'{}' is no perturbation", name),
                   near.empty() ? fmt::format("one of {}", fmt::join(Names(), ", "))
                                : fmt::format("did you mean {}?", near));
}

int ReadLevel(const std::string& option, const PerturbationKind& kind, const std::string& text) {
  const auto level = ParseNumber<int>(text);
  if (!level || *level < 1 || *level > static_cast<int>(kind.levels.size())) {
    throw UsageError(option, fmt::format("{} has no level '{}'", kind.name, text),
                     fmt::format("its levels are 1 to {}: {} {}", kind.levels.size(), kind.parameter,
                                 fmt::join(kind.levels, ", ")));
  }
  return *level;
}

// What one part of a list stands for.
std::vector<Perturbation> Expanded(const std::string& option, const std::string& part) {
  const auto colon = part.find(':');
  if (colon != std::string::npos) return {ParsePerturbation(option, part)};
  std::vector<Perturbation> all;
  for (const auto& kind : Perturbations()) {
    const bool meant =
        part == "all" || (part == "deeperforensics" ? kind.code[0] != '\0' : part == kind.name);
    for (int level = 1; meant && level <= static_cast<int>(kind.levels.size()); ++level)
      all.push_back({kind.name, level});
  }
  if (all.empty()) Known(option, part);
  return all;
}

}  // namespace

const std::vector<PerturbationKind>& Perturbations() {
  static const std::vector<PerturbationKind> kinds = {
      {"saturation", "CS", "colours made paler", "share of the colour kept", {0.4, 0.3, 0.2, 0.1, 0}, false},
      {"contrast",
       "CC",
       "less contrast",
       "share of the brightness kept",
       {0.85, 0.725, 0.6, 0.475, 0.35},
       false},
      {"blocks",
       "BW",
       "grey blocks of 8x8 pixels",
       "blocks per 256 pixels of the shorter side",
       {16, 32, 48, 64, 80},
       false},
      {"noise",
       "GNC",
       "Gaussian noise in Y, Cb and Cr",
       "variance",
       {0.001, 0.002, 0.005, 0.01, 0.05},
       false},
      {"blur", "GB", "Gaussian blur", "kernel in pixels", {7, 9, 13, 17, 21}, false},
      {"pixelation", "JPEG", "made smaller and larger again", "factor", {2, 3, 4, 5, 6}, false},
      {"compression", "VC", "encoded anew as H.264", "CRF", {30, 32, 35, 38, 40}, true},
      {"jpeg", "", "each frame through JPEG", "quality", {90, 70, 50, 30, 10}, false},
      {"resize", "", "made smaller", "share of the sides kept", {0.8, 0.65, 0.5, 0.35, 0.25}, false},
      {"h264", "", "encoded anew as H.264", "CRF", {23, 30, 40}, true},
  };
  return kinds;
}

const PerturbationKind& Perturbation::kind() const {
  if (const PerturbationKind* found = Find(name)) return *found;
  throw std::logic_error("a perturbation that is not in the table");
}

std::string Perturbation::Text() const { return none() ? "none" : fmt::format("{}:{}", name, level); }

std::string Perturbation::Words() const {
  if (none()) return "none";
  return fmt::format("{}, level {} ({} {:g})", kind().words, level, kind().parameter, parameter());
}

Perturbation ParsePerturbation(const std::string& option, const std::string& text) {
  if (text.empty() || text == "none") return {};
  const auto colon = text.find(':');
  const PerturbationKind& kind = Known(option, text.substr(0, colon));
  return {kind.name, ReadLevel(option, kind, colon == std::string::npos ? "" : text.substr(colon + 1))};
}

std::vector<Perturbation> ParsePerturbations(const std::string& option, const std::string& text) {
  std::vector<Perturbation> wanted;
  for (const std::string& part : SplitAtCommas(text)) {
    for (auto& each : Expanded(option, part)) wanted.push_back(std::move(each));
  }
  std::vector<Perturbation> ordered;
  for (const auto& kind : Perturbations()) {
    for (int level = 1; level <= static_cast<int>(kind.levels.size()); ++level) {
      const Perturbation each = {kind.name, level};
      if (std::find(wanted.begin(), wanted.end(), each) != wanted.end()) ordered.push_back(each);
    }
  }
  return ordered;
}

}  // namespace seam

#include "infer/model_card.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "pages/page.h"
#include "pages/table.h"
#include "proto/crop_spec.h"

namespace seam {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string ToText(const nlohmann::ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  return value.dump();
}

void Flatten(const nlohmann::ordered_json& json, const std::string& path, Facts* facts) {
  constexpr std::size_t kMostFacts = 400;
  if (facts->size() >= kMostFacts) return;
  if (!json.is_object()) {
    facts->emplace_back(path, ToText(json));
    return;
  }
  for (const auto& [key, value] : json.items()) Flatten(value, path.empty() ? key : path + " " + key, facts);
}

bool StartsWithAny(const std::string& text, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](const std::string& beginning) { return text.starts_with(beginning); });
}

// The part of the recipe under these keys, or "unknown".
Facts RecipePart(const Facts& recipe, const std::vector<std::string>& beginnings) {
  Facts part;
  for (const auto& fact : recipe) {
    if (StartsWithAny(fact.first, beginnings)) part.push_back(fact);
  }
  if (part.empty()) part.emplace_back(beginnings.front(), "unknown: the checkpoint does not say");
  return part;
}

Facts Identity(const RunFacts& facts) {
  const CheckpointInfo& info = facts.info;
  Facts list = {{"network", info.model},
                {"file", facts.model_file},
                {"SHA-256 of the file", facts.model_sha256},
                {"computed in", facts.computes},
                {"epochs of training", info.epoch > 0 ? std::to_string(info.epoch) : "none or unknown"},
                {"notice", info.notice.empty() ? "none" : info.notice}};
  if (facts.fusion) list.insert(list.begin() + 1, {"score", ToWords(*facts.fusion)});
  const CropSpec& crop = info.crop;
  if (crop.detector() == "whole") {
    list.emplace_back("pictures", fmt::format("whole, without looking for faces: {}, {} x {} pixels, {}",
                                              crop.align(), crop.size(), crop.size(), crop.encoding()));
    if (const std::string rule = TileRule(crop); !rule.empty())
      list.emplace_back("tiles", fmt::format("overlap by {:g}, scores joined by {}", crop.overlap(), rule));
    return list;
  }
  list.emplace_back("faces", fmt::format("found by {} at {} pixels, cut out with a margin of {:g}, alignment "
                                         "{}, {} x {} pixels, {}",
                                         crop.detector(), crop.detect_size(), crop.margin(),
                                         crop.align().empty() ? "none" : crop.align(), crop.size(),
                                         crop.size(), crop.encoding()));
  return list;
}

Facts Errors(const RunFacts& facts) {
  Facts list = FlatJson(facts.info.metrics);
  if (list.empty()) list.emplace_back("error rates", "unknown: the checkpoint holds no measurements");
  return list;
}

Facts Reading(const RunFacts& facts) {
  const VerdictRule& rule = facts.rule;
  Facts list = {{"threshold", fmt::format("{:.4f} ({})", rule.threshold, rule.source)}};
  list.emplace_back("uncertain", rule.HasBand()
                                     ? fmt::format("from {:.4f} up to {:.4f}", rule.band_low, rule.band_high)
                                     : "no band: every score is called real or fake");
  const auto& calibration = facts.info.calibration;
  if (!calibration) {
    list.emplace_back("calibration", "none: how often a score is right is unknown");
    return list;
  }
  list.emplace_back("calibrated on", fmt::format("{} real and {} fake validation videos", calibration->real,
                                                 calibration->fake));
  list.emplace_back("temperature", fmt::format("{:.4g}", calibration->temperature));
  list.emplace_back("threshold at equal error rates", fmt::format("{:.4f}", calibration->threshold_eer));
  list.emplace_back("threshold at 1 % false alarms", fmt::format("{:.4f}", calibration->threshold_fpr1));
  return list;
}

std::string Meaning(bool whole_pictures) {
  return fmt::format(
      "<h4>What a score means</h4>\n"
      "<p>The network looks at {} alone and gives each a score from 0 (looks like the real ones it was "
      "shown) to 1 (looks like the fakes it was shown). It knows the kinds of fakes it was trained on; new "
      "methods, other cameras, heavy compression, {} can move a score either way. It does not look at {}or "
      "at "
      "whether a genuine video is shown in a false context.</p>\n"
      "<p><strong>A verdict is a reason to look closer, and no proof.</strong> “Real” means that nothing "
      "suspicious was found in the {} that were looked at. Before anything is published, ask for the "
      "original "
      "file, its source and its circumstances, and ask a second expert or a second method.</p>\n",
      whole_pictures ? "whole pictures" : "faces",
      whole_pictures ? "resizing and filters" : "make-up, filters and small faces",
      whole_pictures ? "sound, " : "sound, at bodies, at the scene, ",
      whole_pictures ? "pictures" : "faces and frames");
}

}  // namespace

std::string FactsHtml(const Facts& facts) {
  std::string html = "<dl class=\"facts\">\n";
  for (const auto& [name, text] : facts)
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", Safe(name), Safe(text));
  return html + "</dl>\n";
}

Facts FlatJson(const std::string& json) {
  Facts facts;
  const auto parsed = nlohmann::ordered_json::parse(json, nullptr, false);
  if (parsed.is_discarded()) return json.empty() ? facts : Facts{{"text", json}};
  if (parsed.is_object() && parsed.empty()) return facts;
  Flatten(parsed, "", &facts);
  return facts;
}

std::string ModelCard(const RunFacts& facts) {
  const Facts recipe = FlatJson(facts.info.recipe);
  std::string html = "<h2 id=\"model\">The network</h2>\n" + FactsHtml(Identity(facts));
  html += "<h4>How its scores are read</h4>\n" + FactsHtml(Reading(facts));
  html +=
      "<h4>Measured on its validation data</h4>\n<p class=\"dim\">At training time, on videos or pictures "
      "kept "
      "apart from the training data but of the same kinds. On other material errors are more "
      "frequent.</p>\n" +
      FactsHtml(Errors(facts)) + Meaning(facts.info.crop.detector() == "whole");
  html += "<h4>Training data</h4>\n" + FactsHtml(RecipePart(recipe, {"data"}));
  html += "<details><summary>Training recipe</summary>\n" +
          FactsHtml(RecipePart(recipe, {"options", "seam", "source", "import"})) + "</details>\n";
  html += "<details><summary>Settings of this run</summary>\n" + FactsHtml(facts.settings) + "</details>\n";
  return html;
}

}  // namespace seam

#include "evaluate/fusion_run.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/scratch_folder.h"
#include "base/sibling.h"
#include "scores/calibration_json.h"

namespace seam {
FusionSamples ReadSamples(const std::vector<const std::vector<ScoreRow>*>& rows) {
  std::vector<std::map<std::string, double>> scores;  // by path
  for (const auto* each : rows) {
    auto& own = scores.emplace_back();
    for (const ScoreRow& row : *each) {
      if (row.score) own[row.path] = *row.score;
    }
  }
  FusionSamples samples;
  samples.scores.resize(rows.size());
  for (std::size_t i = 0; i < rows.front()->size(); ++i) {
    const ScoreRow& row = (*rows.front())[i];
    const bool scored =
        std::all_of(scores.begin(), scores.end(), [&](const auto& own) { return own.count(row.path) > 0; });
    if (!scored || !row.label) continue;
    for (std::size_t network = 0; network < rows.size(); ++network)
      samples.scores[network].push_back(scores[network][row.path]);
    samples.labels.push_back(*row.label == FAKE ? 1 : 0);
    samples.rows.push_back(i);
  }
  for (const int label : {0, 1}) {
    if (std::count(samples.labels.begin(), samples.labels.end(), label) > 0) continue;
    throw Error("--fit-fusion",
                fmt::format("no {} video was scored by all networks", label == 1 ? "fake" : "real"),
                "--labels says which are which");
  }
  return samples;
}

void WriteFusion(const std::vector<std::string>& models, const FusionFit& fit, const Calibration& calibration,
                 const std::string& output) {
  nlohmann::json json = {{"format", 1},
                         {"bias", fit.bias},
                         {"threshold", calibration.threshold_eer},
                         {"calibration", CalibrationJson(calibration)},
                         {"networks", nlohmann::json::array()}};
  for (const double weight : fit.weights) json["networks"].push_back({{"weight", weight}});
  const ScratchFolder scratch;
  const std::string file = (scratch.path() / "fit.json").string();
  WriteFile(file, json.dump());
  std::vector<std::string> arguments = {"fuse", "--quiet", "--output", output, "--fit", file, "--"};
  arguments.insert(arguments.end(), models.begin(), models.end());
  const int status = RunSibling("models", arguments);
  if (status != kExitGood)
    throw Error(output, fmt::format("seam models fuse failed (exit status {}); see above", status));
}

}  // namespace seam

#include "scores/fusion.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scores/calibration.h"

namespace seam {

double Fusion::Fuse(std::span<const double> scores) const {
  double logit = bias;
  for (std::size_t i = 0; i < networks.size(); ++i) logit += networks[i].weight * Logit(scores[i]);
  return Sigmoid(logit);
}

std::string ToWords(const Fusion& fusion) {
  std::vector<std::string> terms;
  for (const FusedNetwork& network : fusion.networks)
    terms.push_back(fmt::format("{:.4g} x {}", network.weight, network.name));
  std::string words = fmt::format("fused by the logits: {}", fmt::join(terms, " + "));
  if (fusion.bias != 0)
    words += fmt::format(" {} {:.4g}", fusion.bias < 0 ? "-" : "+", std::abs(fusion.bias));
  return words;
}

std::string ToWords(const std::vector<NetworkScore>& networks) {
  const auto has_none = [](const NetworkScore& network) { return !network.score; };
  if (std::all_of(networks.begin(), networks.end(), has_none)) return "";
  std::vector<std::string> words;
  for (const NetworkScore& network : networks)
    words.push_back(network.name + (network.score ? fmt::format(" {:.4f}", *network.score) : " no score"));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::optional<double> ScoreFusedTracks(const Fusion& fusion, ScoreRow* row) {
  row->networks.clear();
  for (auto& [number, track] : row->people) track.networks.clear();
  std::vector<double> scores;
  for (std::size_t i = 0; i < fusion.networks.size(); ++i) {
    const FusedNetwork& network = fusion.networks[i];
    for (auto& [number, track] : row->people) {
      for (ClipScore& clip : track.clips) clip.score = clip.networks.at(i);
    }
    const std::optional<double> score = ScoreTracks(network.aggregate, &row->people);
    row->networks.push_back({network.name, score});
    if (score) scores.push_back(*score);
    for (auto& [number, track] : row->people) track.networks.push_back(track.score);
  }
  for (auto& [number, track] : row->people) {
    for (ClipScore& clip : track.clips) clip.score = fusion.Fuse(clip.networks);
    track.score = fusion.Fuse(track.networks);
  }
  if (scores.size() < fusion.networks.size()) return std::nullopt;
  return fusion.Fuse(scores);
}

}  // namespace seam

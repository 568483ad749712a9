#include "infer/ensemble.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "models/zoo/ensemble_file.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

CropOptions ReadCrop(const CropSpec& spec) {
  CropOptions crop;
  crop.margin = spec.margin();
  crop.size = static_cast<int>(spec.size());
  if (!spec.align().empty()) crop.align = spec.align();
  crop.overlap = spec.overlap();
  return crop;
}

bool SameView(const CropOptions& a, const CropOptions& b) {
  return a.margin == b.margin && a.size == b.size && a.align == b.align && a.overlap == b.overlap;
}

Fusion ReadFusion(const EnsembleInfo& info) {
  Fusion fusion;
  fusion.bias = info.bias;
  for (const EnsembleInfo::Member& member : info.members)
    fusion.networks.push_back({member.name, member.weight});
  return fusion;
}

}  // namespace

std::vector<fs::path> CollectFiles(const std::string& named) {
  std::error_code ignored;
  if (named.find(',') == std::string::npos || fs::exists(named, ignored)) return {named};
  std::vector<fs::path> files;
  for (std::size_t from = 0; from <= named.size();) {
    const std::size_t to = std::min(named.find(',', from), named.size());
    if (to == from) throw UsageError("--model", fmt::format("'{}' names no file between two commas", named));
    files.emplace_back(named.substr(from, to - from));
    from = to + 1;
  }
  return files;
}

Ensemble::Ensemble(std::shared_ptr<const Predictor> network)
    : path_(network->path()), files_{path_}, info_(network->info()), networks_{std::move(network)} {
  FindViews();
}

Ensemble::Ensemble(fs::path path, std::vector<std::shared_ptr<const Predictor>> networks)
    : path_(std::move(path)), networks_(std::move(networks)) {
  for (const auto& network : networks_) files_.push_back(network->path());
  const EnsembleInfo mean = ComputeMean(NetworkNames(files_));
  CheckEnsemble(mean, path_.string());
  fusion_ = ReadFusion(mean);
  Describe(NetworkNames(files_));
  FindViews();
}

Ensemble::Ensemble(const fs::path& path, const CompileOptions& options, const TorchParts* torch)
    : path_(path), files_{path} {
  const EnsembleFile file(path);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < file.info().members.size(); ++i) {
    names.push_back(file.info().members[i].name);
    networks_.push_back(
        std::make_shared<const Predictor>(file.Checkpoint(i), file.Subject(i), options, torch));
  }
  fusion_ = ReadFusion(file.info());
  Describe(names);
  info_.threshold = file.info().threshold;
  info_.calibration = file.info().calibration;
  FindViews();
}

void Ensemble::Describe(const std::vector<std::string>& names) {
  std::vector<const CheckpointInfo*> infos;
  std::vector<int> frames;
  std::vector<std::string> notices, models;
  nlohmann::ordered_json recipe, metrics;
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    const CheckpointInfo& info = networks_[i]->info();
    infos.push_back(&info);
    frames.push_back(networks_[i]->frames());
    models.push_back(info.model);
    recipe[names[i]] = nlohmann::ordered_json::parse(info.recipe, nullptr, false);
    metrics[names[i]] = nlohmann::ordered_json::parse(info.metrics, nullptr, false);
    if (!info.notice.empty() && std::find(notices.begin(), notices.end(), info.notice) == notices.end())
      notices.push_back(info.notice);
  }
  CheckTogether(names, infos, frames);
  info_.model = fmt::format("ensemble of {}", fmt::join(models, ", "));
  info_.crop = infos.front()->crop;
  info_.notice = fmt::format("{}", fmt::join(notices, " "));
  info_.recipe = recipe.dump();
  info_.metrics = metrics.dump();
}

void Ensemble::FindViews() {
  for (const auto& network : networks_) {
    const CropOptions crop = ReadCrop(network->info().crop);
    const auto found = std::find_if(views_.begin(), views_.end(),
                                    [&](const CropOptions& view) { return SameView(view, crop); });
    view_of_.push_back(static_cast<std::size_t>(found - views_.begin()));
    if (found == views_.end()) views_.push_back(crop);
  }
}

std::string Ensemble::description() const { return networks_.front()->description(); }

std::vector<ClipOutput> Ensemble::ScoreClips(const std::vector<ClipViews>& clips) const {
  std::vector<ClipOutput> answers(clips.size());
  for (std::size_t network = 0; network < networks_.size(); ++network) {
    std::vector<std::vector<cv::Mat>> own;
    own.reserve(clips.size());
    for (const ClipViews& clip : clips) own.push_back(clip.at(view_of_[network]));
    const std::vector<double> scores = networks_[network]->ScoreClips(own);
    for (std::size_t i = 0; i < clips.size(); ++i) {
      answers[i].score = scores[i];
      if (fusion_) answers[i].networks.push_back(scores[i]);
    }
  }
  if (fusion_) {
    for (ClipOutput& answer : answers) answer.score = fusion_->Fuse(answer.networks);
  }
  return answers;
}

}  // namespace seam

#include "spectrum/experiments/experiment.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/progress.h"
#include "evaluate/calibration.h"
#include "evaluate/metrics.h"
#include "scores/verdict.h"

namespace seam {

bool IsFeatureFile(const std::string& path) {
  return path.ends_with(".npz") || path.ends_with(".npy") || path.ends_with(".pkl");
}

FeatureSet FeaturesAt(const std::vector<std::string>& paths, const MakeOptions& options, bool fake_is_zero) {
  if (paths.size() == 1 && IsFeatureFile(paths[0])) return ReadFeatureSet(paths[0], fake_is_zero);
  for (const std::string& path : paths) {
    if (IsFeatureFile(path))
      throw Error(path, "a file of features stands beside others", "name one file, or folders");
  }
  auto made = MakeFeatures(paths, options);
  if (!made) throw Error(paths[0], "interrupted");
  for (const auto& [path, problem] : made->bad) SayWarning(Printable(path + ": " + problem));
  if (!made->bad.empty())
    SayWarning(
        fmt::format("{} {} left out", made->bad.size(), made->bad.size() == 1 ? "input is" : "inputs are"));
  if (made->set.rows() == 0) throw Error(paths[0], "gave no features");
  return std::move(made->set);
}

void AlignClasses(const std::vector<std::string>& classes, const std::string& subject, FeatureSet* set) {
  const std::vector<std::string> names = set->ClassesOrNumbers();
  std::vector<int> places;
  std::vector<std::string> unknown;
  bool any_known = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = std::find(classes.begin(), classes.end(), names[i]);
    const auto has_rows =
        std::find(set->labels.begin(), set->labels.end(), static_cast<int>(i)) != set->labels.end();
    places.push_back(static_cast<int>(found - classes.begin()));
    if (found == classes.end() && has_rows) unknown.push_back(names[i]);
    any_known = any_known || (found != classes.end() && has_rows);
  }
  if (!unknown.empty() && (any_known || names.size() > classes.size())) {
    throw Error(subject, fmt::format("has the class {}, of which the model knows nothing", unknown[0]),
                fmt::format("it knows {}", fmt::join(classes, ", ")));
  }
  if (!unknown.empty() && !set->classes.empty()) {
    std::vector<std::string> taken;
    for (std::size_t i = 0; i < names.size(); ++i)
      taken.push_back(fmt::format("{} as {}", names[i], classes[i]));
    SayWarning(
        Printable(fmt::format("{}: its classes go by their order: {}", subject, fmt::join(taken, ", "))));
  }
  for (int& label : set->labels) {
    if (label >= 0 && unknown.empty()) label = places[static_cast<std::size_t>(label)];
  }
  set->classes = classes;
}

TestResult TestModel(const SpectrumModel& model, const FeatureSet& set) {
  const std::size_t classes = model.classes().size(), rows = set.rows();
  std::vector<int> predicted(rows);
  std::vector<double> fake(rows);
  const bool detector = model.IsDetector();
  tbb::parallel_for(std::size_t{0}, rows, [&](std::size_t i) {
    predicted[i] = model.Predict(set.row(i));
    if (detector) fake[i] = model.Probabilities(set.row(i))[1];
  });
  TestResult result;
  result.confusion.assign(classes, std::vector<std::int64_t>(classes));
  for (std::size_t i = 0; i < rows; ++i) {
    const int label = set.labels[i];
    if (label >= static_cast<int>(classes))
      throw Error("test features", fmt::format("have the class {}, of which the model knows nothing", label));
    if (label < 0) continue;
    ++result.rows;
    result.right += label == predicted[i];
    ++result.confusion[static_cast<std::size_t>(label)][static_cast<std::size_t>(predicted[i])];
  }
  if (!detector) {
    result.class_scores = ScoreClasses(model, set);
    return result;
  }
  // A video's rows are one person, seen so often.
  std::map<std::string, std::size_t> row_of;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::string path = set.paths.empty() ? fmt::format("row {}", i) : set.paths[i];
    const auto [found, is_new] = row_of.emplace(path, result.scores.size());
    if (is_new) {
      ScoreRow row;
      row.path = path;
      row.status = Status::kOk;
      row.tracks = 1;
      if (set.labels[i] >= 0) row.label = set.labels[i] == 1 ? Label::FAKE : Label::REAL;
      result.scores.push_back(std::move(row));
    }
    ScoreRow& row = result.scores[found->second];
    row.faces = ++row.frames;
    row.people[0].clips.push_back({{SeenFace{.index = row.frames - 1}}, fake[i]});
  }
  const VerdictRule rule = MakeVerdictRule(model.info().threshold, model.info().calibration);
  for (ScoreRow& row : result.scores) Judge(rule, AggregateOptions{}, &row);
  return result;
}

void FitTo(const std::vector<ScoreRow>& rows, CheckpointInfo* info) {
  std::vector<double> scores;
  std::vector<int> labels;
  for (const ScoreRow& row : rows) {
    if (!row.label || !row.score) continue;
    scores.push_back(*row.score);
    labels.push_back(*row.label == Label::FAKE ? 1 : 0);
  }
  const auto fakes = std::count(labels.begin(), labels.end(), 1);
  if (fakes == 0 || fakes == std::ssize(labels))
    throw Error("--val", "has no input of one of the classes", "name real and fake ones");
  info->calibration = Calibrate(scores, labels);
  info->threshold = info->calibration->threshold_eer;
  const RankedScores ranked(scores, labels);
  info->metrics = nlohmann::json({{"val_video_auc", RocAuc(ranked)},
                                  {"val_video_eer", EqualErrorRate(ranked)},
                                  {"val_video_accuracy", Accuracy(ranked, info->threshold)},
                                  {"val_videos", labels.size()}})
                      .dump();
  const std::string caveats = DescribeCaveats(*info->calibration);
  if (!caveats.empty()) SayWarning("thresholds, band and temperature are rough: " + caveats);
}

ShareInterval WilsonInterval(std::int64_t right, std::int64_t rows) {
  if (rows == 0) return {0, 1};
  constexpr double kZ = 1.959963984540054;  // of 95 %
  const auto n = static_cast<double>(rows);
  const double p = static_cast<double>(right) / n, middle = p + kZ * kZ / (2 * n);
  const double half = kZ * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n)), scale = 1 + kZ * kZ / n;
  return {std::max(0.0, (middle - half) / scale), std::min(1.0, (middle + half) / scale)};
}

std::string ShareText(std::int64_t right, std::int64_t rows) {
  const auto [low, high] = WilsonInterval(right, rows);
  const double share = rows > 0 ? static_cast<double>(right) / static_cast<double>(rows) : 0;
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]", share, low, high);
}

Table ConfusionTable(const TestResult& result, const std::vector<std::string>& classes) {
  Table table{"confusion", {"class"}, {}};
  for (const std::string& name : classes) table.columns.push_back("as " + name);
  table.columns.emplace_back("right");
  for (std::size_t i = 0; i < classes.size(); ++i) {
    std::vector<std::string> row = {classes[i]};
    std::int64_t all = 0;
    for (const std::int64_t count : result.confusion[i]) {
      row.push_back(std::to_string(count));
      all += count;
    }
    row.push_back(all > 0 ? ShareText(result.confusion[i][i], all) : "-");
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace seam

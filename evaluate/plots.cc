#include "evaluate/plots.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/files.h"
#include "evaluate/evaluation_text.h"

namespace seam {
namespace {

const std::vector<double> kFifths = {0, 0.2, 0.4, 0.6, 0.8, 1};
const std::vector<double> kDecades = {0.001, 0.01, 0.1, 1};
const std::vector<double> kErrorRates = {0.01, 0.05, 0.2, 0.4, 0.6, 0.8};

RankedScores Ranked(const Evaluation& evaluation) { return {evaluation.scores, evaluation.labels}; }

std::string GetName(const Evaluation& evaluation) {
  return std::filesystem::path(evaluation.subject).stem().string();
}

std::string MakeLegend(const Evaluation& evaluation, const char* metric, double value) {
  return fmt::format("{} ({} {:.3f})", GetName(evaluation), metric, value);
}

// One line for each evaluation, through what `point` makes of each step of the ROC curve.
template <class Point, class Legend>
Chart Curves(const std::vector<Evaluation>& evaluations, Chart chart, const Point& point,
             const Legend& legend) {
  for (const Evaluation& evaluation : evaluations) {
    const RankedScores scores = Ranked(evaluation);
    const auto steps = RocSteps(scores);
    Series series{legend(evaluation, scores), Series::Style::kLine, {}, {}, 0};
    for (const RocStep& step : steps) {
      series.points.push_back(point(step, step.true_positives / steps.back().true_positives,
                                    step.false_positives / steps.back().false_positives));
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

std::vector<Chart> MakeCurves(const std::vector<Evaluation>& evaluations) {
  const Axis rate = {"", 0, 1, kFifths, Axis::Scale::kLinear, {}};
  const auto axis = [&](const char* title) {
    Axis named = rate;
    named.title = title;
    return named;
  };
  const auto auc = [](const Evaluation& evaluation, const RankedScores& scores) {
    return MakeLegend(evaluation, "AUC", RocAuc(scores));
  };
  const auto roc = [](const RocStep&, double tpr, double fpr) { return std::pair(fpr, tpr); };
  const Axis log_fpr = {"false positive rate (log)", 0.001, 1, kDecades, Axis::Scale::kLog, {}};
  const Axis tpr = axis("true positive rate");
  std::vector<Chart> charts = {
      Curves(evaluations, {"roc", "ROC", axis("false positive rate"), tpr, {}, true}, roc, auc),
      Curves(evaluations, {"roc_log", "ROC, few false alarms", log_fpr, tpr, {}, false}, roc, auc)};
  charts.push_back(Curves(
      evaluations, {"precision_recall", "Precision and recall", axis("recall"), axis("precision"), {}, false},
      [](const RocStep& step, double recall, double) {
        const double called = step.true_positives + step.false_positives;
        return std::pair(recall, called > 0 ? step.true_positives / called : 1.0);
      },
      [](const Evaluation& evaluation, const RankedScores& scores) {
        return MakeLegend(evaluation, "AP", AveragePrecision(scores));
      }));
  const Axis error = {"", 0.005, 0.9, kErrorRates, Axis::Scale::kProbit, {}};
  Chart det = {"det", "Detection error tradeoff", error, error, {}, false};
  det.x.title = "false positive rate (normal quantiles)";
  det.y.title = "false negative rate";
  charts.push_back(Curves(
      evaluations, std::move(det),
      [](const RocStep&, double hits, double fpr) { return std::pair(fpr, 1 - hits); },
      [](const Evaluation& evaluation, const RankedScores& scores) {
        return MakeLegend(evaluation, "EER", EqualErrorRate(scores));
      }));
  return charts;
}

Chart MakeHistogram(const Evaluation& evaluation, const std::string& suffix) {
  constexpr int kBins = 20;
  std::array<std::vector<double>, 2> shares = {std::vector<double>(kBins), std::vector<double>(kBins)};
  for (std::size_t i = 0; i < evaluation.scores.size(); ++i) {
    const int bin = std::min(kBins - 1, static_cast<int>(evaluation.scores[i] * kBins));
    shares[static_cast<std::size_t>(evaluation.labels[i])][static_cast<std::size_t>(bin)] += 1;
  }
  Chart chart = {"scores" + suffix,
                 "Scores by class: " + GetName(evaluation),
                 {"score, P(fake)", 0, 1, kFifths, Axis::Scale::kLinear, {}},
                 {"share of the class", 0, 0.1, {}, Axis::Scale::kLinear, {}},
                 {},
                 false};
  const std::array<double, 2> counts = {static_cast<double>(evaluation.videos.real),
                                        static_cast<double>(evaluation.videos.fake)};
  for (std::size_t label = 0; label < 2; ++label) {
    Series series{label == 1 ? "fake" : "real", Series::Style::kBars, {}, {}, 1.0 / kBins};
    for (int bin = 0; bin < kBins; ++bin) {
      const double share = shares[label][static_cast<std::size_t>(bin)] / counts[label];
      series.points.emplace_back((bin + 0.5) / kBins, share);
      chart.y.high = std::max(chart.y.high, share);
    }
    chart.series.push_back(std::move(series));
  }
  for (int tick = 0; tick <= 4; ++tick) chart.y.ticks.push_back(std::round(chart.y.high * tick * 25) / 100);
  return chart;
}

Chart ChartReliability(const Evaluation& evaluation, const std::string& suffix) {
  const RankedScores scores = Ranked(evaluation);
  Chart chart = {"reliability" + suffix,
                 "Reliability: " + GetName(evaluation),
                 {"mean score of the bin", 0, 1, kFifths, Axis::Scale::kLinear, {}},
                 {"share of fakes", 0, 1, kFifths, Axis::Scale::kLinear, {}},
                 {},
                 true};
  Series line{
      MakeLegend(evaluation, "ECE", ExpectedCalibrationError(scores)), Series::Style::kLine, {}, {}, 0};
  for (const CalibrationBin& bin : CalibrationBins(scores)) {
    if (bin.weight > 0) line.points.emplace_back(bin.mean_score, bin.share_of_fakes);
  }
  Series points = {"", Series::Style::kPoints, line.points, {}, 0};
  chart.series = {std::move(line), std::move(points)};
  return chart;
}

Chart ChartMethods(const Evaluation& evaluation, const std::string& suffix) {
  Chart chart = {"auc_by_method" + suffix,
                 "AUC by method, against all reals: " + GetName(evaluation),
                 {"", -0.6, 0, {}, Axis::Scale::kLinear, {}},
                 {"AUC", 0, 1, kFifths, Axis::Scale::kLinear, {}},
                 {},
                 false};
  Series bars{"", Series::Style::kBars, {}, {}, 0.7};
  for (const Slice& method : evaluation.methods) {
    const Measured& auc = method.metrics.front();
    if (std::isnan(auc.value)) continue;
    bars.points.emplace_back(static_cast<double>(chart.x.names.size()), auc.value);
    const bool measured = !std::isnan(auc.interval.low);
    bars.intervals.emplace_back(measured ? auc.interval.low : auc.value,
                                measured ? auc.interval.high : auc.value);
    chart.x.names.push_back(method.name);
  }
  chart.x.high = static_cast<double>(chart.x.names.size()) - 0.4;
  chart.series.push_back(std::move(bars));
  return chart;
}

}  // namespace

std::vector<Chart> MakePlots(const std::vector<Evaluation>& evaluations) {
  std::vector<Chart> charts = MakeCurves(evaluations);
  for (std::size_t i = 0; i < evaluations.size(); ++i) {
    const std::string suffix = evaluations.size() > 1 ? fmt::format("_{}", i + 1) : "";
    charts.push_back(MakeHistogram(evaluations[i], suffix));
    charts.push_back(ChartReliability(evaluations[i], suffix));
    if (!evaluations[i].methods.empty()) charts.push_back(ChartMethods(evaluations[i], suffix));
  }
  return charts;
}

HeatMap MakeHeatMap(const CrossTest& cross) {
  HeatMap map{"cross_test", cross.metric.name + std::string(" of each model (rows) on each dataset"),
              cross.models, cross.datasets,
              {},           {}};
  for (std::size_t model = 0; model < cross.models.size(); ++model) {
    map.values.emplace_back();
    map.texts.emplace_back();
    for (std::size_t dataset = 0; dataset < cross.datasets.size(); ++dataset) {
      const Measured* measured = cross.At(model, dataset);
      map.values.back().push_back(measured == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                                      : measured->value);
      map.texts.back().push_back(measured == nullptr ? "-" : ToText(*measured));
    }
  }
  return map;
}

namespace {

std::vector<Perturbation> ListLevels(const Robustness& robustness, const PerturbationKind& kind) {
  std::vector<Perturbation> levels;
  for (const RobustnessPoint& point : robustness.points) {
    if (point.perturbation.name == kind.name) levels.push_back(point.perturbation);
  }
  return levels;
}

// The AUC at level 0 (untouched) and at each level of `kind`; `slice` picks videos or frames.
template <class SelectSlice>
Series MakeCurve(const Robustness& robustness, const PerturbationKind& kind, std::string name,
                 const Slice& clean, const SelectSlice& slice) {
  Series series{std::move(name), Series::Style::kLine, {}, {}, 0};
  const auto add = [&](double level, const Slice& of) {
    const Measured* auc = FindAuc(of);
    if (auc == nullptr) return;
    series.points.emplace_back(level, auc->value);
    const bool measured = !std::isnan(auc->interval.low);
    series.intervals.emplace_back(measured ? auc->interval.low : auc->value,
                                  measured ? auc->interval.high : auc->value);
  };
  add(0, clean);
  for (const RobustnessPoint& point : robustness.points) {
    if (point.perturbation.name == kind.name) add(point.perturbation.level, slice(point));
  }
  return series;
}

Series VideoCurve(const Robustness& robustness, const PerturbationKind& kind, std::string name) {
  return MakeCurve(robustness, kind, std::move(name), robustness.clean.videos,
                   [](const RobustnessPoint& point) -> const Slice& { return point.videos; });
}

// Level 0, then those of the table.
Chart LevelChart(std::string file, std::string title, int levels) {
  Chart chart = {std::move(file),
                 std::move(title),
                 {"level", -0.3, levels + 0.3, {}, Axis::Scale::kLinear, {"none"}},
                 {"AUC", 0, 1, kFifths, Axis::Scale::kLinear, {}},
                 {},
                 false};
  for (int level = 1; level <= levels; ++level) chart.x.names.push_back(std::to_string(level));
  return chart;
}

Chart MakeOverview(const Robustness& robustness, const std::string& suffix) {
  constexpr int kMostLevels = 5;
  Chart chart = LevelChart("robustness" + suffix, "AUC of videos made worse: " + GetName(robustness.clean),
                           kMostLevels);
  for (const PerturbationKind& kind : Perturbations()) {
    if (ListLevels(robustness, kind).empty()) continue;
    chart.series.push_back(VideoCurve(robustness, kind, kind.name));
    chart.series.back().intervals.clear();
  }
  return chart;
}

Chart MakeChart(const std::vector<Robustness>& all, const PerturbationKind& kind) {
  Chart chart = LevelChart(std::string("robustness_") + kind.name,
                           fmt::format("AUC against level: {} ({})", kind.name, kind.words),
                           static_cast<int>(kind.levels.size()));
  chart.x.title = kind.parameter;
  for (std::size_t level = 0; level < kind.levels.size(); ++level)
    chart.x.names[level + 1] = fmt::format("{:g}", kind.levels[level]);
  for (const Robustness& robustness : all) {
    const bool alone = all.size() == 1;
    chart.series.push_back(VideoCurve(robustness, kind, alone ? "videos" : GetName(robustness.clean)));
    if (!alone || !robustness.clean.frames) continue;
    static const Slice kNone;
    chart.series.push_back(MakeCurve(
        robustness, kind, "frames", *robustness.clean.frames,
        [](const RobustnessPoint& point) -> const Slice& { return point.frames ? *point.frames : kNone; }));
  }
  // Intervals beside each other.
  for (std::size_t i = 1; i < chart.series.size(); ++i) {
    for (auto& point : chart.series[i].points) point.first += 0.04 * static_cast<double>(i);
  }
  return chart;
}

}  // namespace

std::vector<Chart> MakePlots(const std::vector<Robustness>& all) {
  std::vector<Chart> charts;
  for (std::size_t i = 0; i < all.size(); ++i)
    charts.push_back(MakeOverview(all[i], all.size() > 1 ? fmt::format("_{}", i + 1) : ""));
  for (const PerturbationKind& kind : Perturbations()) {
    if (!all.empty() && !ListLevels(all.front(), kind).empty()) charts.push_back(MakeChart(all, kind));
  }
  return charts;
}

HeatMap MakeHeatMap(const Robustness& robustness, const std::string& suffix) {
  HeatMap map{
      "robustness_map" + suffix, "AUC of videos made worse: " + GetName(robustness.clean), {}, {}, {}, {}};
  for (int level = 1; level <= 5; ++level) map.columns.push_back(fmt::format("level {}", level));
  for (const PerturbationKind& kind : Perturbations()) {
    if (ListLevels(robustness, kind).empty()) continue;
    map.rows.emplace_back(kind.name);
    map.values.emplace_back(map.columns.size(), std::numeric_limits<double>::quiet_NaN());
    map.texts.emplace_back(map.columns.size());
    for (const RobustnessPoint& point : robustness.points) {
      if (point.perturbation.name != kind.name) continue;
      const auto column = static_cast<std::size_t>(point.perturbation.level - 1);
      const Measured* auc = FindAuc(point.videos);
      map.texts.back()[column] = auc == nullptr ? "-" : ToText(*auc);
      if (auc != nullptr) map.values.back()[column] = auc->value;
    }
  }
  return map;
}

void WritePlots(const std::vector<Chart>& charts, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (const Chart& chart : charts) {
    WriteFile(folder / (chart.file + ".svg"), ToSvg(chart));
    WritePng(chart, folder / (chart.file + ".png"));
  }
}

void WritePlots(const HeatMap& map, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  WriteFile(folder / (map.file + ".svg"), ToSvg(map));
  WritePng(map, folder / (map.file + ".png"));
}

}  // namespace seam

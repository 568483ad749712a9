#include "evaluate/evaluation_text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

// Whether an AUC says that scores or labels are turned round: scores that know nothing have 0.5, with the
// standard error of a rank sum (Mann and Whitney 1947).
bool IsTurned(double auc, int real, int fake) {
  constexpr double kFarBelow = 0.35, kErrors = 2;
  const double error = std::sqrt((real + fake + 1.0) / (12.0 * real * fake));
  return auc < std::min(kFarBelow, 0.5 - kErrors * error);
}

std::string Number(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4f}", value); }

std::string Percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

// The names of metrics for tables of parts, and their positions in Metrics().
const std::vector<std::pair<std::string, std::size_t>>& ShortMeasures() {
  static const auto places = [] {
    std::vector<std::pair<std::string, std::size_t>> found;
    for (std::size_t i = 0; i < Metrics().size(); ++i) {
      for (const char* key : {"auc", "ap", "eer", "tpr_at_fpr_10", "accuracy"}) {
        if (Metrics()[i].key == std::string(key)) found.emplace_back(Metrics()[i].name, i);
      }
    }
    return found;
  }();
  return places;
}

Table MeasureTable(const Evaluation& evaluation, bool at_threshold, std::string title) {
  Table table{std::move(title), {"metric", "videos"}, {}};
  if (evaluation.frames) table.columns.push_back("frames");
  for (std::size_t i = 0; i < Metrics().size(); ++i) {
    if (Metrics()[i].at_threshold != at_threshold) continue;
    table.rows.push_back({Metrics()[i].name, ToText(evaluation.videos.metrics[i])});
    if (evaluation.frames) table.rows.back().push_back(ToText(evaluation.frames->metrics[i]));
  }
  return table;
}

void AddConfusion(const Evaluation& evaluation, Table* table) {
  constexpr std::pair<const char*, double Confusion::*> kCells[] = {
      {"fakes called fake", &Confusion::true_positives},
      {"fakes called real", &Confusion::false_negatives},
      {"reals called fake", &Confusion::false_positives},
      {"reals called real", &Confusion::true_negatives}};
  for (const auto& [name, cell] : kCells) {
    table->rows.push_back({name, fmt::format("{}", evaluation.videos.confusion.*cell)});
    if (evaluation.frames)
      table->rows.back().push_back(fmt::format("{}", evaluation.frames->confusion.*cell));
  }
}

std::string GetName(const Slice& slice) {
  return slice.name + (slice.all_reals ? " (against all reals: it has none)" : "");
}

// `frames`: of the same parts, or empty.
Table PartsTable(const std::vector<Slice>& slices, const std::vector<Slice>& frames, std::string title,
                 const char* what) {
  Table table{std::move(title), {what, "real", "fake", "coverage"}, {}};
  for (const auto& [name, place] : ShortMeasures()) table.columns.push_back(name);
  if (!frames.empty()) table.columns.push_back("AUC of frames");
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const Slice& slice = slices[i];
    table.rows.push_back(
        {GetName(slice), std::to_string(slice.real), std::to_string(slice.fake), Percent(slice.coverage())});
    for (const auto& [name, place] : ShortMeasures())
      table.rows.back().push_back(ToText(slice.metrics[place]));
    if (!frames.empty()) table.rows.back().push_back(ToText(frames[i].metrics.front()));
  }
  return table;
}

std::string ThresholdWords(const Threshold& threshold) {
  const std::string value = fmt::format("threshold {:.6g}", threshold.value);
  if (threshold.source == "default") return value + " (the default; nobody chose it)";
  if (threshold.on_this_split)
    return value + " (stored; it was chosen on these very data: what follows is too good)";
  if (threshold.source == "stored") return value + " (stored with the scores)";
  if (threshold.source == "given") return value + " (given)";
  return fmt::format("{} (chosen by {} on these very videos: what follows is too good)", value,
                     threshold.source);
}

// An interval from so few says little: a bootstrap cannot draw what it has not seen.
constexpr int kFewVideos = 10;

bool AnyFew(const std::vector<Slice>& slices) {
  return std::any_of(slices.begin(), slices.end(),
                     [](const Slice& slice) { return std::min(slice.real, slice.fake) < kFewVideos; });
}

nlohmann::ordered_json JsonNumber(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

std::string MissingWords(const std::string& missing) {
  if (missing == "as-real") return "without a score count as real (score 0)";
  if (missing == "as-fake") return "without a score count as fake (score 1)";
  return "without a score are left out";
}

std::string ToText(const Measured& measured) {
  if (std::isnan(measured.value)) return "-";
  if (std::isnan(measured.interval.low)) return Number(measured.value);
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]", measured.value, measured.interval.low,
                     measured.interval.high);
}

std::vector<std::string> ListWarnings(const Evaluation& evaluation) {
  std::vector<std::string> warnings;
  if (evaluation.trained_on > 0) {
    warnings.push_back(
        fmt::format("the network was trained on {} of these {} inputs: the numbers say what it learned by "
                    "heart, not what it can do",
                    evaluation.trained_on, evaluation.inputs));
  }
  if (!evaluation.chosen_on.empty()) {
    const bool several = evaluation.chosen_on.find(" and ") != std::string::npos;
    warnings.push_back(
        fmt::format("the network's {} {} chosen on these very data: the numbers are a little too good",
                    evaluation.chosen_on, several ? "were" : "was"));
  }
  const auto& metrics = evaluation.videos.metrics;
  const double auc = metrics.empty() ? 1 : metrics.front().value;  // of Metrics() the first
  if (IsTurned(auc, evaluation.videos.real, evaluation.videos.fake)) {
    warnings.push_back(
        fmt::format("the AUC of {:.3f} is far below one half: scores or labels seem to be turned "
                    "round; a score is higher for fakes, and the label of a fake is 1",
                    auc));
  }
  return warnings;
}

std::vector<std::string> ListFacts(const Evaluation& evaluation) {
  const std::string unlabelled =
      evaluation.unlabelled > 0 ? fmt::format(", {} without a label", evaluation.unlabelled) : "";
  std::vector<std::string> facts = {
      fmt::format("inputs    {}", evaluation.inputs),
      fmt::format("scored    {} (coverage {})", evaluation.scored(), Percent(evaluation.coverage())),
      fmt::format("measured  {} real, {} fake{}; {}", evaluation.videos.real, evaluation.videos.fake,
                  unlabelled, "those " + MissingWords(evaluation.missing))};
  if (evaluation.uncertain > 0)
    facts.push_back(fmt::format("uncertain {}, which are measured by their scores", evaluation.uncertain));
  if (evaluation.frames) {
    facts.push_back(fmt::format("frames    {} of real videos, {} of fake ones", evaluation.frames->real,
                                evaluation.frames->fake));
  }
  if (evaluation.bootstrap.resamples > 0) {
    facts.push_back(fmt::format("intervals {:g} %, stratified bootstrap over videos, {} resamples, seed {}",
                                100 * evaluation.bootstrap.level, evaluation.bootstrap.resamples,
                                evaluation.bootstrap.seed));
  }
  for (const auto& note : evaluation.notes) facts.push_back("note      " + note);
  for (const auto& warning : ListWarnings(evaluation)) facts.push_back("warning   " + warning);
  if (std::min(evaluation.videos.real, evaluation.videos.fake) < kFewVideos || AnyFew(evaluation.methods) ||
      AnyFew(evaluation.datasets)) {
    facts.push_back(fmt::format(
        "note      where a class has fewer than {} videos, numbers and intervals are hints", kFewVideos));
  }
  return facts;
}

std::vector<Table> ToTables(const Evaluation& evaluation) {
  const std::string coverage = fmt::format("; coverage {}", Percent(evaluation.videos.coverage()));
  std::vector<Table> tables = {MeasureTable(evaluation, false, "without a threshold" + coverage)};
  Table bound = MeasureTable(evaluation, true, "at " + ThresholdWords(evaluation.threshold) + coverage);
  AddConfusion(evaluation, &bound);
  tables.push_back(std::move(bound));
  if (!evaluation.methods.empty())
    tables.push_back(PartsTable(evaluation.methods, evaluation.method_frames,
                                "by method, each against all reals", "method"));
  if (evaluation.datasets.size() > 1)
    tables.push_back(PartsTable(evaluation.datasets, evaluation.dataset_frames, "by dataset", "dataset"));
  return tables;
}

std::string ToText(const Evaluation& evaluation) {
  std::string text = Printable(evaluation.subject) + "\n";
  for (const auto& fact : ListFacts(evaluation)) text += "  " + fact + "\n";
  for (const auto& table : ToTables(evaluation)) text += ToText(table);
  return text;
}

std::string ToMarkdown(const Evaluation& evaluation) {
  std::string text = "## " + Printable(evaluation.subject) + "\n\n";
  for (const auto& fact : ListFacts(evaluation)) text += "- " + fact + "\n";
  for (const auto& table : ToTables(evaluation)) text += "\n" + ToMarkdown(table);
  return text + "\n";
}

nlohmann::ordered_json ToJson(const Slice& slice) {
  nlohmann::ordered_json json = {{"name", slice.name},
                                 {"inputs", slice.inputs},
                                 {"coverage", slice.coverage()},
                                 {"real", slice.real},
                                 {"fake", slice.fake}};
  for (std::size_t i = 0; i < slice.metrics.size(); ++i) {
    const Measured& measured = slice.metrics[i];
    json[Metrics()[i].key] = JsonNumber(measured.value);
    if (!std::isnan(measured.interval.low))
      json[std::string(Metrics()[i].key) + "_interval"] = {measured.interval.low, measured.interval.high};
  }
  json["confusion"] = {{"tp", slice.confusion.true_positives},
                       {"fp", slice.confusion.false_positives},
                       {"tn", slice.confusion.true_negatives},
                       {"fn", slice.confusion.false_negatives}};
  return json;
}

namespace {

void AddParts(const char* key, const std::vector<Slice>& slices, const std::vector<Slice>& frames,
              nlohmann::ordered_json* json) {
  auto& parts = (*json)[key] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < slices.size(); ++i) {
    parts.push_back(ToJson(slices[i]));
    parts.back()["reals"] = slices[i].all_reals || key == std::string("methods") ? "all" : "own";
    if (!frames.empty()) parts.back()["frames"] = ToJson(frames[i]);
  }
}

std::string CsvNumber(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

void AddLongRows(std::vector<std::string> first, const Slice& slice, Table* table) {
  for (const auto& text : {std::to_string(slice.inputs), CsvNumber(slice.coverage()),
                           std::to_string(slice.real), std::to_string(slice.fake)}) {
    first.push_back(text);
  }
  const auto add = [&](const char* metric, double value, const Interval& interval) {
    std::vector<std::string> row = first;
    for (const auto& text :
         {std::string(metric), CsvNumber(value), CsvNumber(interval.low), CsvNumber(interval.high)}) {
      row.push_back(text);
    }
    table->rows.push_back(std::move(row));
  };
  for (std::size_t i = 0; i < slice.metrics.size(); ++i)
    add(Metrics()[i].key, slice.metrics[i].value, slice.metrics[i].interval);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  add("tp", slice.confusion.true_positives, {kNone, kNone});
  add("fp", slice.confusion.false_positives, {kNone, kNone});
  add("tn", slice.confusion.true_negatives, {kNone, kNone});
  add("fn", slice.confusion.false_negatives, {kNone, kNone});
}

}  // namespace

nlohmann::ordered_json ToJson(const Evaluation& evaluation) {
  nlohmann::ordered_json json = {{"file", evaluation.subject},
                                 {"inputs", evaluation.inputs},
                                 {"scored", evaluation.scored()},
                                 {"coverage", evaluation.coverage()},
                                 {"unlabelled", evaluation.unlabelled},
                                 {"uncertain", evaluation.uncertain},
                                 {"missing", evaluation.missing},
                                 {"trained_on", evaluation.trained_on},
                                 {"chosen_on", evaluation.chosen_on},
                                 {"notes", evaluation.notes},
                                 {"threshold", evaluation.threshold.value},
                                 {"threshold_from", evaluation.threshold.source},
                                 {"threshold_chosen_on_these_videos", evaluation.threshold.chosen_here()},
                                 {"resamples", evaluation.bootstrap.resamples},
                                 {"seed", evaluation.bootstrap.seed},
                                 {"level", evaluation.bootstrap.level},
                                 {"videos", ToJson(evaluation.videos)}};
  if (evaluation.frames) json["frames"] = ToJson(*evaluation.frames);
  AddParts("methods", evaluation.methods, evaluation.method_frames, &json);
  AddParts("datasets", evaluation.datasets, evaluation.dataset_frames, &json);
  return json;
}

Table ToLongTable(const std::vector<Evaluation>& evaluations) {
  Table table{"",
              {"file", "part", "name", "level", "inputs", "coverage", "real", "fake", "metric", "value",
               "low", "high"},
              {}};
  for (const Evaluation& evaluation : evaluations) {
    const auto add = [&](const char* part, const char* level, const Slice& slice) {
      AddLongRows({evaluation.subject, part, part == std::string("all") ? "" : slice.name, level}, slice,
                  &table);
    };
    add("all", "videos", evaluation.videos);
    if (evaluation.frames) add("all", "frames", *evaluation.frames);
    for (const Slice& slice : evaluation.methods) add("method", "videos", slice);
    for (const Slice& slice : evaluation.method_frames) add("method", "frames", slice);
    for (const Slice& slice : evaluation.datasets) add("dataset", "videos", slice);
    for (const Slice& slice : evaluation.dataset_frames) add("dataset", "frames", slice);
  }
  return table;
}

}  // namespace seam

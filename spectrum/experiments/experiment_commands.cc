#include "spectrum/experiments/experiment_commands.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>
#include <nlohmann/json.hpp>

#include "base/comma_list.h"
#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "base/sibling.h"
#include "base/version.h"
#include "evaluate/cross_evaluation.h"
#include "evaluate/evaluation_page.h"
#include "evaluate/evaluation_text.h"
#include "evaluate/plots.h"
#include "spectrum/experiments/experiment.h"
#include "spectrum/spectrum_model.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModelEnding = ".safetensors";

// Of every command that reads features.
struct SourceOptions {
  MakeOptions make;
  bool fake_is_zero = false;
  void Register(Options* options) {
    make.Register(options);
    options->Add("fake-is-zero", &fake_is_zero,
                 "in files without names of classes 0 is fake and 1 is real, as the frequency solver counts");
  }
};

bool IsModelFile(const std::string& path) { return path.ends_with(kModelEnding); }

// Where a command leaves its results.
struct ResultOptions {
  std::string scores, save_results;
  void Register(Options* options) {
    options->Add("scores", &scores, "write the score of each picture as a score file for seam evaluate");
    options->Add("save-results", &save_results, "append what was found to this text file");
  }
};

// So that features are taken of pictures as they were of the training's.
void FollowRecipe(const nlohmann::json& recipe, MakeOptions* make) {
  if (!recipe.contains("feature")) return;
  make->feature = FeatureOptions::FromJson(recipe);
  make->whole = recipe.value("whole", make->whole);
  const auto crop = recipe.find("crop");
  if (crop == recipe.end() || !crop->is_object()) return;
  make->extract.crop.size = crop->value("size", make->extract.crop.size);
  make->extract.crop.margin = crop->value("margin", make->extract.crop.margin);
  make->extract.crop.align = crop->value("align", make->extract.crop.align);
  make->extract.detector.detector = crop->value("detector", make->extract.detector.detector);
}

// For a checkpoint's recipe: which pictures, and how many of each class.
nlohmann::json DataFacts(const FeatureSet& set) {
  std::string names;
  for (const std::string& path : set.paths) names += path + "\n";
  nlohmann::json facts = {{"rows", set.rows()}, {"sha256_of_paths", Sha256Of(names)}};
  const auto classes = set.ClassesOrNumbers();
  for (std::size_t c = 0; c < classes.size(); ++c)
    facts["classes"][classes[c]] = std::count(set.labels.begin(), set.labels.end(), static_cast<int>(c));
  return facts;
}

// Of the numbers themselves: whether results are of these data.
std::string ComputeDigest(const FeatureSet& set) {
  const std::string_view values(reinterpret_cast<const char*>(set.values.data()),
                                set.values.size() * sizeof(double)),
      labels(reinterpret_cast<const char*>(set.labels.data()), set.labels.size() * sizeof(int));
  return Sha256Of(Sha256Of(values) + Sha256Of(labels));
}

// "svm real-name: 0.97 ..." to people, files to programs.
void Report(const std::string& subject, const SpectrumModel& model, const TestResult& result,
            const ResultOptions& options) {
  const std::string solver = model.options().value("solver", "");
  if (result.rows > 0) {
    fmt::print("{}: accuracy {} of {} pictures\n", Printable(subject), ShareText(result.right, result.rows),
               result.rows);
    fmt::print("{}", ToText(ConfusionTable(result, model.classes())));
  } else {
    SayWarning(Printable(subject) +
               ": no row has a label, so nothing is measured; seam spectrum classify tells shares");
  }
  const auto has = [&](Label label) {
    return std::any_of(result.scores.begin(), result.scores.end(),
                       [&](const ScoreRow& row) { return row.label == label; });
  };
  if (!result.scores.empty() && has(Label::REAL) && has(Label::FAKE)) {
    std::vector<ScoreRow> labelled = result.scores;
    fmt::print("{}", ToText(Evaluate(subject, labelled, {})));
  }
  if (!result.class_scores.labels.empty()) {
    const Slice measured = MeasureClasses(subject, result.class_scores, {});
    fmt::print("macro AUC, each class against the rest: {}\n", ToText(measured.metrics[MetricIndex("auc")]));
  }
  if (!options.scores.empty()) {
    if (result.scores.empty()) throw Error(options.scores, "only a model of real and fake has scores");
    std::string text = ScoreFileHeader() + "\n";
    for (const ScoreRow& row : result.scores) text += ScoreFileLine(row) + "\n";
    WriteFile(options.scores, text);
  }
  if (!options.save_results.empty()) {
    std::ofstream file(options.save_results, std::ios::app);
    file << fmt::format("Results for experiment {} {}\nscore: {}\n", solver, Printable(subject),
                        result.accuracy());
    if (!file.flush()) throw Error(options.save_results, "cannot be written");
  }
}

// The regular files of `folder` that `wanted` takes, by name.
std::vector<std::string> FilesIn(const std::string& folder, bool (*wanted)(const std::string& path)) {
  std::vector<std::string> files;
  if (!fs::is_directory(folder)) throw Error(folder, "is no folder");
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file() && wanted(entry.path().string())) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Has `set` count its classes as the model does; an Error where it is not what the model takes.
void Fit(const SpectrumModel& model, const std::string& subject, FeatureSet* set) {
  model.CheckFits(*set, subject);
  AlignClasses(model.classes(), subject, set);
}

// A model on all files of a cross-test.
struct CrossTestRow {
  Evaluation evaluation;          // of a model of more classes: what MeasureClasses() gives
  std::vector<Table> confusions;  // of such a model, one for each file
};

// Leaves out, with a warning, files that the model does not take. An Error where it takes none.
CrossTestRow TestOnAll(const std::string& path, const std::vector<std::string>& sets, bool fake_is_zero,
                       const EvaluationOptions& options) {
  const SpectrumModel model = SpectrumModel::Load(path);
  CrossTestRow row;
  std::vector<ScoreRow> scores;
  ClassScores all;
  int taken = 0;
  for (const std::string& file : sets) {
    FeatureSet set = ReadFeatureSet(file, fake_is_zero);
    try {
      Fit(model, file, &set);
    } catch (const Error& error) {
      SayWarning(Printable(fmt::format("{} is not tested on it: {}", path, error.what())));
      continue;
    }
    ++taken;
    const std::string name = fs::path(file).stem().string();
    TestResult result = TestModel(model, set);
    for (ScoreRow& score : result.scores) {
      score.dataset = name;
      score.path = name + "/" + score.path;
      scores.push_back(std::move(score));
    }
    if (model.IsDetector()) continue;
    all.Append(result.class_scores);
    row.evaluation.datasets.push_back(MeasureClasses(name, result.class_scores, options.bootstrap));
    row.confusions.push_back(ConfusionTable(result, model.classes()));
    row.confusions.back().title = fmt::format("{} on {}", fs::path(path).stem().string(), name);
  }
  if (taken == 0) throw Error(path, "takes none of the files of features");
  if (model.IsDetector()) {
    row.evaluation = Evaluate(fs::path(path).stem().string(), scores, options);
  } else {
    row.evaluation.subject = fs::path(path).stem().string();
    row.evaluation.videos = MeasureClasses("all", all, options.bootstrap);
  }
  return row;
}

// The points of a grid: each setting with each of its values.
std::vector<nlohmann::json> MakeGrid(const std::string& solver, const std::string& kernel) {
  std::vector<std::pair<std::string, std::vector<double>>> axes;
  if (solver == "svm") {
    axes.emplace_back("C", std::vector<double>{0.1, 1, 6.37, 10, 100});
    if (kernel != "linear") axes.emplace_back("gamma", std::vector<double>{0.01, 0.1, 0.86, 1, 10});
  } else if (solver == "logistic") {
    axes.emplace_back("C", std::vector<double>{1e-3, 1e-2, 0.1, 1, 10, 100});
  } else if (solver == "eigenfaces") {
    axes.emplace_back("variance", std::vector<double>{0.25, 0.5, 0.75, 0.95});
    axes.emplace_back("C", std::vector<double>{1e-4, 1e-3, 1e-2, 1e-1});
  } else if (solver == "knn") {
    axes.emplace_back("neighbours", std::vector<double>{1, 3, 5, 9, 17, 33, 65, 129, 257, 513, 1025});
  } else if (solver == "prnu") {
    std::vector<double> sigmas;
    for (int i = 1; i <= 19; ++i) sigmas.push_back(0.05 * i);
    axes.emplace_back("levels", std::vector<double>{1, 2, 3, 4});
    axes.emplace_back("sigma", sigmas);
  } else if (solver == "kmeans") {
    axes.emplace_back("seed", std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  } else {
    if (solver == "lasso" || solver == "elastic")
      axes.emplace_back("l1", std::vector<double>{1e-4, 1e-3, 1e-2, 1e-1});
    if (solver == "ridge" || solver == "elastic")
      axes.emplace_back("l2", std::vector<double>{1e-4, 1e-3, 1e-2, 1e-1});
  }
  std::vector<nlohmann::json> points = {nlohmann::json::object()};
  for (const auto& [name, values] : axes) {
    std::vector<nlohmann::json> longer;
    for (const auto& point : points) {
      for (const double value : values) {
        longer.push_back(point);
        longer.back()[name] = value;
      }
    }
    points = std::move(longer);
  }
  return points;
}

ClassifierOptions AtPoint(ClassifierOptions options, const nlohmann::json& point) {
  options.cost = point.value("C", options.cost);
  options.gamma = point.value("gamma", options.gamma);
  options.variance = point.value("variance", options.variance);
  options.neighbours = static_cast<int>(point.value("neighbours", static_cast<double>(options.neighbours)));
  options.residual.levels =
      static_cast<int>(point.value("levels", static_cast<double>(options.residual.levels)));
  options.residual.sigma = point.value("sigma", options.residual.sigma);
  options.seed = static_cast<std::uint64_t>(point.value("seed", static_cast<double>(options.seed)));
  options.l1 = point.value("l1", options.l1);
  options.l2 = point.value("l2", options.l2);
  options.probability = false;  // a choice needs none, and they are dear
  return options;
}

}  // namespace

int SpectrumTrain(const std::vector<std::string>& arguments, NetworkTrainer trainer) {
  SourceOptions source;
  ClassifierOptions classifier;
  ResultOptions results;
  NetworkTraining training;
  std::string output, save_features, save_test_features, notice;
  std::vector<std::string> val, test, inputs;
  Options options("seam spectrum train",
                  "TRAIN... --output MODEL.safetensors [--val VAL...] [--test TEST...] [options]",
                  "a classifier of features, saved or taken now",
                  "seam spectrum train train.npz --val val.npz --output model.safetensors");
  options.Add("output", &output, "the model, a checkpoint that seam infer takes");
  options.Add(
      "val", &val,
      "features, or pictures, that threshold and calibration are read out of, and that tell a network's "
      "best epoch; may be given several times");
  options.Add("notice", &notice, "what users of the model must know: data, licence");
  options.Add("test", &test, "features, or pictures, to test it on; may be given several times");
  options.Add("save-features", &save_features, "keep the training's features as this file");
  options.Add("save-test-features", &save_test_features, "keep the test's features as this file");
  options.Add(
      "run", &training.run,
      "keep a network's run in this folder: metrics, curves for TensorBoard, the weights of each epoch");
  options.Add("resume", &training.resume, "go on with the run in --run");
  options.Add("network-device", &training.device, "what a network learns on", {"cpu", "cuda", "auto"});
  options.Add("precision", &training.precision, "of a network that learns", {"fp32", "bf16", "fp16", "auto"});
  classifier.Register(&options);
  source.Register(&options);
  results.Register(&options);
  options.AddPositional("train", &inputs);
  if (!options.Parse(arguments)) return kExitGood;
  classifier.residual = source.make.feature.residual;
  classifier.Check();
  source.make.Check();
  if (inputs.empty())
    throw UsageError("seam spectrum train", "no training features named", "seam spectrum train train.npz");
  if (output.empty() && test.empty())
    throw UsageError("--output", "is missing", "--output model.safetensors");
  if (!output.empty() && !IsModelFile(output))
    throw UsageError("--output", fmt::format("must end in {}", kModelEnding), "--output model.safetensors");
  if (training.resume && training.run.empty())
    throw UsageError("--resume", "needs the folder of the run", "--run FOLDER --resume");
  if (classifier.IsNetwork() && trainer == nullptr) {
    if (!HasSibling("spectrum-torch")) {
      throw Error("--solver", "networks learn with LibTorch, which this Seam was built without",
                  "another --solver, or build Seam with LibTorch (docs/building.md)");
    }
    std::vector<std::string> all = {"train"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    BecomeSibling("spectrum-torch", all);
  }
  const FeatureSet train = FeaturesAt(inputs, source.make, source.fake_is_zero);
  if (!save_features.empty()) WriteFeatureSet(save_features, train);
  FollowRecipe(train.recipe, &source.make);
  // These are for what is learned from.
  source.make.change = {};
  source.make.copies = 1;
  source.make.num_files = 0;
  std::optional<FeatureSet> held;
  if (!val.empty()) {
    held = FeaturesAt(val, source.make, source.fake_is_zero);
    if (held->shape != train.shape)
      throw Error(val[0], "has rows of another shape than the training's", "take features of one kind");
    AlignClasses(train.ClassesOrNumbers(), val[0], &*held);
    training.val = &*held;
  }
  SpectrumModel model = SpectrumModel::Train(train, classifier, trainer, training);
  CheckpointInfo info;
  info.notice = notice;
  info.recipe = nlohmann::json({{"seam", Version()},
                                {"options", classifier.ToJson()},
                                {"features", train.recipe},
                                {"data", {{"train", DataFacts(train)}}}})
                    .dump();
  if (held) {
    model.CheckFits(*held, val[0]);
    if (model.IsDetector()) {
      FitTo(TestModel(model, *held).scores, &info);
    } else if (!classifier.IsNetwork()) {
      throw UsageError("--val", "is for the classes real and fake, and for networks");
    }
    held.reset();
  }
  if (!output.empty()) {
    model.Save(output, info);
    model = SpectrumModel::Load(output);
    Say(fmt::format("{}: trained on {} rows of {}", Printable(output), train.rows(),
                    fmt::join(train.shape, " x ")));
  }
  if (test.empty()) return kExitGood;
  FeatureSet features = FeaturesAt(test, source.make, source.fake_is_zero);
  if (!save_test_features.empty()) WriteFeatureSet(save_test_features, features);
  Fit(model, test[0], &features);
  Report(test[0], model, TestModel(model, features), results);
  return kExitGood;
}

int SpectrumTest(const std::vector<std::string>& arguments) {
  SourceOptions source;
  ResultOptions results;
  std::string path, save_test_features;
  std::vector<std::string> inputs;
  Options options("seam spectrum test", "TEST... --model MODEL [options]", "how a model does on features",
                  "seam spectrum test test.npz --model model.safetensors --scores scores.csv");
  options.Add("model", &path, "what seam spectrum train wrote");
  options.Add("save-test-features", &save_test_features, "keep the features as this file");
  source.Register(&options);
  results.Register(&options);
  options.AddPositional("test", &inputs);
  if (!options.Parse(arguments)) return kExitGood;
  if (path.empty()) throw UsageError("--model", "is missing", "--model model.safetensors");
  if (inputs.empty())
    throw UsageError("seam spectrum test", "no features named", "seam spectrum test test.npz");
  const SpectrumModel model = SpectrumModel::Load(path);
  FollowRecipe(model.recipe(), &source.make);
  source.make.Check();
  FeatureSet features = FeaturesAt(inputs, source.make, source.fake_is_zero);
  if (!save_test_features.empty()) WriteFeatureSet(save_test_features, features);
  Fit(model, inputs[0], &features);
  Report(inputs[0], model, TestModel(model, features), results);
  return kExitGood;
}

int SpectrumClassify(const std::vector<std::string>& arguments) {
  SourceOptions source;
  std::string path;
  std::vector<std::string> inputs;
  Options options("seam spectrum classify", "INPUT... --model MODEL [options]",
                  "which share of pictures is of which class",
                  "seam spectrum classify pictures --model model.safetensors");
  options.Add("model", &path, "what seam spectrum train wrote");
  source.Register(&options);
  options.AddPositional("input", &inputs);
  if (!options.Parse(arguments)) return kExitGood;
  if (path.empty()) throw UsageError("--model", "is missing", "--model model.safetensors");
  if (inputs.empty())
    throw UsageError("seam spectrum classify", "no input named", "name a folder of pictures");
  const SpectrumModel model = SpectrumModel::Load(path);
  FollowRecipe(model.recipe(), &source.make);
  source.make.Check();
  const FeatureSet features = FeaturesAt(inputs, source.make, source.fake_is_zero);
  model.CheckFits(features, inputs[0]);
  std::vector<int> predicted(features.rows());
  tbb::parallel_for(std::size_t{0}, predicted.size(),
                    [&](std::size_t i) { predicted[i] = model.Predict(features.row(i)); });
  for (std::size_t c = 0; c < model.classes().size(); ++c) {
    const auto count = std::count(predicted.begin(), predicted.end(), static_cast<int>(c));
    fmt::print("{:6.2f}% of the pictures are from class {} ({})\n",
               100.0 * static_cast<double>(count) / static_cast<double>(predicted.size()),
               Printable(model.classes()[c]), count);
  }
  return kExitGood;
}

int SpectrumCrossTest(const std::vector<std::string>& arguments) {
  std::string metric = "accuracy", report, plots, markdown, csv;
  bool fake_is_zero = false;
  EvaluationOptions evaluation;
  std::vector<std::string> folders;
  Options options("seam spectrum crosstest", "MODELS_FOLDER FEATURES_FOLDER [options]",
                  "a folder of models by a folder of feature files",
                  "seam spectrum crosstest models features --report cross.html");
  options.Add(
      "metric", &metric,
      "what the matrix shows, as of seam evaluate --cross; of models of more classes there are accuracy and "
      "auc, the mean of each class against the rest");
  options.Add("report", &report, "write all of it, with plots, as one HTML page");
  options.Add("plots", &plots, "write the heat map as SVG and PNG into this folder");
  options.Add("markdown", &markdown, "write the table as Markdown");
  options.Add("csv", &csv, "write a line for each cell");
  options.Add("fake-is-zero", &fake_is_zero, "in files without names of classes 0 is fake and 1 is real");
  options.Add("resamples", &evaluation.bootstrap.resamples,
              "how often the bootstrap draws the pictures anew; 0: no intervals");
  options.Add("seed", &evaluation.bootstrap.seed, "of the bootstrap");
  options.AddPositional("folders", &folders);
  if (!options.Parse(arguments)) return kExitGood;
  if (folders.size() != 2)
    throw UsageError("seam spectrum crosstest", "takes two folders",
                     "seam spectrum crosstest models features");
  const std::size_t shown = MetricIndex(metric);
  const auto models = FilesIn(folders[0], &IsModelFile), sets = FilesIn(folders[1], &IsFeatureFile);
  if (models.empty()) throw Error(folders[0], "holds no model");
  if (sets.empty()) throw Error(folders[1], "holds no file of features");
  EvaluationReport all;
  std::vector<Evaluation> rows;  // of the matrix
  int failed = 0;
  for (const std::string& path : models) {
    try {
      const CrossTestRow row = TestOnAll(path, sets, fake_is_zero, evaluation);
      rows.push_back(row.evaluation);
      all.tables.insert(all.tables.end(), row.confusions.begin(), row.confusions.end());
      if (row.confusions.empty()) {
        all.evaluations.push_back(row.evaluation);
      } else if (std::isnan(row.evaluation.videos.metrics[shown].value)) {
        SayWarning(Printable(path) + ": of more classes than real and fake there are accuracy and auc");
      }
    } catch (const Error& error) {
      SayError(error);
      ++failed;
    }
  }
  if (rows.empty()) return kExitFailed;
  all.cross = MakeCrossTest(rows, metric);
  fmt::print("{}", ToText(ToTable(*all.cross)));
  if (!report.empty()) WriteFile(report, ToHtml(all));
  if (!plots.empty()) WritePlots(MakeHeatMap(*all.cross), plots);
  if (!markdown.empty()) WriteFile(markdown, ToMarkdown(ToTable(*all.cross)));
  if (!csv.empty()) WriteFile(csv, ToCsv(ToLongTable(*all.cross)));
  return failed == 0 ? kExitGood : kExitSomeFailed;
}

int SpectrumGridSearch(const std::vector<std::string>& arguments) {
  SourceOptions source;
  ClassifierOptions classifier;
  std::string output;
  std::vector<std::string> val, inputs;
  Options options("seam spectrum grid-search", "TRAIN... --val VAL... --output RESULTS.json [options]",
                  "a classifier with many settings, kept as JSON",
                  "seam spectrum grid-search train.npz --val val.npz --solver knn --output knn.json");
  options.Add("output", &output, "the accuracy at each point; points that stand there are not done again");
  options.Add("val", &val, "features, or pictures, to choose by; may be given several times");
  classifier.Register(&options);
  source.Register(&options);
  options.AddPositional("train", &inputs);
  if (!options.Parse(arguments)) return kExitGood;
  classifier.residual = source.make.feature.residual;
  classifier.Check();
  source.make.Check();
  if (inputs.empty() || val.empty() || output.empty())
    throw UsageError("seam spectrum grid-search", "needs features, --val and --output",
                     "seam spectrum grid-search --help");
  if (classifier.IsNetwork())
    throw UsageError("--solver", "networks have no grid: it is for the other classifiers",
                     "seam spectrum train --solver " + classifier.solver);
  nlohmann::json results = nlohmann::json::object();
  if (fs::exists(output)) {
    results = nlohmann::json::parse(ReadFile(output), nullptr, false);
    if (!results.is_object()) throw Error(output, "is no JSON object", "remove it or name another --output");
  }
  const FeatureSet train = FeaturesAt(inputs, source.make, source.fake_is_zero);
  FeatureSet test = FeaturesAt(val, source.make, source.fake_is_zero);
  AlignClasses(train.ClassesOrNumbers(), val[0], &test);
  const nlohmann::json data = {{"train", ComputeDigest(train)}, {"val", ComputeDigest(test)}};
  if (results.contains("data") && results["data"] != data)
    throw Error(output, "holds results of other data", "remove it or name another --output");
  results["data"] = data;
  const std::string name = classifier.solver == "svm" ? "svm " + classifier.kernel : classifier.solver;
  std::vector<nlohmann::json> left;
  for (const auto& point : MakeGrid(classifier.solver, classifier.kernel)) {
    const bool fits =
        classifier.solver != "knn" || point["neighbours"].get<double>() <= static_cast<double>(train.rows());
    if (fits && !(results.contains(name) && results[name].contains(point.dump()))) left.push_back(point);
  }
  std::mutex mutex;
  {
    Progress progress("grid-search", static_cast<std::int64_t>(left.size()), "points");
    tbb::parallel_for(std::size_t{0}, left.size(), [&](std::size_t i) {
      if (Interrupted()) return;
      const SpectrumModel model = SpectrumModel::Train(train, AtPoint(classifier, left[i]));
      model.CheckFits(test, val[0]);
      const TestResult result = TestModel(model, test);
      const std::lock_guard lock(mutex);
      results[name][left[i].dump()] = {
          {"accuracy", result.accuracy()}, {"right", result.right}, {"rows", result.rows}};
      WriteFile(output, results.dump(2) + "\n");
      progress.Advance();
    });
  }
  if (Interrupted()) {
    SayWarning("interrupted; the same command goes on");
    return kExitFailed;
  }
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [point, found] : results[name].items())
    order.emplace_back(found.value("right", std::int64_t{0}), point);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  Table table{name, {"settings", "accuracy"}, {}};
  for (const auto& [right, point] : order)
    table.rows.push_back({point, ShareText(right, results[name][point].value("rows", std::int64_t{0}))});
  fmt::print("{}", ToText(table));
  return kExitGood;
}

}  // namespace seam

#include "spectrum/classifier.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace seam {
namespace {

// A row of the table of solvers.
struct Solver {
  const char* name;
  // Null: a network, which a NetworkTrainer trains.
  std::unique_ptr<Classifier> (*train)(const FeatureSet& set, int classes, const ClassifierOptions& options);
  std::unique_ptr<Classifier> (*restore)(const StoredArrays& arrays, const nlohmann::json& facts,
                                         const std::string& subject);
};

constexpr Solver kSolvers[] = {
    {"svm", &TrainSvm, &RestoreSvm},
    {"logistic", &TrainLinear, &RestoreLinear},
    {"log", &TrainLinear, &RestoreLinear},
    {"lasso", &TrainLinear, &RestoreLinear},
    {"ridge", &TrainLinear, &RestoreLinear},
    {"elastic", &TrainLinear, &RestoreLinear},
    {"eigenfaces", &TrainLinear, &RestoreLinear},
    {"nn", nullptr, &RestoreNetwork},
    {"cnn", nullptr, &RestoreNetwork},
    {"resnet", nullptr, &RestoreNetwork},
    {"deepfreq", nullptr, &RestoreNetwork},
    {"knn", &TrainNeighbours, &RestoreNeighbours},
    {"kmeans", &TrainNeighbours, &RestoreNeighbours},
    {"prnu", &TrainPrnu, &RestorePrnu},
};

const Solver* FindSolver(const std::string& name) {
  for (const Solver& solver : kSolvers) {
    if (name == solver.name) return &solver;
  }
  return nullptr;
}

}  // namespace

const std::vector<std::string>& ClassifierNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const Solver& solver : kSolvers) result.emplace_back(solver.name);
    return result;
  }();
  return names;
}

void ClassifierOptions::Register(Options* options) {
  options->Add("solver", &solver, "the classifier", ClassifierNames());
  options->Add("kernel", &kernel, "of svm", {"rbf", "linear", "poly"});
  options->Add("C", &cost, "cost of errors: svm, logistic, eigenfaces; 0: as published", AtLeast(0));
  options->Add("gamma", &gamma, "of svm's rbf and poly; 0: as published", AtLeast(0));
  options->Add("degree", &degree, "of svm's poly", Between(1, 10));
  options->Add("l1", &l1, "weight of the sum of absolute weights: lasso, elastic", AtLeast(0));
  options->Add("l2", &l2, "weight of the sum of squared weights: ridge, elastic, nn", AtLeast(0));
  options->Add("epochs", &epochs, "of networks, at most; 0: as published", AtLeast(0));
  options->Add("batch", &batch, "rows of a step of networks; 0: as published", AtLeast(0));
  options->Add("early-stopping", &early_stopping,
               "networks stop after so many epochs without a better one; 0: as published", AtLeast(0));
  options->Add("learning-rate", &learning_rate, "of networks; 0: as published", AtLeast(0));
  options->Add("neighbours", &neighbours, "of knn", AtLeast(1));
  options->Add("variance", &variance, "share of variance that eigenfaces keep", {0, 1, "", true, true});
  options->Add("probability", &probability, "svm: fit probabilities, too, which trains it six times");
  options->Add("max-iterations", &max_iterations, "of log, lasso, ridge, elastic and kmeans", AtLeast(1));
  options->Add("seed", &seed, "of kmeans, networks and of svm's folds");
}

void ClassifierOptions::Check() const { CheckDeclared(*this); }

double ClassifierOptions::Cost() const {
  if (cost > 0) return cost;
  if (solver == "svm" && kernel == "rbf") return 6.37;
  return solver == "eigenfaces" ? 0.01 : 1;
}

double ClassifierOptions::Gamma(std::size_t features) const {
  if (gamma > 0) return gamma;
  return kernel == "rbf" ? 0.86 : 1.0 / static_cast<double>(features);
}

int ClassifierOptions::Epochs() const { return epochs > 0 ? epochs : solver == "deepfreq" ? 300 : 50; }
int ClassifierOptions::Batch() const { return batch > 0 ? batch : solver == "deepfreq" ? 256 : 32; }
int ClassifierOptions::Patience() const {
  return early_stopping > 0 ? early_stopping : solver == "deepfreq" ? 30 : 5;
}
double ClassifierOptions::LearningRate() const {
  return learning_rate > 0 ? learning_rate : solver == "deepfreq" ? 1e-4 : 1e-3;
}

nlohmann::json ClassifierOptions::ToJson() const {
  nlohmann::json json = {{"solver", solver}};
  if (solver == "svm") {
    json.update({{"kernel", kernel}, {"C", Cost()}, {"seed", seed}});
    if (kernel != "linear") json["gamma"] = gamma;
    if (kernel == "poly") json["degree"] = degree;
  }
  if (solver == "logistic" || solver == "eigenfaces") json["C"] = Cost();
  if (solver == "eigenfaces") json["variance"] = variance;
  if (solver == "lasso" || solver == "elastic") json["l1"] = l1;
  if (solver == "ridge" || solver == "elastic" || solver == "nn") json["l2"] = l2;
  if (IsNetwork()) {
    json.update({{"epochs", Epochs()},
                 {"batch", Batch()},
                 {"early_stopping", Patience()},
                 {"learning_rate", LearningRate()},
                 {"seed", seed}});
  }
  if (solver == "knn") json["neighbours"] = neighbours;
  if (solver == "kmeans") json["seed"] = seed;
  if (solver == "prnu") json.update({{"levels", residual.levels}, {"sigma", residual.sigma}});
  return json;
}

int Classifier::Predict(std::span<const double> row) const {
  const auto shares = Probabilities(row);
  return static_cast<int>(std::max_element(shares.begin(), shares.end()) - shares.begin());
}

std::unique_ptr<Classifier> TrainClassifier(const FeatureSet& set, const ClassifierOptions& options,
                                            NetworkTrainer trainer, const NetworkTraining& training) {
  std::vector<std::size_t> labelled;
  for (std::size_t i = 0; i < set.rows(); ++i) {
    if (set.labels[i] >= 0) labelled.push_back(i);
  }
  const std::set<int> found(set.labels.begin(), set.labels.end());
  const std::size_t classes = set.ClassesOrNumbers().size();
  if (found.size() - found.count(-1) < 2)
    throw Error("training features", "have fewer than two classes",
                "name folders real and fake, or one a source");
  if (found.size() - found.count(-1) != classes) {
    throw Error("training features",
                fmt::format("have pictures of {} of {} classes", found.size() - found.count(-1), classes));
  }
  const auto* solver = FindSolver(options.solver);
  if (solver->train == nullptr) {
    if (trainer == nullptr)
      throw Error("--solver", options.solver + " learns with LibTorch, which is not here");
    return labelled.size() == set.rows()
               ? trainer(set, static_cast<int>(classes), options, training)
               : trainer(set.Subset(labelled), static_cast<int>(classes), options, training);
  }
  if (labelled.size() == set.rows()) return solver->train(set, static_cast<int>(classes), options);
  return solver->train(set.Subset(labelled), static_cast<int>(classes), options);
}

std::unique_ptr<Classifier> RestoreClassifier(const StoredArrays& arrays, const nlohmann::json& facts,
                                              const std::string& subject) {
  const auto name = facts.find("solver");
  const auto* solver =
      name != facts.end() && name->is_string() ? FindSolver(name->get<std::string>()) : nullptr;
  if (solver == nullptr) throw Error(subject, "names no classifier that this Seam knows");
  return solver->restore(arrays, facts, subject);
}

const StoredArray& Stored(const StoredArrays& arrays, const std::string& name, std::size_t axes,
                          const std::string& subject) {
  const auto found = arrays.find(name);
  if (found == arrays.end() || found->second.shape.size() != axes)
    throw Error(subject, fmt::format("has no '{}' of {} axes", name, axes), "train it again");
  return found->second;
}

}  // namespace seam

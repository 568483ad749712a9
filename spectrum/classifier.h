#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/options.h"
#include "spectrum/feature_set.h"
#include "spectrum/residual.h"

namespace seam {

// Numbers with a shape, as a model's file keeps them.
struct StoredArray {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
};
using StoredArrays = std::map<std::string, StoredArray>;

// Which classifier learns, and how.
struct ClassifierOptions {
  // "svm": C-SVC with `kernel` (libsvm). "logistic": L2-regularised logistic regression, a class against the
  // rest (liblinear). "log", "lasso", "ridge", "elastic": one layer with a sigmoid or softmax, minimising the
  // mean cross entropy plus nothing, l1 sum|w|, l2 sum w^2, or both. "knn": the nearest neighbours' vote.
  // "eigenfaces": principal components and a linear SVM (liblinear). "prnu": fingerprints of raw colour
  // pictures. "nn", "cnn", "resnet", "deepfreq": networks (models/zoo/frequency.h), which learn by Adam
  // until rows that they do not see do not improve any more; the first layer of "nn" costs l2 sum w^2.
  // "kmeans": as many clusters as classes, found without labels, each then named by most of its rows.
  std::string solver = "svm";
  std::string kernel = "rbf";  // "linear", "poly"
  // 0: rbf 6.37, as the frequency solver; 0.01 of eigenfaces; 1 of others.
  double cost = 0;
  double gamma = 0;  // 0: rbf 0.86, as the frequency solver; poly 1 / features
  int degree = 3;
  double l1 = 0.01, l2 = 0.01;
  int neighbours = 1;
  double variance = 0.95;   // share that the principal components keep
  bool probability = true;  // of the SVM: fitted on five folds (Platt; Wu, Lin and Weng 2004)
  int max_iterations = 5000;
  // Of networks; 0: as published, 50 epochs, batches of 32, 5 epochs without a better one and a rate
  // of 0.001; deepfreq 300, 256, 30 and 0.0001.
  int epochs = 0, batch = 0, early_stopping = 0;
  double learning_rate = 0;
  std::uint64_t seed = 1;
  ResidualOptions residual;

  // Without what FeatureOptions declares: levels and sigma.
  void Register(Options* options);
  void Check() const;
  double Cost() const;
  double Gamma(std::size_t features) const;
  bool IsNetwork() const {
    return solver == "nn" || solver == "cnn" || solver == "resnet" || solver == "deepfreq";
  }
  int Epochs() const;
  int Batch() const;
  int Patience() const;
  double LearningRate() const;
  nlohmann::json ToJson() const;
};

const std::vector<std::string>& ClassifierNames();

// A trained classifier. Any number of threads may ask it.
class Classifier {
 public:
  virtual ~Classifier() = default;
  // The share of belief in each class; together 1.
  virtual std::vector<double> Probabilities(std::span<const double> row) const = 0;
  // The class; where it is not that of the greatest share, as with an SVM, the classifier's own decision.
  virtual int Predict(std::span<const double> row) const;
  virtual void Store(StoredArrays* arrays, nlohmann::json* facts) const = 0;
};

// How the networks among them learn.
struct NetworkTraining {
  const FeatureSet* val = nullptr;  // tells which epoch is best; none: a fifth of the rows
  std::string run;                  // the run's folder (docs/training.md); "": it is removed afterwards
  bool resume = false;              // goes on with the run in it
  std::string device = "cpu", precision = "fp32";
  int threads = 0;  // 0: as many as the machine has cores
};
using NetworkTrainer = std::unique_ptr<Classifier> (*)(const FeatureSet& set, int classes,
                                                       const ClassifierOptions& options,
                                                       const NetworkTraining& training);

// Learns from the rows with a label. `set` holds what the solver takes: numbers already scaled, and for
// "prnu" raw pixels [height, width, 3]. An Error where it cannot learn: one class, or rows of a wrong shape.
// `trainer`: of networks; without one they are an Error.
std::unique_ptr<Classifier> TrainClassifier(const FeatureSet& set, const ClassifierOptions& options,
                                            NetworkTrainer trainer = nullptr,
                                            const NetworkTraining& training = {});
// What Store() wrote. An Error names `subject` where something is missing or of a wrong size.
std::unique_ptr<Classifier> RestoreClassifier(const StoredArrays& arrays, const nlohmann::json& facts,
                                              const std::string& subject);

// The families: each in a file of its own.
std::unique_ptr<Classifier> TrainSvm(const FeatureSet& set, int classes, const ClassifierOptions& options);
std::unique_ptr<Classifier> TrainLinear(const FeatureSet& set, int classes, const ClassifierOptions& options);
std::unique_ptr<Classifier> TrainNeighbours(const FeatureSet& set, int classes,
                                            const ClassifierOptions& options);
std::unique_ptr<Classifier> TrainPrnu(const FeatureSet& set, int classes, const ClassifierOptions& options);
std::unique_ptr<Classifier> RestoreNetwork(const StoredArrays& arrays, const nlohmann::json& facts,
                                           const std::string& subject);
std::unique_ptr<Classifier> RestoreSvm(const StoredArrays& arrays, const nlohmann::json& facts,
                                       const std::string& subject);
std::unique_ptr<Classifier> RestoreLinear(const StoredArrays& arrays, const nlohmann::json& facts,
                                          const std::string& subject);
std::unique_ptr<Classifier> RestoreNeighbours(const StoredArrays& arrays, const nlohmann::json& facts,
                                              const std::string& subject);
std::unique_ptr<Classifier> RestorePrnu(const StoredArrays& arrays, const nlohmann::json& facts,
                                        const std::string& subject);

// The array of this name, proved to have so many axes.
const StoredArray& Stored(const StoredArrays& arrays, const std::string& name, std::size_t axes,
                          const std::string& subject);

}  // namespace seam

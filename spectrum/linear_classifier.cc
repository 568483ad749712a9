#include <linear.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include <tbb/parallel_for.h>

#include "base/error.h"
#include "spectrum/classifier.h"
#include "spectrum/principal_components.h"

namespace seam {
namespace {

// What its outputs say of the classes.
enum class Link {
  kSoftmax,        // of all outputs; a sigmoid of a single one
  kOneAgainstRest  // a sigmoid of each, divided by their sum
};

double Sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }

double Dot(std::span<const double> a, const double* b) {
  return std::inner_product(a.begin(), a.end(), b, 0.0);
}

class Linear : public Classifier {
 public:
  // `weights` [outputs, width]; one output for two classes, which speaks for class 1.
  Linear(std::vector<double> weights, std::vector<double> bias, Link link)
      : weights_(std::move(weights)), bias_(std::move(bias)), link_(link) {}

  std::vector<double> Probabilities(std::span<const double> row) const override {
    std::vector<double> outputs = Outputs(row);
    if (outputs.size() == 1) {
      const double share = Sigmoid(outputs[0]);
      return {1 - share, share};
    }
    const double greatest = *std::max_element(outputs.begin(), outputs.end());
    double sum = 0;
    for (double& output : outputs) {
      output = link_ == Link::kSoftmax ? std::exp(output - greatest) : Sigmoid(output);
      sum += output;
    }
    for (double& output : outputs) output /= sum;
    return outputs;
  }

  int Predict(std::span<const double> row) const override {
    const auto outputs = Outputs(row);
    if (outputs.size() == 1) return outputs[0] > 0 ? 1 : 0;
    return static_cast<int>(std::max_element(outputs.begin(), outputs.end()) - outputs.begin());
  }

  void Store(StoredArrays* arrays, nlohmann::json* facts) const override {
    const auto outputs = static_cast<std::int64_t>(bias_.size());
    (*arrays)["weights"] = {{outputs, static_cast<std::int64_t>(weights_.size()) / outputs}, weights_};
    (*arrays)["bias"] = {{outputs}, bias_};
    (*facts)["link"] = link_ == Link::kSoftmax ? "softmax" : "one_against_rest";
  }

 private:
  std::vector<double> Outputs(std::span<const double> row) const {
    std::vector<double> outputs = bias_;
    for (std::size_t k = 0; k < outputs.size(); ++k) outputs[k] += Dot(row, weights_.data() + k * row.size());
    return outputs;
  }

  std::vector<double> weights_, bias_;
  Link link_;
};

struct FreeModel {
  void operator()(model* trained) const { free_and_destroy_model(&trained); }
};

// One class after the other against the rest, as liblinear minimises it with the bias as the weight of a
// feature that is 1 (and so made small, too). Appends to `weights` and `bias`.
void TrainAgainstRest(std::span<const double> rows, std::size_t width, const std::vector<int>& labels,
                      int classes, int solver, double cost, std::vector<double>* weights,
                      std::vector<double>* bias) {
  const std::size_t n = labels.size();
  std::vector<feature_node> nodes(n * (width + 2));
  std::vector<feature_node*> starts(n);
  for (std::size_t i = 0; i < n; ++i) {
    feature_node* node = starts[i] = nodes.data() + i * (width + 2);
    for (std::size_t j = 0; j < width; ++j) *node++ = {static_cast<int>(j) + 1, rows[i * width + j]};
    *node++ = {static_cast<int>(width) + 1, 1};
    *node = {-1, 0};
  }
  set_print_string_function([](const char*) {});
  for (int c = classes == 2 ? 1 : 0; c < classes; ++c) {
    std::vector<double> targets(n);
    for (std::size_t i = 0; i < n; ++i) targets[i] = labels[i] == c ? 1 : -1;
    const problem task = {static_cast<int>(n), static_cast<int>(width) + 1, targets.data(), starts.data(), 1};
    parameter options = {};
    options.solver_type = solver;
    options.eps = 1e-8;
    options.C = cost;
    const std::unique_ptr<model, FreeModel> trained(train(&task, &options));
    // The weights speak for the label that came first.
    const double sign = trained->label[0] == 1 ? 1 : -1;
    for (std::size_t j = 0; j < width; ++j) weights->push_back(sign * trained->w[j]);
    bias->push_back(sign * trained->w[width]);
  }
}

// Minimises the mean cross entropy + l1 sum|w| + l2 sum w^2 (the bias goes free) by accelerated proximal
// gradient steps (Beck and Teboulle, FISTA, 2009) that start over where they lead uphill (O'Donoghue and
// Candes, 2015).
class LayerTrainer {
 public:
  LayerTrainer(const FeatureSet& set, int classes, double l1, double l2)
      : set_(set),
        n_(set.rows()),
        width_(set.width()),
        outputs_(classes == 2 ? 1 : static_cast<std::size_t>(classes)),
        l1_(l1),
        l2_(l2) {}

  void Train(int iterations) {
    const std::size_t size = outputs_ * (width_ + 1);
    const double step = 1 / Curvature();
    std::vector<double> now(size), before(size), ahead(size), gradient(size);
    double momentum = 1;
    for (int i = 0; i < iterations; ++i) {
      Gradient(ahead, &gradient);
      before.swap(now);
      double moved = 0, greatest = 0, uphill = 0;
      for (std::size_t k = 0; k < size; ++k) {
        double value = ahead[k] - step * gradient[k];
        if (!IsBias(k)) value = std::copysign(std::max(std::abs(value) - step * l1_, 0.0), value);
        now[k] = value;
        moved = std::max(moved, std::abs(value - before[k]));
        greatest = std::max(greatest, std::abs(value));
        uphill += (ahead[k] - value) * (value - before[k]);
      }
      if (uphill > 0) momentum = 1;
      const double next = (1 + std::sqrt(1 + 4 * momentum * momentum)) / 2;
      const double share = uphill > 0 ? 0 : (momentum - 1) / next;
      for (std::size_t k = 0; k < size; ++k) ahead[k] = now[k] + share * (now[k] - before[k]);
      momentum = next;
      if (i > 10 && moved <= 1e-12 * (1e-3 + greatest)) break;
    }
    for (std::size_t k = 0; k < outputs_; ++k) {
      const auto from = now.begin() + static_cast<std::ptrdiff_t>(k * (width_ + 1));
      weights.insert(weights.end(), from, from + static_cast<std::ptrdiff_t>(width_));
      bias.push_back(from[static_cast<std::ptrdiff_t>(width_)]);
    }
  }

  std::vector<double> weights, bias;

 private:
  bool IsBias(std::size_t k) const { return k % (width_ + 1) == width_; }

  // outputs[i] = w x[i] + b.
  void Outputs(const std::vector<double>& parameters, std::vector<double>* outputs) const {
    outputs->resize(n_ * outputs_);
    tbb::parallel_for(std::size_t{0}, n_, [&](std::size_t i) {
      for (std::size_t k = 0; k < outputs_; ++k) {
        const double* w = parameters.data() + k * (width_ + 1);
        (*outputs)[i * outputs_ + k] = Dot(set_.row(i), w) + w[width_];
      }
    });
  }

  // sum over rows of factors[i] x[i], and of the factors for the bias.
  void Backwards(const std::vector<double>& factors, std::vector<double>* gradient) const {
    constexpr std::size_t kBlock = 512;
    std::fill(gradient->begin(), gradient->end(), 0);
    tbb::parallel_for(std::size_t{0}, (width_ + kBlock - 1) / kBlock, [&](std::size_t block) {
      const std::size_t from = block * kBlock, to = std::min(from + kBlock, width_);
      for (std::size_t i = 0; i < n_; ++i) {
        const double* x = set_.row(i).data();
        for (std::size_t k = 0; k < outputs_; ++k) {
          const double factor = factors[i * outputs_ + k];
          double* g = gradient->data() + k * (width_ + 1);
          for (std::size_t j = from; j < to; ++j) g[j] += factor * x[j];
        }
      }
    });
    for (std::size_t i = 0; i < n_; ++i) {
      for (std::size_t k = 0; k < outputs_; ++k)
        (*gradient)[k * (width_ + 1) + width_] += factors[i * outputs_ + k];
    }
  }

  void Gradient(const std::vector<double>& parameters, std::vector<double>* gradient) {
    Outputs(parameters, &scratch_);
    for (std::size_t i = 0; i < n_; ++i) {
      double* z = scratch_.data() + i * outputs_;
      if (outputs_ == 1) {
        z[0] = (Sigmoid(z[0]) - set_.labels[i]) / static_cast<double>(n_);
        continue;
      }
      const double greatest = *std::max_element(z, z + outputs_);
      double sum = 0;
      for (std::size_t k = 0; k < outputs_; ++k) sum += z[k] = std::exp(z[k] - greatest);
      for (std::size_t k = 0; k < outputs_; ++k)
        z[k] = (z[k] / sum - (set_.labels[i] == static_cast<int>(k) ? 1 : 0)) / static_cast<double>(n_);
    }
    Backwards(scratch_, gradient);
    for (std::size_t k = 0; k < gradient->size(); ++k) {
      if (!IsBias(k)) (*gradient)[k] += 2 * l2_ * parameters[k];
    }
  }

  // A bound of the second derivative: the greatest eigenvalue of X'X / n, by powers, times 1/4 (sigmoid) or
  // 1/2 (softmax), and that of the penalty.
  double Curvature() {
    const std::size_t outputs = outputs_;
    outputs_ = 1;
    std::vector<double> direction(width_ + 1, 1), next(width_ + 1);
    double eigenvalue = 0;
    for (int i = 0; i < 30; ++i) {
      const double length = std::sqrt(Dot(direction, direction.data()));
      if (length == 0) break;
      for (double& value : direction) value /= length;
      Outputs(direction, &scratch_);
      Backwards(scratch_, &next);
      eigenvalue = Dot(direction, next.data()) / static_cast<double>(n_);
      direction.swap(next);
    }
    outputs_ = outputs;
    constexpr double kSafety = 1.1;  // powers come near from below
    return kSafety * eigenvalue * (outputs == 1 ? 0.25 : 0.5) + 2 * l2_ + 1e-12;
  }

  const FeatureSet& set_;
  std::size_t n_, width_, outputs_;
  double l1_, l2_;
  std::vector<double> scratch_;
};

std::unique_ptr<Classifier> TrainEigenfaces(const FeatureSet& set, int classes,
                                            const ClassifierOptions& options) {
  const PrincipalComponents components = FindPrincipalComponents(set.values, set.width(), options.variance);
  if (components.count() == 0) throw Error("eigenfaces", "the training features do not vary");
  std::vector<double> small, bias;
  TrainAgainstRest(components.Project(set.values), components.count(), set.labels, classes, L2R_L2LOSS_SVC,
                   options.Cost(), &small, &bias);
  // Projection and classifier are one linear map.
  const std::size_t width = set.width(), count = components.count();
  std::vector<double> weights(bias.size() * width);
  for (std::size_t k = 0; k < bias.size(); ++k) {
    double* w = weights.data() + k * width;
    for (std::size_t c = 0; c < count; ++c) {
      for (std::size_t j = 0; j < width; ++j)
        w[j] += small[k * count + c] * components.components[c * width + j];
    }
    bias[k] -= Dot(components.mean, w);
  }
  return std::make_unique<Linear>(std::move(weights), std::move(bias), Link::kOneAgainstRest);
}

}  // namespace

std::unique_ptr<Classifier> TrainLinear(const FeatureSet& set, int classes,
                                        const ClassifierOptions& options) {
  if (options.solver == "eigenfaces") return TrainEigenfaces(set, classes, options);
  if (options.solver == "logistic") {
    std::vector<double> weights, bias;
    TrainAgainstRest(set.values, set.width(), set.labels, classes, L2R_LR, options.Cost(), &weights, &bias);
    return std::make_unique<Linear>(std::move(weights), std::move(bias), Link::kOneAgainstRest);
  }
  const bool l1 = options.solver == "lasso" || options.solver == "elastic";
  const bool l2 = options.solver == "ridge" || options.solver == "elastic";
  LayerTrainer trainer(set, classes, l1 ? options.l1 : 0, l2 ? options.l2 : 0);
  trainer.Train(options.max_iterations);
  return std::make_unique<Linear>(std::move(trainer.weights), std::move(trainer.bias), Link::kSoftmax);
}

std::unique_ptr<Classifier> RestoreLinear(const StoredArrays& arrays, const nlohmann::json& facts,
                                          const std::string& subject) {
  const StoredArray &weights = Stored(arrays, "weights", 2, subject),
                    &bias = Stored(arrays, "bias", 1, subject);
  if (weights.shape[0] != bias.shape[0] || bias.values.empty() || weights.values.empty())
    throw Error(subject, "its weights and its bias do not fit together", "train it again");
  return std::make_unique<Linear>(
      weights.values, bias.values,
      facts.value("link", "") == "softmax" ? Link::kSoftmax : Link::kOneAgainstRest);
}

}  // namespace seam

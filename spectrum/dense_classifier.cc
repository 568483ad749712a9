#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <random>

#include <fmt/format.h>

#include "base/error.h"
#include "spectrum/classifier.h"

// BLAS, as every implementation exports it.
extern "C" void sgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
                       const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                       const float* beta, float* c, const int* ldc);

namespace seam {
namespace {

enum class Activation { kNone, kRelu, kPrelu };

// A dense layer: out = f(in W' + b), where PReLU has one slope for the whole layer.
template <class Number>
struct Layer {
  std::size_t in = 0, out = 0;
  Activation activation = Activation::kNone;
  std::vector<Number> weights;  // [out, in]
  std::vector<Number> bias;     // [out]
  Number slope = 0;
};

const char* NameOf(Activation activation) {
  return activation == Activation::kRelu ? "relu" : activation == Activation::kPrelu ? "prelu" : "none";
}

class Dense : public Classifier {
 public:
  // One output says the logit of class 1, several those of the classes.
  explicit Dense(std::vector<Layer<double>> layers) : layers_(std::move(layers)) {}

  std::vector<double> Probabilities(std::span<const double> row) const override {
    std::vector<double> now(row.begin(), row.end()), next;
    for (const Layer<double>& layer : layers_) {
      next = layer.bias;
      for (std::size_t k = 0; k < layer.out; ++k) {
        const double* w = layer.weights.data() + k * layer.in;
        const double sum = std::inner_product(now.begin(), now.end(), w, next[k]);
        next[k] = sum >= 0 || layer.activation == Activation::kNone ? sum : layer.slope * sum;
      }
      now.swap(next);
    }
    if (now.size() == 1) {
      const double share =
          now[0] >= 0 ? 1 / (1 + std::exp(-now[0])) : std::exp(now[0]) / (1 + std::exp(now[0]));
      return {1 - share, share};
    }
    const double greatest = *std::max_element(now.begin(), now.end());
    double sum = 0;
    for (double& logit : now) sum += logit = std::exp(logit - greatest);
    for (double& share : now) share /= sum;
    return now;
  }

  void Store(StoredArrays* arrays, nlohmann::json* facts) const override {
    nlohmann::json activations = nlohmann::json::array();
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const Layer<double>& layer = layers_[i];
      const auto in = static_cast<std::int64_t>(layer.in), out = static_cast<std::int64_t>(layer.out);
      (*arrays)[fmt::format("dense{}.weights", i)] = {{out, in}, layer.weights};
      (*arrays)[fmt::format("dense{}.bias", i)] = {{out}, layer.bias};
      if (layer.activation == Activation::kPrelu)
        (*arrays)[fmt::format("dense{}.slope", i)] = {{1}, {layer.slope}};
      activations.push_back(NameOf(layer.activation));
    }
    (*facts)["activations"] = activations;
  }

 private:
  std::vector<Layer<double>> layers_;
};

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : engine_(seed) {}
  // From -bound to bound.
  float Uniform(double bound) {
    const double share = static_cast<double>(engine_() >> 11) * 0x1p-53;
    return static_cast<float>((2 * share - 1) * bound);
  }
  void Shuffle(std::vector<std::size_t>* order) {
    for (std::size_t i = order->size(); i > 1; --i) std::swap((*order)[i - 1], (*order)[engine_() % i]);
  }

 private:
  std::mt19937_64 engine_;
};

Layer<float> FreshLayer(std::size_t in, std::size_t out, Activation activation, Draw* draw) {
  Layer<float> layer{in, out, activation, std::vector<float>(in * out), std::vector<float>(out), 0};
  const auto fan_in = static_cast<double>(in), fan_out = static_cast<double>(out);
  const bool torch = activation == Activation::kPrelu;  // as the frequency solver's; others as Keras'
  const double bound = torch ? std::sqrt(6 / fan_in) : std::sqrt(6 / (fan_in + fan_out));
  for (float& weight : layer.weights) weight = draw->Uniform(bound);
  if (torch) {
    for (float& bias : layer.bias) bias = draw->Uniform(1 / std::sqrt(fan_in));
    layer.slope = 0.25F;
  }
  return layer;
}

// The moments of Adam (Kingma and Ba 2015) for one array.
struct Adam {
  std::vector<float> mean, square;
  void Step(std::span<float> values, std::span<const float> gradient, double rate, int step) {
    mean.resize(values.size());
    square.resize(values.size());
    constexpr float kMean = 0.9F, kSquare = 0.999F;
    const auto scale = static_cast<float>(rate / (1 - std::pow(0.9, step)));
    const auto root = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, step)));
    for (std::size_t i = 0; i < values.size(); ++i) {
      mean[i] = kMean * mean[i] + (1 - kMean) * gradient[i];
      square[i] = kSquare * square[i] + (1 - kSquare) * gradient[i] * gradient[i];
      values[i] -= scale * mean[i] / (std::sqrt(square[i]) * root + 1e-8F);
    }
  }
};

class DenseTrainer {
 public:
  DenseTrainer(const FeatureSet& set, int classes, const ClassifierOptions& options)
      : set_(set), options_(options), draw_(options.seed) {
    const auto outputs = static_cast<std::size_t>(classes);
    if (options.solver == "deepfreq") {
      std::size_t in = set.width();
      for (const std::size_t out : {std::size_t{100}, std::size_t{40}, std::size_t{10}, outputs}) {
        layers_.push_back(FreshLayer(in, out, Activation::kPrelu, &draw_));
        in = out;
      }
      weight_decay_ = 1e-8F;
    } else {
      constexpr std::size_t kHidden = 128;
      layers_.push_back(FreshLayer(set.width(), kHidden, Activation::kRelu, &draw_));
      layers_.push_back(FreshLayer(kHidden, classes == 2 ? 1 : outputs, Activation::kNone, &draw_));
      l2_ = static_cast<float>(options.l2);
    }
  }

  // Keeps the layers of the epoch that does best on a fifth of the rows, which it does not learn from.
  void Train() {
    std::vector<std::size_t> order(set_.rows());
    std::iota(order.begin(), order.end(), std::size_t{0});
    draw_.Shuffle(&order);
    const std::size_t held = order.size() / 5;
    if (held == 0) throw Error("training features", "are too few for a network", "take five rows or more");
    const std::vector<std::size_t> val(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(held));
    std::vector<std::size_t> train(order.begin() + static_cast<std::ptrdiff_t>(held), order.end());
    double best = std::numeric_limits<double>::infinity();
    std::vector<Layer<float>> best_layers = layers_;
    adam_.resize(layers_.size() * 3);
    for (int epoch = 0, bad = 0; epoch < options_.Epochs() && bad < options_.Patience(); ++epoch) {
      draw_.Shuffle(&train);
      const auto batch = static_cast<std::size_t>(options_.Batch());
      for (std::size_t from = 0; from < train.size(); from += batch)
        Step({train.data() + from, std::min(batch, train.size() - from)});
      const double loss = LossOf(val, batch);
      ++bad;
      if (!(loss < best)) continue;
      best = loss;
      best_layers = layers_;
      bad = 0;
    }
    layers_ = std::move(best_layers);
  }

  std::unique_ptr<Classifier> Trained() const {
    std::vector<Layer<double>> layers;
    for (const Layer<float>& layer : layers_) {
      layers.push_back({layer.in, layer.out, layer.activation,
                        std::vector<double>(layer.weights.begin(), layer.weights.end()),
                        std::vector<double>(layer.bias.begin(), layer.bias.end()), layer.slope});
    }
    return std::make_unique<Dense>(std::move(layers));
  }

 private:
  // What a batch is at each layer's input, and each layer's sums before its activation.
  void Forward(std::span<const std::size_t> rows) {
    const int n = static_cast<int>(rows.size());
    inputs_.resize(layers_.size() + 1);
    sums_.resize(layers_.size());
    inputs_[0].resize(rows.size() * set_.width());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto row = set_.row(rows[i]);
      std::transform(row.begin(), row.end(), inputs_[0].begin() + static_cast<std::ptrdiff_t>(i * row.size()),
                     [](double value) { return static_cast<float>(value); });
    }
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const Layer<float>& layer = layers_[l];
      const int in = static_cast<int>(layer.in), out = static_cast<int>(layer.out);
      sums_[l].resize(rows.size() * layer.out);
      for (std::size_t i = 0; i < sums_[l].size(); ++i) sums_[l][i] = layer.bias[i % layer.out];
      sgemm_("T", "N", &out, &n, &in, &kOne, layer.weights.data(), &in, inputs_[l].data(), &in, &kOne,
             sums_[l].data(), &out);
      inputs_[l + 1] = sums_[l];
      if (layer.activation == Activation::kNone) continue;
      for (float& value : inputs_[l + 1]) value = value >= 0 ? value : layer.slope * value;
    }
  }

  // The sum of the batch's cross entropies. `delta`: its gradient by the outputs, divided by the rows.
  double CrossEntropy(std::span<const std::size_t> rows, std::vector<float>* delta) const {
    const std::vector<float>& outputs = inputs_.back();
    const std::size_t k = layers_.back().out;
    const auto n = static_cast<float>(rows.size());
    delta->resize(outputs.size());
    double loss = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto label = static_cast<std::size_t>(set_.labels[rows[i]]);
      const float* z = outputs.data() + i * k;
      float* d = delta->data() + i * k;
      if (k == 1) {
        const double target = static_cast<double>(label), logit = z[0];
        loss += std::log1p(std::exp(-std::abs(logit))) + std::max(logit, 0.0) - target * logit;
        d[0] = static_cast<float>(1 / (1 + std::exp(-logit)) - target) / n;
        continue;
      }
      const float greatest = *std::max_element(z, z + k);
      double sum = 0;
      for (std::size_t c = 0; c < k; ++c) sum += std::exp(static_cast<double>(z[c] - greatest));
      loss += std::log(sum) + greatest - z[label];
      for (std::size_t c = 0; c < k; ++c) {
        const double share = std::exp(static_cast<double>(z[c] - greatest)) / sum;
        d[c] = static_cast<float>(share - (c == label ? 1 : 0)) / n;
      }
    }
    return loss;
  }

  double LossOf(const std::vector<std::size_t>& rows, std::size_t batch) {
    double loss = 0;
    for (std::size_t from = 0; from < rows.size(); from += batch) {
      const std::span<const std::size_t> part(rows.data() + from, std::min(batch, rows.size() - from));
      Forward(part);
      loss += CrossEntropy(part, &delta_);
    }
    return loss / static_cast<double>(rows.size());
  }

  void Step(std::span<const std::size_t> rows) {
    Forward(rows);
    CrossEntropy(rows, &delta_);
    ++step_;
    const int n = static_cast<int>(rows.size());
    const double rate = options_.LearningRate();
    for (std::size_t l = layers_.size(); l-- > 0;) {
      Layer<float>& layer = layers_[l];
      const int in = static_cast<int>(layer.in), out = static_cast<int>(layer.out);
      float slope_gradient = 0;
      if (layer.activation != Activation::kNone) {
        for (std::size_t i = 0; i < delta_.size(); ++i) {
          if (sums_[l][i] >= 0) continue;
          slope_gradient += delta_[i] * sums_[l][i];
          delta_[i] *= layer.slope;
        }
      }
      gradient_.resize(layer.weights.size());
      sgemm_("N", "T", &in, &out, &n, &kOne, inputs_[l].data(), &in, delta_.data(), &out, &kZero,
             gradient_.data(), &in);
      const float decay = weight_decay_ + (l == 0 ? 2 * l2_ : 0);
      for (std::size_t i = 0; i < gradient_.size(); ++i) gradient_[i] += decay * layer.weights[i];
      bias_gradient_.assign(layer.out, 0);
      for (std::size_t i = 0; i < delta_.size(); ++i) bias_gradient_[i % layer.out] += delta_[i];
      for (std::size_t i = 0; i < layer.out; ++i) bias_gradient_[i] += weight_decay_ * layer.bias[i];
      if (l > 0) {
        before_.resize(rows.size() * layer.in);
        sgemm_("N", "N", &in, &n, &out, &kOne, layer.weights.data(), &in, delta_.data(), &out, &kZero,
               before_.data(), &in);
        delta_.swap(before_);
      }
      adam_[3 * l].Step(layer.weights, gradient_, rate, step_);
      adam_[3 * l + 1].Step(layer.bias, bias_gradient_, rate, step_);
      slope_gradient += weight_decay_ * layer.slope;
      if (layer.activation == Activation::kPrelu)
        adam_[3 * l + 2].Step({&layer.slope, 1}, {&slope_gradient, 1}, rate, step_);
    }
  }

  static constexpr float kOne = 1, kZero = 0;

  const FeatureSet& set_;
  const ClassifierOptions& options_;
  Draw draw_;
  std::vector<Layer<float>> layers_;
  float l2_ = 0;            // of the first layer's weights
  float weight_decay_ = 0;  // of all that is learned
  int step_ = 0;
  std::vector<Adam> adam_;  // of weights, bias and slope of each layer
  std::vector<std::vector<float>> inputs_, sums_;
  std::vector<float> delta_, before_, gradient_, bias_gradient_;
};

}  // namespace

std::unique_ptr<Classifier> TrainDense(const FeatureSet& set, int classes, const ClassifierOptions& options) {
  DenseTrainer trainer(set, classes, options);
  trainer.Train();
  return trainer.Trained();
}

std::unique_ptr<Classifier> RestoreDense(const StoredArrays& arrays, const nlohmann::json& facts,
                                         const std::string& subject) {
  const nlohmann::json activations = facts.value("activations", nlohmann::json::array());
  std::vector<Layer<double>> layers;
  for (std::size_t i = 0; i < activations.size(); ++i) {
    const StoredArray& weights = Stored(arrays, fmt::format("dense{}.weights", i), 2, subject);
    const StoredArray& bias = Stored(arrays, fmt::format("dense{}.bias", i), 1, subject);
    Layer<double> layer{static_cast<std::size_t>(weights.shape[1]),
                        static_cast<std::size_t>(weights.shape[0]),
                        Activation::kNone,
                        weights.values,
                        bias.values,
                        0};
    if (activations[i] == "relu") layer.activation = Activation::kRelu;
    if (activations[i] == "prelu") {
      layer.activation = Activation::kPrelu;
      const StoredArray& slope = Stored(arrays, fmt::format("dense{}.slope", i), 1, subject);
      if (slope.values.size() != 1) throw Error(subject, "a PReLU has one slope", "train it again");
      layer.slope = slope.values[0];
    }
    if (layer.bias.size() != layer.out || layer.out == 0 || (i > 0 && layers.back().out != layer.in))
      throw Error(subject, "its layers do not fit together", "train it again");
    layers.push_back(std::move(layer));
  }
  if (layers.empty()) throw Error(subject, "has no layers", "train it again");
  return std::make_unique<Dense>(std::move(layers));
}

}  // namespace seam

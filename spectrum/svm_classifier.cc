#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>

#include <fmt/format.h>
#include <libsvm/svm.h>

#include "base/error.h"
#include "spectrum/classifier.h"

namespace seam {
namespace {

// A row as libsvm takes it, with an end mark.
std::vector<svm_node> ToNodes(std::span<const double> row) {
  std::vector<svm_node> nodes(row.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) nodes[i] = {static_cast<int>(i) + 1, row[i]};
  nodes.back() = {-1, 0};
  return nodes;
}

// A trained machine in memory of its own, so that it does not matter whether libsvm or a file made it.
class Svm : public Classifier {
 public:
  // Of libsvm's.
  Svm(const svm_model& trained, std::size_t width, int classes) : width_(width), classes_(classes) {
    const auto k = static_cast<std::size_t>(trained.nr_class), l = static_cast<std::size_t>(trained.l);
    kernel_ = trained.param.kernel_type;
    gamma_ = trained.param.gamma;
    degree_ = trained.param.degree;
    for (std::size_t i = 0; i < l; ++i) {
      for (const svm_node* node = trained.SV[i]; node->index >= 0; ++node) vectors_.push_back(node->value);
    }
    for (std::size_t i = 0; i + 1 < k; ++i)
      coefficients_.insert(coefficients_.end(), trained.sv_coef[i], trained.sv_coef[i] + l);
    const std::size_t pairs = k * (k - 1) / 2;
    rho_.assign(trained.rho, trained.rho + pairs);
    if (trained.probA != nullptr && trained.probB != nullptr) {
      a_.assign(trained.probA, trained.probA + pairs);
      b_.assign(trained.probB, trained.probB + pairs);
    }
    labels_.assign(trained.label, trained.label + k);
    counts_.assign(trained.nSV, trained.nSV + k);
    Connect();
  }

  Svm(const StoredArrays& arrays, const nlohmann::json& facts, const std::string& subject) {
    const StoredArray& vectors = Stored(arrays, "vectors", 2, subject);
    width_ = static_cast<std::size_t>(vectors.shape[1]);
    vectors_ = vectors.values;
    coefficients_ = Stored(arrays, "coefficients", 2, subject).values;
    rho_ = Stored(arrays, "rho", 1, subject).values;
    for (const double label : Stored(arrays, "labels", 1, subject).values)
      labels_.push_back(static_cast<int>(label));
    for (const double count : Stored(arrays, "counts", 1, subject).values)
      counts_.push_back(static_cast<int>(count));
    if (arrays.contains("a")) a_ = Stored(arrays, "a", 1, subject).values;
    if (arrays.contains("b")) b_ = Stored(arrays, "b", 1, subject).values;
    classes_ = static_cast<int>(labels_.size());
    const std::string kernel = facts.value("kernel", "");
    kernel_ = kernel == "linear" ? LINEAR : kernel == "poly" ? POLY : RBF;
    gamma_ = facts.value("kernel_gamma", 0.0);
    degree_ = facts.value("degree", 3);
    CheckSizes(subject);
    Connect();
  }
  Svm(const Svm&) = delete;
  Svm& operator=(const Svm&) = delete;

  std::vector<double> Probabilities(std::span<const double> row) const override {
    const auto nodes = ToNodes(row);
    std::vector<double> by_label(labels_.size()), result(static_cast<std::size_t>(classes_));
    if (a_.empty()) {  // without probabilities: all on the class it decides for
      result[static_cast<std::size_t>(svm_predict(&model_, nodes.data()))] = 1;
      return result;
    }
    svm_predict_probability(&model_, nodes.data(), by_label.data());
    for (std::size_t i = 0; i < labels_.size(); ++i)
      result[static_cast<std::size_t>(labels_[i])] = by_label[i];
    return result;
  }

  int Predict(std::span<const double> row) const override {
    return static_cast<int>(svm_predict(&model_, ToNodes(row).data()));
  }

  void Store(StoredArrays* arrays, nlohmann::json* facts) const override {
    const auto size = [](const auto& values) { return static_cast<std::int64_t>(values.size()); };
    const std::int64_t l = model_.l;
    (*arrays)["vectors"] = {{l, static_cast<std::int64_t>(width_)}, vectors_};
    (*arrays)["coefficients"] = {{size(labels_) - 1, l}, coefficients_};
    (*arrays)["rho"] = {{size(rho_)}, rho_};
    (*arrays)["labels"] = {{size(labels_)}, {labels_.begin(), labels_.end()}};
    (*arrays)["counts"] = {{size(counts_)}, {counts_.begin(), counts_.end()}};
    if (!a_.empty()) {
      (*arrays)["a"] = {{size(a_)}, a_};
      (*arrays)["b"] = {{size(b_)}, b_};
    }
    (*facts)["kernel"] = kernel_ == LINEAR ? "linear" : kernel_ == POLY ? "poly" : "rbf";
    (*facts)["kernel_gamma"] = gamma_;
    (*facts)["degree"] = degree_;
    (*facts)["support_vectors"] = l;
  }

 private:
  void CheckSizes(const std::string& subject) const {
    const std::size_t k = labels_.size(), l = width_ == 0 ? 0 : vectors_.size() / width_,
                      pairs = k * (k - (k > 0)) / 2;
    std::vector<int> sorted = labels_;
    std::sort(sorted.begin(), sorted.end());
    bool fits =
        k >= 2 && l > 0 && coefficients_.size() == (k - 1) * l && rho_.size() == pairs && counts_.size() == k;
    for (std::size_t i = 0; i < k; ++i) fits = fits && sorted[i] == static_cast<int>(i);
    std::size_t together = 0;
    for (const int count : counts_) {
      fits = fits && count >= 0;
      together += fits ? static_cast<std::size_t>(count) : 0;
    }
    fits = fits && together == l && a_.size() == b_.size() && (a_.empty() || a_.size() == pairs);
    if (!fits) throw Error(subject, "its support vectors do not fit together", "train it again");
  }

  // Points libsvm's structure at what is kept here.
  void Connect() {
    const std::size_t l = vectors_.size() / width_, k = labels_.size();
    nodes_.reserve(l);
    for (std::size_t i = 0; i < l; ++i) nodes_.push_back(ToNodes({vectors_.data() + i * width_, width_}));
    for (auto& nodes : nodes_) node_rows_.push_back(nodes.data());
    for (std::size_t i = 0; i + 1 < k; ++i) coefficient_rows_.push_back(coefficients_.data() + i * l);
    model_.param.svm_type = C_SVC;
    model_.param.kernel_type = kernel_;
    model_.param.gamma = gamma_;
    model_.param.degree = degree_;
    model_.nr_class = static_cast<int>(k);
    model_.l = static_cast<int>(l);
    model_.SV = node_rows_.data();
    model_.sv_coef = coefficient_rows_.data();
    model_.rho = rho_.data();
    model_.probA = a_.empty() ? nullptr : a_.data();
    model_.probB = b_.empty() ? nullptr : b_.data();
    model_.label = labels_.data();
    model_.nSV = counts_.data();
  }

  std::size_t width_ = 0;
  int classes_ = 0, kernel_ = RBF, degree_ = 3;
  double gamma_ = 0;
  std::vector<double> vectors_, coefficients_, rho_, a_, b_;
  std::vector<int> labels_, counts_;
  std::vector<std::vector<svm_node>> nodes_;
  std::vector<svm_node*> node_rows_;
  std::vector<double*> coefficient_rows_;
  svm_model model_ = {};
};

struct FreeModel {
  void operator()(svm_model* model) const { svm_free_and_destroy_model(&model); }
};

}  // namespace

std::unique_ptr<Classifier> TrainSvm(const FeatureSet& set, int classes, const ClassifierOptions& options) {
  std::vector<std::vector<svm_node>> nodes;
  std::vector<svm_node*> rows;
  std::vector<double> labels(set.labels.begin(), set.labels.end());
  for (std::size_t i = 0; i < set.rows(); ++i) nodes.push_back(ToNodes(set.row(i)));
  for (auto& row : nodes) rows.push_back(row.data());
  const svm_problem problem = {static_cast<int>(rows.size()), labels.data(), rows.data()};
  svm_parameter parameter = {};
  parameter.svm_type = C_SVC;
  parameter.kernel_type = options.kernel == "linear" ? LINEAR : options.kernel == "poly" ? POLY : RBF;
  parameter.degree = options.degree;
  parameter.gamma = options.Gamma(set.width());
  parameter.cache_size = 200;
  parameter.eps = 1e-3;
  parameter.C = options.Cost();
  parameter.shrinking = 1;
  parameter.probability = options.probability ? 1 : 0;
  if (const char* wrong = svm_check_parameter(&problem, &parameter)) throw Error("svm", wrong);
  svm_set_print_string_function([](const char*) {});
  // The folds are drawn by the C library's generator, which all threads share.
  static std::mutex mutex;
  std::unique_lock lock(mutex, std::defer_lock);
  if (options.probability) {
    lock.lock();
    std::srand(static_cast<unsigned>(options.seed));
  }
  const std::unique_ptr<svm_model, FreeModel> model(svm_train(&problem, &parameter));
  return std::make_unique<Svm>(*model, set.width(), classes);
}

std::unique_ptr<Classifier> RestoreSvm(const StoredArrays& arrays, const nlohmann::json& facts,
                                       const std::string& subject) {
  return std::make_unique<Svm>(arrays, facts, subject);
}

}  // namespace seam

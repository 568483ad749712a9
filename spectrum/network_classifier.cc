#include "spectrum/network_classifier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "models/networks/compiled_model.h"
#include "models/zoo/frequency.h"
#include "models/zoo/registry.h"

namespace seam {
namespace {

constexpr const char* kPrefix = "network.";

class NetworkClassifier : public Classifier {
 public:
  NetworkClassifier(ModelOptions options, const Graph& graph,
                    std::map<std::string, std::vector<float>> weights)
      : options_(std::move(options)), weights_(std::move(weights)), specs_(ListWeights(graph)) {
#ifdef SEAM_ONEDNN
    CompileOptions compile;
    compile.precision = "fp32";
    compile.device = "cpu";
    compiled_ = CompileForCpu(Fold(graph, weights_), GetInput(graph), compile);
#else
    throw Error("--solver", "networks of features need oneDNN, which this Seam was built without",
                "docs/building.md tells how to build with it");
#endif
  }

  std::vector<double> Probabilities(std::span<const double> row) const override {
    const std::vector<float> numbers(row.begin(), row.end());
    const std::vector<float> logits = compiled_->Answers(numbers.data(), 1);
    if (logits.size() == 1) {
      const double share = 1 / (1 + std::exp(-static_cast<double>(logits[0])));
      return {1 - share, share};
    }
    const double greatest = *std::max_element(logits.begin(), logits.end());
    std::vector<double> shares;
    double sum = 0;
    for (const float logit : logits) sum += shares.emplace_back(std::exp(logit - greatest));
    for (double& share : shares) share /= sum;
    return shares;
  }

  void Store(StoredArrays* arrays, nlohmann::json* facts) const override {
    for (const WeightSpec& spec : specs_) {
      const std::vector<float>& numbers = weights_.at(spec.name);
      (*arrays)[kPrefix + spec.name] = {spec.shape, {numbers.begin(), numbers.end()}};
    }
    (*facts)["network"] = options_.ToJson();
  }

 private:
  ModelOptions options_;
  std::map<std::string, std::vector<float>> weights_;
  std::vector<WeightSpec> specs_;
  std::unique_ptr<CompiledModel> compiled_;
};

// A map of more numbers is taken for a mistake: what it costs to run a network does not hang on its file.
constexpr std::int64_t kMostNumbers = std::int64_t{1} << 24;

}  // namespace

std::unique_ptr<Classifier> MakeNetworkClassifier(const ModelOptions& options,
                                                  const std::map<std::string, std::vector<float>>& weights,
                                                  const std::string& subject) {
  const std::vector<int> map = FindPowerMap(options);
  if (map.empty() || std::int64_t{map[0]} * map[1] > kMostNumbers / map[2])
    throw Error(subject, "holds a network that takes no features", "train it again");
  const Graph graph = MakeGraph(options);
  for (const WeightSpec& spec : ListWeights(graph)) {
    const auto found = weights.find(spec.name);
    std::int64_t size = 1;
    for (const std::int64_t side : spec.shape) size *= side;
    if (found == weights.end() || static_cast<std::int64_t>(found->second.size()) != size)
      throw Error(subject, fmt::format("its weights do not fit its network: {}", spec.name),
                  "train it again");
  }
  return std::make_unique<NetworkClassifier>(options, graph, weights);
}

std::unique_ptr<Classifier> RestoreNetwork(const StoredArrays& arrays, const nlohmann::json& facts,
                                           const std::string& subject) {
  const auto found = facts.find("network");
  if (found == facts.end()) throw Error(subject, "does not describe its network", "train it again");
  std::map<std::string, std::vector<float>> weights;
  for (const auto& [name, array] : arrays) {
    if (name.starts_with(kPrefix))
      weights[name.substr(std::char_traits<char>::length(kPrefix))].assign(array.values.begin(),
                                                                           array.values.end());
  }
  return MakeNetworkClassifier(ModelOptions::FromJson(*found, subject), weights, subject);
}

}  // namespace seam

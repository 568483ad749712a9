#include "models/torch/import.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <torch/utils.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "models/torch/checkpoint.h"
#include "models/torch/network_sizes.h"
#include "models/torch/tensors.h"
#include "models/torch/vit_names.h"
#include "models/weights/safetensors_header.h"
#include "models/zoo/vit.h"

namespace seam {
namespace {

using Sides = std::vector<std::int64_t>;

std::vector<std::string> SourceNames() {
  std::vector<std::string> names = {"auto"};
  for (const auto& source : WeightSources()) {
    if (std::find(names.begin(), names.end(), source.name) == names.end()) names.push_back(source.name);
  }
  return names;
}

bool Serves(const WeightSource& source, const std::string& model) {
  return std::any_of(source.families.begin(), source.families.end(),
                     [&](const auto& family) { return model.starts_with(family); });
}

ModelOptions OptionsFor(const WeightSource& source, ModelOptions options) {
  for (const auto& [key, value] : source.variant.items()) {
    if (!options.variant.contains(key)) options.variant[key] = value;
  }
  if (options.size == -1) options.size = source.size;
  return options;
}

std::string Words(const Sides& sides) { return fmt::format("[{}]", fmt::join(sides, ", ")); }

// A source's attempt at the file: which of its names are there, and how many of them hold as many numbers as
// they must.
struct Attempt {
  const WeightSource* source = nullptr;
  ModelOptions options;
  Graph graph;
  std::map<std::string, std::string> theirs;  // by our names, where the file has one
  std::size_t wanted = 0, fits = 0;
  double share() const { return static_cast<double>(theirs.size() + fits) / static_cast<double>(2 * wanted); }
};

std::int64_t Numbers(const Sides& shape) {
  std::int64_t numbers = 1;
  for (const std::int64_t side : shape) numbers *= side;
  return numbers;
}

Attempt Try(const WeightSource& source, const TorchTensors& tensors, const ModelOptions& options) {
  Attempt attempt;
  attempt.source = &source;
  attempt.options = OptionsFor(source, options);
  attempt.graph = MakeGraph(attempt.options);
  for (const WeightSpec& weight : ListWeights(attempt.graph)) {
    ++attempt.wanted;
    for (const auto& name : source.theirs(weight.name, attempt.graph)) {
      const auto found = tensors.find(name);
      if (found == tensors.end()) continue;
      attempt.theirs.emplace(weight.name, name);
      attempt.fits += found->second.numel() == Numbers(weight.shape) ? 1 : 0;
      break;
    }
  }
  return attempt;
}

TorchTensors Renumbered(const TorchTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  const auto renumbered = RenumberKeras(names);
  TorchTensors result;
  for (std::size_t i = 0; i < names.size(); ++i) result.emplace(renumbered[i], tensors.at(names[i]));
  return result;
}

// The network of the sizes that the file's tensors have, where they are not the usual ones.
Attempt TryInItsSize(const WeightSource& source, const TorchTensors& tensors, const ModelOptions& options) {
  Attempt usual = Try(source, tensors, options);
  ModelOptions sized = options;
  const nlohmann::json sizes = FindSizes(options.model, tensors);
  for (const auto& [key, value] : sizes.items()) {
    if (!sized.variant.contains(key)) sized.variant[key] = value;
  }
  if (sized.variant == options.variant || usual.fits + 2 >= usual.wanted) return usual;
  Attempt found = Try(source, tensors, sized);
  return found.share() > usual.share() ? std::move(found) : std::move(usual);
}

// Brings one tensor into Seam's layout. `map` is what a dense layer's features are flattened from, or null.
torch::Tensor FromKeras(const torch::Tensor& tensor, const Shape* map) {
  if (tensor.dim() == 4) return tensor.permute({3, 2, 0, 1}).contiguous();
  if (tensor.dim() != 2) return tensor;
  if (map == nullptr || map->numbers() != tensor.size(0)) return tensor.t().contiguous();
  return tensor.view({map->height, map->width, map->channels, -1})
      .permute({3, 2, 0, 1})
      .reshape({-1, tensor.size(0)})
      .contiguous();
}

class Matcher {
 public:
  Matcher(Attempt attempt, const TorchTensors& tensors, const MatchOptions& options, std::string subject)
      : attempt_(std::move(attempt)), tensors_(tensors), subject_(std::move(subject)) {
    fake_is_ = options.fake_is == "auto" ? attempt_.source->fake_is : options.fake_is == "1";
    answer_ = attempt_.graph[attempt_.graph.answer()].name + ".";
  }

  WeightMatch Match() {
    for (const WeightSpec& weight : ListWeights(attempt_.graph)) One(weight);
    std::set<std::string> used;
    for (const auto& [ours, theirs] : attempt_.theirs) used.insert(theirs);
    for (const auto& [name, tensor] : tensors_) {
      if (used.count(name) == 0 && !name.ends_with("num_batches_tracked")) {
        match_.differences.push_back(
            fmt::format("{} {} is left over", Shown(name), Words(tensor.sizes().vec())));
      }
    }
    match_.source = attempt_.source;
    match_.options = attempt_.options;
    match_.answer = attempt_.graph[attempt_.graph.answer()].name;
    return std::move(match_);
  }

 private:
  void One(const WeightSpec& weight) {
    const auto theirs = attempt_.theirs.find(weight.name);
    if (theirs == attempt_.theirs.end()) {
      const auto names = attempt_.source->theirs(weight.name, attempt_.graph);
      return Differs(weight, fmt::format("{} is missing", Shown(names.front())));
    }
    const torch::Tensor& given = tensors_.at(theirs->second);
    const auto type = given.scalar_type();
    if (!given.is_floating_point()) {
      return Differs(weight,
                     fmt::format("{} has elements of {}", Shown(theirs->second), c10::toString(type)));
    }
    torch::Tensor tensor = given.to(torch::kFloat);
    if (attempt_.source->keras) tensor = FromKeras(tensor, FlattenedMap(weight));
    if (weight.name.starts_with(answer_)) tensor = OneLogit(tensor);
    // A number of each channel may lie as the map that it is added to or multiplied with.
    if (weight.shape.size() == 1 && tensor.dim() == 4 && tensor.size(0) == 1 &&
        tensor.size(1) == tensor.numel())
      tensor = tensor.flatten();
    // Some files leave out the kernel of 1x1 convolutions.
    Sides shape = tensor.sizes().vec();
    while (shape.size() < weight.shape.size() && weight.shape[shape.size()] == 1) shape.push_back(1);
    if (shape != weight.shape)
      return Differs(weight, Unfit(theirs->second, given.sizes().vec(), shape, weight));
    if (!tensor.isfinite().all().item<bool>()) {
      return Differs(weight, Shown(theirs->second) + " holds numbers that are not finite");
    }
    match_.weights[weight.name] = tensor.reshape(weight.shape).contiguous();
  }

  void Differs(const WeightSpec& weight, std::string difference) {
    match_.differences.push_back(std::move(difference));
    match_.unset.push_back(weight.name);
  }

  static std::string Unfit(const std::string& name, const Sides& given, const Sides& shape,
                           const WeightSpec& weight) {
    Sides turned = shape;
    std::reverse(turned.begin(), turned.end());
    return fmt::format("{} has the shape {}{}, where {} wants {}", Shown(name), Words(given),
                       turned == weight.shape ? " (transposed)" : "", weight.name, Words(weight.shape));
  }

  // The map that a dense layer's features were flattened from.
  const Shape* FlattenedMap(const WeightSpec& weight) const {
    const Node* node = &attempt_.graph[weight.node];
    if (node->op != Op::kLinear) return nullptr;
    while (node->op != Op::kFlatten) {
      if (node->inputs.empty() || (node->op == Op::kLinear && node != &attempt_.graph[weight.node]))
        return nullptr;
      node = &attempt_.graph[node->inputs[0]];
    }
    return &attempt_.graph[node->inputs[0]].shape;
  }

  // The classifier's weight or bias, of one answer or two, as that of one logit: fake.
  torch::Tensor OneLogit(const torch::Tensor& tensor) const {
    const bool fits = tensor.dim() > 0 && (tensor.size(0) == 1 || tensor.size(0) == 2);
    if (!fits) return tensor;
    if (fake_is_ < 0) {
      throw UsageError("--fake-is", "the file does not say which answer means fake",
                       "give --fake-is 1 where a high output, or the second of two, means fake; else 0");
    }
    if (tensor.size(0) == 1) return fake_is_ == 1 ? tensor : -tensor;
    return tensor.narrow(0, fake_is_, 1) - tensor.narrow(0, 1 - fake_is_, 1);
  }

  Attempt attempt_;
  const TorchTensors& tensors_;
  std::string subject_;
  int fake_is_ = -1;
  std::string answer_;
  WeightMatch match_;
};

bool IsVit(const std::string& model) { return model.starts_with("vit_"); }

// Brings a vision transformer's tensors to Seam's names, and the options to the network that they are of.
ModelOptions UseVit(ModelOptions options, TorchTensors* tensors) {
  const nlohmann::json found = VitVariant(*tensors);
  for (const char* key : {"flavour", "patch", "width", "depth", "mlp", "registers", "projection"}) {
    if (!found.contains(key) || options.variant.contains(key)) continue;
    if (VitSizes(options).at(key) != found.at(key)) options.variant[key] = found.at(key);
  }
  if (found.contains("positions") && found.contains("patch")) {
    const int grid = found.at("positions");
    if (options.size == -1) options.size = grid * found.at("patch").get<int>();
    if (!options.variant.contains("positions") && VitSizes(options).at("positions") != grid)
      options.variant["positions"] = grid;
  }
  int heads = 0;
  if (const auto given = options.variant.find("heads"); given != options.variant.end() && given->is_number())
    heads = *given;
  UseVitNames(heads, tensors);
  return options;
}

}  // namespace

void MatchOptions::Register(Options* options) {
  options->Add("source", &source, "whose names the file has (auto: whichever fit best)", SourceNames());
  options->Add("fake-is", &fake_is, "which output, or which of two classes, means fake in the file",
               {"auto", "0", "1"});
}

WeightMatch MatchWeights(const ForeignWeights& foreign, const ModelOptions& asked, const MatchOptions& match,
                         const std::string& subject) {
  TorchTensors theirs = ToTorch(WithoutPrefix(foreign.tensors));
  const ModelOptions options = IsVit(asked.model) ? UseVit(asked, &theirs) : asked;
  const TorchTensors keras = Renumbered(theirs);
  Attempt best;
  std::vector<std::string> tried;
  for (const auto& source : WeightSources()) {
    if (!Serves(source, options.model) || (match.source != "auto" && match.source != source.name)) continue;
    Attempt attempt = TryInItsSize(source, source.keras ? keras : theirs, options);
    tried.push_back(source.name);
    if (best.source == nullptr || attempt.share() > best.share()) best = std::move(attempt);
  }
  if (best.source == nullptr) {
    throw UsageError("--source", fmt::format("{} has no weights of {}", match.source, options.model));
  }
  constexpr std::size_t kLeastShare = 10;  // of the names, or the file is of another network
  if (best.theirs.size() * kLeastShare < best.wanted) {
    const std::string first = theirs.empty() ? "nothing" : Shown(theirs.begin()->first);
    const std::string found = best.theirs.empty() ? "none" : fmt::format("only {}", best.theirs.size());
    throw Error(subject,
                fmt::format("{} of its {} weights has a name of {}; the first is {}", found, theirs.size(),
                            options.model, first),
                fmt::format("is it of another network? names tried: {}", fmt::join(tried, ", ")));
  }
  const bool is_keras = best.source->keras;
  return Matcher(std::move(best), is_keras ? keras : theirs, match, subject).Match();
}

std::shared_ptr<Model> MakeMatched(const WeightMatch& match, const std::string& subject) {
  const auto model = MakeModel(match.options);
  auto weights = ListWeights(*model);
  for (const auto& [name, tensor] : match.weights) weights.at(name) = tensor;
  LoadWeights(weights, subject, model.get());
  model->eval();
  return model;
}

}  // namespace seam

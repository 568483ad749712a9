#include "models/torch/model.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "models/torch/checkpoint.h"
#include "models/torch/init.h"
#include "models/torch/run_node.h"

namespace seam {
namespace {

void CheckClips(const torch::Tensor& clips, const InputSpec& input) {
  const auto shape = clips.sizes();
  const bool fits = shape.size() == 5 && shape[0] > 0 && shape[1] > 0 && shape[2] == 3 &&
                    shape[3] == input.size && shape[4] == input.size &&
                    (input.frames == 1 || shape[1] == input.frames);
  if (!fits) {
    throw Error("clips", fmt::format("the shape [{}] does not fit", fmt::join(shape.vec(), ", ")),
                fmt::format("this network takes [N, {}, 3, {}, {}]: clips, frames, RGB, height, width",
                            input.frames == 1 ? "T" : std::to_string(input.frames), input.size, input.size));
  }
  if (clips.scalar_type() != torch::kByte && !clips.is_floating_point()) {
    throw Error("clips", fmt::format("elements of {} do not fit", c10::toString(clips.scalar_type())),
                "uint8 or floating point, RGB from 0 to 255");
  }
}

std::vector<int> LastUses(const Graph& graph) {
  std::vector<int> uses(graph.nodes().size(), -1);
  for (int i = 0; i <= graph.answer(); ++i) {
    for (const int input : graph[i].inputs) uses[static_cast<std::size_t>(input)] = i;
  }
  return uses;
}

// Nodes within a chain are passed over, as training has no result of theirs. Without a map so fine, as with
// patches of 32 pixels, it is the last map.
int FindMap(const Graph& graph, const std::vector<NormChain>& chains) {
  constexpr int kSmallest = 16;            // of the input's side
  int fine = -1, coarse = 0, within = -1;  // `within`: the last node of the chains so far
  for (int i = 0; i <= graph.answer(); ++i) {
    const NormChain& chain = chains[static_cast<std::size_t>(i)];
    if (chain.last >= chain.first) within = std::max(within, chain.last);
    const Shape& shape = graph[i].shape;
    if (i < within || shape.side() <= 1) continue;
    coarse = i;
    if (shape.side() * kSmallest >= graph[0].shape.side() && shape.channels > graph[0].shape.channels)
      fine = i;
  }
  return fine >= 0 ? fine : coarse;
}

}  // namespace

Model::Model(ModelOptions options, Graph graph, Weights weights)
    : options_(std::move(options)), graph_(std::move(graph)), last_use_(LastUses(graph_)) {
  for (const WeightSpec& spec : ListWeights(graph_)) {
    auto tensor = torch::empty(spec.shape, torch::kFloat);
    if (weights == kFresh) Initialise(graph_, spec, &tensor);
    AddWeight(spec, tensor);
    if (graph_[spec.node].head) head_.insert(spec.name);
  }
  for (int i = 0; i <= graph_.answer(); ++i) chains_.push_back(FindNormChain(graph_, i));
  map_node_ = FindMap(graph_, chains_);
}

// "features.0.weight" is the weight of the module "0" of the module "features".
void Model::AddWeight(const WeightSpec& spec, const torch::Tensor& tensor) {
  torch::nn::Module* module = this;
  std::size_t begin = 0;
  for (std::size_t dot; (dot = spec.name.find('.', begin)) != std::string::npos; begin = dot + 1) {
    const std::string part = spec.name.substr(begin, dot - begin);
    const auto children = module->named_children();
    const auto* found = children.find(part);
    module = found != nullptr
                 ? found->get()
                 : module->register_module(part, std::make_shared<torch::nn::Module>(part)).get();
  }
  const std::string leaf = spec.name.substr(begin);
  weights_[spec.name] =
      spec.learnable ? module->register_parameter(leaf, tensor) : module->register_buffer(leaf, tensor);
}

torch::Tensor Model::forward(const torch::Tensor& clips) { return forward(clips, nullptr); }

torch::Tensor Model::forward(const torch::Tensor& clips, torch::Tensor* map) {
  CheckClips(clips, input());
  torch::Tensor pictures = clips.flatten(0, 1);
  if (weights_.empty()) {
    pictures = pictures.to(torch::kFloat);
  } else {
    const torch::Tensor& weight = weights_.begin()->second;
    pictures = pictures.to(weight.device()).to(weight.scalar_type());  // bytes travel, not floats
  }
  // [N * T, 1], or [N, 1] of windows; under autocast of 16 bits, in which no mean is taken.
  const torch::Tensor answers = Run(pictures, graph_.answer(), map).to(pictures.scalar_type());
  return answers.view({clips.size(0), -1}).mean(1);
}

bool Model::Fuses(int i, int node, const torch::Tensor& x) const {
  const NormChain& chain = chains_[static_cast<std::size_t>(i)];
  if (!is_training() || frozen_norms_ || chain.last < chain.first || chain.last > node) return false;
  if (CanFuse(x)) return true;
  if (!sum_of_norms_) return false;
  throw Error("norms", "statistics over several processes are worked out on CPUs in float32 alone",
              "--norms local or frozen");
}

torch::Tensor Model::Run(const torch::Tensor& pictures, int node, torch::Tensor* map) {
  std::vector<torch::Tensor> values(graph_.nodes().size());
  for (int i = 0; i <= node; ++i) {
    const Node& now = graph_[i];
    std::vector<torch::Tensor> inputs;
    for (const int input : now.inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    for (const int input : now.inputs) {
      const bool kept = map != nullptr && input == map_node_;
      if (last_use_[static_cast<std::size_t>(input)] == i && !kept)
        values[static_cast<std::size_t>(input)].reset();
    }
    if (now.op == Op::kInput) inputs = {pictures};
    const bool frozen = frozen_backbone_ && !now.head;
    if (!frozen && Fuses(i, node, inputs[0])) {
      const NormChain& chain = chains_[static_cast<std::size_t>(i)];
      const Node& norm = graph_[chain.norm];
      const auto of_norm = [&](const char* suffix) { return weights_.at(norm.name + suffix); };
      i = chain.last;
      values[static_cast<std::size_t>(i)] =
          FusedNorm(chain, norm.norm, inputs[0], of_norm(".weight"), of_norm(".bias"),
                    of_norm(".running_mean"), of_norm(".running_var"), track_statistics_, sum_of_norms_);
      continue;
    }
    const bool running = frozen || (now.op == Op::kBatchNorm && frozen_norms_);
    const RunMode mode = {is_training() && !running, track_statistics_};
    const auto weight = [&](const std::string& suffix) { return weights_.at(now.name + "." + suffix); };
    values[static_cast<std::size_t>(i)] = RunNode(now, inputs, weight, mode);
  }
  if (map != nullptr) *map = values.at(static_cast<std::size_t>(map_node_));
  return values.at(static_cast<std::size_t>(node));
}

void Model::FreezeBackbone(bool frozen) {
  frozen_backbone_ = frozen;
  for (auto& parameter : named_parameters()) {
    if (!IsHead(parameter.key())) parameter.value().set_requires_grad(!frozen);
  }
}

InputSpec Model::input() const { return GetInput(graph_); }

bool Model::IsHead(const std::string& weight) const { return head_.count(weight) > 0; }

std::shared_ptr<Model> MakeModel(const ModelOptions& options) {
  return std::make_shared<Model>(options, MakeGraph(options));
}

std::shared_ptr<Model> MakeModel(const std::string& name) {
  ModelOptions options;
  options.model = name;
  return MakeModel(options);
}

std::int64_t CountTrainable(const Model& model) { return CountTrainable(model.graph()); }

std::int64_t CountParameters(const Model& model) {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : ListWeights(model)) count += tensor.numel();
  return count;
}

}  // namespace seam

#include "tests/models/filled.h"

#include <torch/utils.h>

#include <cmath>
#include <vector>

#include "models/networks/graph.h"
#include "models/torch/checkpoint.h"
#include "models/torch/run_node.h"

namespace seam {
namespace {

torch::Tensor Filled(const WeightSpec& weight, int number) {
  std::int64_t count = 1;
  for (const auto dim : weight.shape) count *= dim;
  const auto s = (torch::arange(count, torch::kDouble) * 0.7 + number).sin().view(weight.shape);
  if (weight.name.ends_with("running_var")) return 1 + 0.25 * s;
  if (weight.name.ends_with("running_mean")) return 0.1 * s;
  const double fan_in = static_cast<double>(count) / static_cast<double>(weight.shape[0]);
  if (weight.shape.size() > 1) return s * std::sqrt(3 / fan_in);
  return weight.name.ends_with(".weight") ? 1 + 0.1 * s : 0.1 * s;
}

}  // namespace

ModelOptions GetOptions(const std::string& model, int size, const nlohmann::json& variant,
                        const TemporalOptions& temporal) {
  ModelOptions options;
  options.model = model;
  options.size = size;
  options.variant = variant;
  if (model.starts_with("bnext_") && !variant.contains("width")) options.variant["width"] = 16;
  // So are these, the widths of which are those of Xception and of capsules.
  const bool xceptions = model == "srm" || model == "recce";
  if ((xceptions || model == "capsule") && !variant.contains("widths"))
    options.variant["widths"] = xceptions ? "8/8/16/16/24/32/32/48" : "8/8/16/8/6/4";
  if (model == "srm" && !variant.contains("hidden")) options.variant["hidden"] = 12;
  // Two blocks show what twelve do.
  if (model.starts_with("vit_") && !variant.contains("depth")) options.variant["depth"] = 2;
  options.temporal = temporal;
  return options;
}

Graph GraphOfSigns() {
  Graph graph;
  int x = graph.Normalise(graph.Input(16), {127, 127, 127}, {60, 60, 60});
  x = graph.BatchNorm(graph.Conv(x, "first", {.channels = 16, .kernel = 3, .pad_before = 1, .pad_after = 1}),
                      "first_norm");
  for (const bool attention : {false, true}) {
    const std::string unit = attention ? "attention" : "plain";
    const int stride = attention ? 2 : 1;
    int y = graph.Sign(graph.Bias(x, unit + ".move"));
    y = graph.BinaryConv(y, unit + ".binary_conv",
                         {.channels = 16, .kernel = 3, .stride = stride, .pad_before = 1, .pad_after = 1});
    y = graph.ChannelPrelu(graph.BatchNorm(y, unit + ".norm1"), unit + ".activation2");
    const int input = attention ? graph.AveragePool(x, 2, 2) : x;
    const int residual =
        attention ? graph.AveragePool(graph.ChannelPrelu(x, unit + ".activation1"), 2, 2) : x;
    const int mean = graph.Blend(graph.GlobalAveragePool(input), graph.GlobalAveragePool(y), unit);
    y = graph.Scale(y, graph.Sigmoid(graph.Conv(mean, unit + ".gate", {.channels = 16, .bias = true})));
    if (attention) y = graph.Scale(y, residual);
    x = graph.Add(graph.BatchNorm(y, unit + ".norm2"), residual);
  }
  const int features = graph.Flatten(graph.GlobalAveragePool(graph.ChannelPrelu(x, "prelu")));
  graph.BeginHead(features);
  graph.Linear(features, "fc", 1);
  return graph;
}

std::vector<std::string> FamilyModels() {
  std::vector<std::string> names = ModelNames();
  std::erase_if(names, [](const std::string& name) {
    const bool efficient = name.starts_with("efficientnet_") && name != "efficientnet_b0",
               binary = name.starts_with("bnext_") && name != "bnext_t",
               transformer = name.starts_with("vit_") && name != "vit_s16";
    return efficient || binary || transformer || name == "resnet34";
  });
  return names;
}

std::vector<std::string> SmoothModels() {
  std::vector<std::string> names = ModelNames();
  std::erase_if(names, [](const std::string& name) { return name.starts_with("bnext_"); });
  return names;
}

void FillByFormula(Model* model) {
  const torch::NoGradGuard no_grad;
  auto weights = ListWeights(*model);
  int number = 0;
  for (const auto& weight : ListWeights(model->graph()))
    weights.at(weight.name).copy_(Filled(weight, number++));
}

void FillLively(Model* model, const torch::Tensor& pictures) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  auto weights = ListWeights(*model);
  for (const auto& weight : ListWeights(model->graph())) {
    torch::Tensor& tensor = weights.at(weight.name);
    const double fan_in = static_cast<double>(tensor.numel()) / static_cast<double>(tensor.size(0));
    if (IsTemperature(weight.name)) {
      tensor.fill_(1e-8);
    } else if (tensor.dim() > 1) {
      tensor.normal_(0, std::sqrt(2 / fan_in));
    } else {
      tensor.normal_(weight.name.ends_with(".weight") ? 1 : 0, 0.1);
    }
  }
  std::vector<torch::Tensor> values;
  for (const Node& node : model->graph().nodes()) {
    if (node.op == Op::kInput) {
      values.push_back(pictures);
      continue;
    }
    std::vector<torch::Tensor> inputs;
    for (const int input : node.inputs) inputs.push_back(values[static_cast<std::size_t>(input)]);
    const auto weight = [&](const std::string& suffix) { return weights.at(node.name + "." + suffix); };
    if (node.op == Op::kBatchNorm) {
      weight("running_mean").copy_(inputs[0].mean({0, 2, 3}));
      weight("running_var").copy_(inputs[0].var({0, 2, 3}, false) + 0.01);
    }
    values.push_back(RunNode(node, inputs, weight, {}));
  }
}

torch::Tensor Waves(int count, int size, torch::Dtype type) {
  const auto along = torch::arange(size, torch::kDouble);
  const auto picture = torch::arange(count, torch::kDouble).view({-1, 1, 1, 1});
  const auto channel = torch::arange(3, torch::kDouble).view({1, 3, 1, 1});
  const auto phase = 1.3 * channel + 0.9 * picture;
  return (along.view({1, 1, 1, size}) * (0.05 + 0.01 * picture) + along.view({1, 1, size, 1}) * 0.07 + phase)
      .sin()
      .to(type);
}

torch::Tensor Unscaled(const Model& model, const torch::Tensor& pictures) {
  for (const Node& node : model.graph().nodes()) {
    if (node.op != Op::kNormalise) continue;
    const auto options = pictures.options();
    const auto mean = torch::tensor(node.mean, torch::kFloat).to(options).view({1, 3, 1, 1});
    const auto std = torch::tensor(node.std, torch::kFloat).to(options).view({1, 3, 1, 1});
    return pictures * std + mean;
  }
  return pictures;
}

}  // namespace seam

#include "models/zoo/frequency.h"

#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "models/zoo/variant.h"

namespace seam {
namespace {

constexpr NormSpec kKerasNorm = {.eps = 1e-3, .momentum = 0.01};

int Conv(Graph* graph, int x, const std::string& name, int channels, bool same = true) {
  const int pad = same ? 1 : 0;
  return graph->Conv(x, name,
                     {.channels = channels, .kernel = 3, .pad_before = pad, .pad_after = pad, .bias = true});
}

int Block(Graph* graph, int x, const std::string& name, int channels) {
  int y = graph->Relu(Conv(graph, x, name + ".conv1", channels));
  y = Conv(graph, graph->BatchNorm(y, name + ".norm1", kKerasNorm), name + ".conv2", channels);
  return graph->Relu(graph->Add(graph->BatchNorm(y, name + ".norm2", kKerasNorm), x));
}

int CnnBackbone(Graph* graph, int x) {
  x = graph->Relu(Conv(graph, x, "conv1", 3));
  x = graph->AveragePool(graph->Relu(Conv(graph, x, "conv2", 8)), 2, 2);
  x = graph->AveragePool(graph->Relu(Conv(graph, x, "conv3", 16)), 2, 2);
  return graph->Flatten(graph->Relu(Conv(graph, x, "conv4", 32)));
}

int ResNetBackbone(Graph* graph, int x) {
  constexpr int kWidth = 64, kBlocks = 10;
  x = graph->Relu(Conv(graph, x, "conv1", kWidth / 2, false));
  x = graph->MaxPool(graph->Relu(Conv(graph, x, "conv2", kWidth, false)), 3, 3);
  for (int block = 1; block <= kBlocks; ++block) x = Block(graph, x, fmt::format("block{}", block), kWidth);
  x = graph->Relu(Conv(graph, x, "conv3", kWidth, false));
  return graph->Flatten(graph->GlobalAveragePool(x));
}

}  // namespace

int FrequencyBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"scale", "grey", "map", "answers"});
  graph->set_init(options.model == "deepfreq" ? Init::kHeUniform : Init::kGlorotUniform);
  int x = pictures;
  if (FindPowerMap(options).empty() && options.variant.contains("answers"))
    throw UsageError("variant", "answers is of networks that take a map", "map=128/128/3,answers=5");
  if (FindPowerMap(options).empty()) {
    x = ScalePictures(graph, x, options, "half");
    if (VariantFlag(options, "grey")) x = graph->Grey(x);
  }
  if (options.model == "cnn") return CnnBackbone(graph, x);
  if (options.model == "resnet") return ResNetBackbone(graph, x);
  return graph->Flatten(x);
}

int FrequencyClassifier(Graph* graph, int features, const ModelOptions& options) {
  const int answers = VariantNumber(options, "answers", 1);
  if (options.model == "deepfreq") {
    int x = features, number = 0;
    for (const int width : {100, 40, 10, answers}) {
      ++number;
      x = graph->Prelu(graph->Linear(x, fmt::format("dense{}", number), width),
                       fmt::format("prelu{}", number));
    }
    return x;
  }
  const double dropout = options.dropout >= 0 ? options.dropout : options.model == "resnet" ? 0.5 : 0;
  int x = features;
  if (options.model == "nn") x = graph->Relu(graph->Linear(x, "dense1", 128));
  if (options.model == "resnet") x = graph->Relu(graph->Linear(x, "dense1", 256));
  return graph->Linear(dropout > 0 ? graph->Dropout(x, dropout) : x, "dense2", answers);
}

ModelOptions FrequencyOptions(const std::string& model, int height, int width, int channels, int classes) {
  ModelOptions options;
  options.model = model;
  options.variant["map"] = fmt::format("{}/{}/{}", height, width, channels);
  if (model == "deepfreq" || classes != 2) options.variant["answers"] = classes;
  return options;
}

std::vector<int> FindPowerMap(const ModelOptions& options) {
  if (!options.variant.contains("map")) return {};
  return VariantNumbers(options, "map", {128, 128, 3});
}

}  // namespace seam

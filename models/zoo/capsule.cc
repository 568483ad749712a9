#include "models/zoo/capsule.h"

#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "models/zoo/variant.h"

namespace seam {
namespace {

constexpr int kClasses = 2, kNumbers = 4;  // of a class

constexpr ConvSpec Around(int channels, int groups = 1) {
  return {.channels = channels, .kernel = 3, .groups = groups, .pad_before = 1, .pad_after = 1, .bias = true};
}

// torchvision's layers 0 to 18.
int Vgg(Graph* graph, int x, const std::vector<int>& widths) {
  constexpr int kLayers[] = {2, 2, 4};
  int number = 0;
  for (std::size_t part = 0; part < 3; ++part) {
    for (int layer = 0; layer < kLayers[part]; ++layer, number += 2)
      x = graph->Relu(graph->Conv(x, fmt::format("vgg.{}", number), Around(widths[part])));
    x = graph->MaxPool(x, 2, 2);
    ++number;
  }
  return x;
}

}  // namespace

int CapsuleBackbone(Graph* graph, int pictures, const ModelOptions& options) {
  CheckVariant(options, {"scale", "widths", "capsules"});
  const std::vector<int> widths = VariantNumbers(options, "widths", {64, 128, 256, 64, 16, 8});
  const int capsules = VariantNumber(options, "capsules", 10);
  graph->set_init(Init::kTorch);
  int x = Vgg(graph, ScalePictures(graph, pictures, options, "half"), widths);
  // All capsules side by side.
  x = graph->Relu(graph->BatchNorm(graph->Conv(x, "capsules.0", Around(capsules * widths[3])), "capsules.1"));
  x = graph->Relu(
      graph->BatchNorm(graph->Conv(x, "capsules.3", Around(capsules * widths[4], capsules)), "capsules.4"));
  const ConvSpec each = {.channels = capsules * widths[5], .groups = capsules};
  ConvSpec each_with_bias = each;
  each_with_bias.bias = true;
  const int vectors = graph->Add(graph->Conv(graph->GlobalAveragePool(x), "capsules.means", each_with_bias),
                                 graph->Conv(graph->GlobalDeviation(x), "capsules.deviations", each));
  const int predictions = graph->Conv(graph->Squash(vectors, capsules), "routing",
                                      {.channels = capsules * kClasses * kNumbers, .groups = capsules});
  x = graph->Routing(predictions, {.capsules = capsules, .classes = kClasses});
  // Half of fake less real, whose tanh is the difference of the two probabilities.
  std::vector<float> halves;
  for (int row = 0; row < kNumbers; ++row) {
    for (int column = 0; column < kClasses * kNumbers; ++column)
      halves.push_back(column == row ? -0.5F : column == row + kNumbers ? 0.5F : 0.0F);
  }
  return graph->Flatten(graph->Tanh(graph->FixedConv(x, {.channels = kNumbers}, halves)));
}

int CapsuleClassifier(Graph* graph, int features, const ModelOptions& options) {
  graph->set_init(Init::kTorch);
  const double dropout = options.dropout < 0 ? 0 : options.dropout;
  return graph->Linear(graph->Dropout(features, dropout), "dense", 1);
}

}  // namespace seam

#include "models/zoo/temporal.h"

namespace seam {
namespace {

// Of the EfficientLSTM in https://github.com/maragori/DeepfakeForensics-v1.
constexpr double kProjectionDropout = 0.5, kProjectionSlope = 0.1;

}  // namespace

int AddTemporalHead(Graph* graph, int features, const TemporalOptions& options) {
  if (options.head == "none") return features;
  graph->set_init(Init::kTorch);
  int x = features;
  if (options.projection > 0) {
    x = graph->Linear(graph->Dropout(x, kProjectionDropout), "projection", options.projection);
    x = graph->LeakyRelu(x, kProjectionSlope);
  }
  x = graph->Windows(x, options.frames);
  if (options.head == "mean") return graph->MeanOverTime(x);
  x = graph->Lstm(x, "lstm",
                  {.hidden = options.hidden,
                   .layers = options.layers,
                   .dropout = options.dropout,
                   .bidirectional = options.bidirectional});
  return options.steps == "mean" ? graph->MeanOverTime(x) : graph->LastStep(x);
}

}  // namespace seam

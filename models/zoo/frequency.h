#pragma once

#include <vector>

#include "models/networks/graph.h"
#include "models/zoo/model_options.h"

namespace seam {

// The networks of two published detectors of the frequency domain. `options.model` says which.
//   nn        a hidden layer of 128 with ReLU
//   cnn       convolutions of 3, 8, 16 and 32 channels, 3x3 with ReLU; the mean of 2x2 before the last two
//   resnet    two convolutions, pooling by 3, ten residual blocks of 64 channels, a layer of 256, dropout
//             These three are of Frank et al., "Leveraging Frequency Analysis for Deep Fake Image
//             Recognition", ICML 2020, arXiv:2003.08685, with Keras' norms and first weights.
//   deepfreq  dense layers of 100, 40 and 10, PReLU after each and on the logits: the frequency solver's
// They take pictures, scaled to -1..1, or with `map` maps of any numbers, such as DCT coefficients.
// `options.variant`: grey, one channel of pictures; map=H/W/C; `answers`=K, logits of K classes instead of
// one of P(fake); scale.

// -> features [B, F].
int FrequencyBackbone(Graph* graph, int pictures, const ModelOptions& options);
int FrequencyClassifier(Graph* graph, int features, const ModelOptions& options);

// The options of the network `model` that takes maps [C, height, width] and tells `classes` apart: with two
// it has the one logit of the second, but for deepfreq.
ModelOptions FrequencyOptions(const std::string& model, int height, int width, int channels, int classes);
// The `map` of the options of such a network: height, width, channels. Empty without.
std::vector<int> FindPowerMap(const ModelOptions& options);

}  // namespace seam

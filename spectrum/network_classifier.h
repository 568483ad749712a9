#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/zoo/model_options.h"
#include "spectrum/classifier.h"

namespace seam {

// The network of models/zoo/frequency.h that `options` ask for as a classifier, in its fast form:
// float32 on the CPU. An Error names `subject` where the weights do not fit.
std::unique_ptr<Classifier> MakeNetworkClassifier(const ModelOptions& options,
                                                  const std::map<std::string, std::vector<float>>& weights,
                                                  const std::string& subject);

// Networks learn with LibTorch, so only a program that is linked with it has this, as infer/torch_parts.h has
// what `seam infer` needs. Of the library seam_spectrum_torch: spectrum/torch/network_trainer.h.
const NetworkTrainer& LinkedNetworkTrainer();

}  // namespace seam

#pragma once

#include <functional>

#include <torch/types.h>

#include "models/torch/norm_chain.h"

namespace seam {

// Sums over all processes that train together, in place; an empty one says that this process is alone.
using SumOverProcesses = std::function<void(torch::Tensor*)>;

// Whether FusedNorm() takes it: floats or doubles [B, C, H, W] on a CPU.
bool CanFuse(const torch::Tensor& x);

// What the chain does in training, with gradients: the batch's own mean and variance (biased) normalise, and
// with `track` move the running ones (variance unbiased), which are changed in place. Ioffe and Szegedy,
// "Batch Normalization", ICML 2015, algorithm 1. With `sum` the batch is that of all processes.
//
// In training these layers wait for memory, not for arithmetic. Run one by one, LibTorch's operators read and
// write MesoNet's largest maps 18 times a step. This does so 6 times. x is best laid out channels last, and
// so is the result. The sums are taken over fixed blocks, so the number of threads changes nothing.
torch::Tensor FusedNorm(const NormChain& chain, const NormSpec& spec, const torch::Tensor& x,
                        const torch::Tensor& weight, const torch::Tensor& bias,
                        const torch::Tensor& running_mean, const torch::Tensor& running_var, bool track,
                        const SumOverProcesses& sum);

}  // namespace seam

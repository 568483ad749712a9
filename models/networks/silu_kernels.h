#pragma once

#include <cstddef>
#include <vector>

#include "models/networks/fold.h"

namespace seam {

// A convolution with SiLU, x / (1 + e^-x), of maps [B, H, W, C] of float32, channels last: of single pixels,
// or of each channel by itself, with kernels of 3x3 and 5x5. For processors with AVX-512. oneDNN 2.6 spends
// more time on the SiLU of such convolutions than on some of their sums; here it takes a third of that.
// Results differ from oneDNN's by rounding: SiLU is right to 3e-7 of its value.
class SiluConvolution {
 public:
  // Whether this processor and `step`, whose input is of the shape `from`, are what the kernels are made for.
  static bool Fits(const FoldedStep& step, const Shape& from);

  SiluConvolution(const FoldedStep& step, const Shape& from, int batch);

  // Both aligned to 64 bytes, and apart. Any number of threads may call it at once.
  void Run(const float* from, float* to) const;

 private:
  struct alignas(64) Lanes {
    float values[16];
  };

  void PackPixelwise(const FoldedStep& step);
  void PackDepthwise(const FoldedStep& step);

  int batch_;
  Shape from_, to_;
  ConvSpec conv_;
  int vectors_ = 1;  // of 16 channels that a block of pixelwise sums has
  // Pixelwise [blocks][C in][vectors], depthwise [vectors of C][K * K].
  std::vector<Lanes> weights_;
  std::vector<Lanes> bias_;
};

}  // namespace seam

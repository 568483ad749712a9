#pragma once

#include <string>

#include "base/options.h"

namespace seam {

// Where and how exactly a network computes in inference. Without LibTorch's headers.
struct CompileOptions {
  // fp32, bf16. auto is fp32: bf16 moves single scores of Seam's own network by more than a hundredth.
  std::string precision = "auto";
  std::string device = "auto";  // cpu, cuda; auto: cuda where there is one
  // 3x3 convolutions by fewer products (Lavin, Gray, "Fast Algorithms for Convolutional Neural Networks",
  // CVPR 2016), where oneDNN has them: on AVX-512 in fp32. Results differ in the sixth digit from the plain
  // sum's.
  bool winograd = false;
  // Convolutions of signs by bits, Note [Convolutions of signs]; the results are the same without.
  bool packed = true;
  // --precision, --device
  void Register(Options* options);
};

}  // namespace seam

#pragma once

#include <string>

#include "base/options.h"

namespace seam {

// Where and how exactly a network computes in inference. Without LibTorch's headers.
struct CompileOptions {
  // fp32, bf16. auto is fp32: bf16 moves single scores of Seam's own network by more than a hundredth.
  std::string precision = "auto";
  std::string device = "auto";  // cpu, cuda; auto: cuda where there is one
  // --precision, --device
  void Register(Options* options);
};

}  // namespace seam

#pragma once

#include "infer/torch_parts.h"

namespace seam {

// LibTorch's parts of inference; null in a build without that library.
inline const TorchParts* Parts() {
#ifdef SEAM_TORCH_PARTS
  return &LinkedTorchParts();
#else
  return nullptr;
#endif
}

}  // namespace seam

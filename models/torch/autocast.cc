#include "models/torch/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace seam {

Autocast::Autocast(c10::DeviceType device, c10::ScalarType type) : device_(device), type_(type) {
  if (type_ != c10::kFloat) Set(true);
}

Autocast::~Autocast() {
  if (type_ == c10::kFloat) return;
  at::autocast::clear_cache();  // of weights in `type`, which a step makes stale
  Set(false);
}

void Autocast::Set(bool on) const {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  at::autocast::set_autocast_dtype(device_, type_);
  at::autocast::set_autocast_enabled(device_, on);
#else
  if (device_ == c10::kCPU) {
    at::autocast::set_autocast_cpu_dtype(type_);
    at::autocast::set_cpu_enabled(on);
  } else {
    at::autocast::set_autocast_gpu_dtype(type_);
    at::autocast::set_enabled(on);
  }
#endif
}

}  // namespace seam

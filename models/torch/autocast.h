#pragma once

#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

namespace seam {

// While this lives, the operators of `device` that gain from it and stay exact enough (convolutions, dense
// layers, LSTMs) compute in `type`, bfloat16 or float16; kFloat changes nothing. Of one thread; not nested. A
// backward pass computes in the types of its forward pass, and belongs outside.
class Autocast {
 public:
  Autocast(c10::DeviceType device, c10::ScalarType type);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  void Set(bool on) const;

  c10::DeviceType device_;
  c10::ScalarType type_;
};

}  // namespace seam

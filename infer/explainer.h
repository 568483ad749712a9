#pragma once

#include <vector>

#include "infer/evidence.h"

namespace seam {

// Fills in where a network looked: Grad-CAM on the crops that it scored (models/torch/grad_cam.h). It holds
// the network in the form that has gradients, in float32 on the CPU, whatever the scores were computed with.
// Any number of threads.
class Explainer {
 public:
  virtual ~Explainer() = default;
  virtual void Explain(std::vector<Evidence>* evidence) const = 0;
};

}  // namespace seam

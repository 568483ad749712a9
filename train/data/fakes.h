#pragma once

#include <string>

#include "base/options.h"

namespace seam {

class ClipDataset;

// Where the fakes that a network learns from come from.
struct FakesOptions {
  std::string fakes = "shards";  // as stored; or "sbi": made of the real clips; or "both"
  double sbi_share = 0.5;        // with both: of the fakes
  double sbi_swap = 0;           // of those made on the fly: shows another person's face
  double sbi_plain = 0;          // likewise: is neither made smaller nor sharpened
  double sbi_mouth = 0;          // likewise: has the person's own lower face, rendered again
  void Register(Options* options);
  void Check() const;  // UsageError
  bool Blends() const { return fakes != "shards"; }
};

// Says in one warning how many real clips of `dataset` make no self-blended images for want of landmarks. An
// Error when none does: it says how to extract them.
void CheckBlendable(const ClipDataset& dataset);

}  // namespace seam

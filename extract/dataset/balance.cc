#include "extract/dataset/balance.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace seam {

Balance ReadBalance(const std::vector<Video>& videos) {
  double reals = 0, fakes = 0;
  for (const Video& video : videos) {
    if (video.split != "train" || !video.status.empty()) continue;
    ++(video.label == FAKE ? fakes : reals);
  }
  Balance balance;
  if (reals == 0 || fakes == 0) return balance;
  balance.rarer = fakes < reals ? FAKE : REAL;
  balance.factor = std::max(reals, fakes) / std::min(reals, fakes);
  return balance;
}

nlohmann::json BalanceJson(const Balance& balance) {
  return {{"rarer", balance.rarer == FAKE ? "fake" : "real"}, {"factor", balance.factor}};
}

}  // namespace seam

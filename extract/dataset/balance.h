#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "labels/video.h"

namespace seam {

// How many times the frames or windows the videos of one class give in `train`, so that both classes come to
// about as many clips. Published work on Celeb-DF, where fakes are six times as many, does so. Validation and
// test keep the dataset's own proportion.
struct Balance {
  Label rarer = REAL;
  double factor = 1;  // from 1 on

  double Of(const Video& video) const { return video.split == "train" && video.label == rarer ? factor : 1; }
};

// By the numbers of videos in `train` that are not left out; a factor of 1 where a class has none.
Balance ReadBalance(const std::vector<Video>& videos);

// For dataset.json: {"rarer", "factor"}.
nlohmann::json BalanceJson(const Balance& balance);

}  // namespace seam

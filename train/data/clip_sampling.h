#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "train/data/dataset.h"

namespace seam {

// Which clips an epoch shows, and how often.
enum class Balance {
  kNone,    // every clip as often as its folder's weight says: once
  kClass,   // as many real as fake ones
  kMethod,  // likewise, and of the fake ones as many of each method
};

// The choices of --balance.
const std::vector<std::string>& BalanceNames();
Balance ReadBalance(const std::string& name);

// The clips of an epoch in shuffled order: a pure function of the dataset and the engine's state. Whatever is
// shown more often than once is shown in shuffled rounds, so that no clip comes twice before all of its kind
// came once.
//
// With kNone, W * N of a folder's N clips, where W is its weight. With the others the larger class is shown
// as with kNone, and the smaller as often. With kMethod each method has an equal share of the fake half,
// times the mean weight of its clips. The larger class is then merely as many in all.
std::vector<std::size_t> DrawClips(const ClipDataset& dataset, Balance balance, std::mt19937_64* engine);

// The same as pairs, one after the other: a real clip, then a fake one, of one group wherever the group has
// both. Each fake clip that DrawClips() would show gets a real one of its group, these in rounds; real clips
// that would be shown and were not drawn in this way follow, each with a fake one of its group. Clips whose
// group has one class alone are put beside each other, those of a folder first; where the folder, or all of
// them, has too few of the other class, its clips are repeated. The pairs are in shuffled order.
std::vector<std::size_t> DrawPairs(const ClipDataset& dataset, Balance balance, std::mt19937_64* engine);

}  // namespace seam

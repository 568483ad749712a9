#pragma once

#include <string>
#include <vector>

#include "pages/chart.h"
#include "pages/table.h"
#include "spectrum/experiments/inputs.h"
#include "spectrum/running_moments.h"

namespace seam {

// The spectra of a set of pictures, summed up as they come: memory does not grow with their number.
struct SpectrumStatistics {
  std::string name;
  std::vector<std::int64_t> shape;  // of the cosine transform: [height, width, channels]
  RunningMoments dct;               // ln(|coefficient| + 1e-12)
  RunningMoments azimuthal;         // AzimuthalMean() of the grey picture
  std::vector<std::string> bad;     // "path: reason"
};

struct StatisticsOptions {
  bool grey = false;
  int middle = 0;  // the middle square of this side of each picture; 0: whole
  int amount = 0;  // of pictures of each set; 0: all
};

// Of whole pictures, on all cores, in order. Those of another size than the first are `bad`.
SpectrumStatistics SummariseSpectra(const std::string& name, const std::vector<SpectrumInput>& pictures,
                                    const StatisticsOptions& options);

// What is drawn of sets, of which the first is the reference: `fields` of mean and deviation of each set and
// channel, and of the others' difference, absolute difference and ratio to the reference; `curves` with their
// spread.
struct StatisticsPictures {
  std::vector<Field> fields;
  std::vector<Chart> curves;
  Table table;
};
StatisticsPictures MakePictures(const std::vector<SpectrumStatistics>& sets);

}  // namespace seam

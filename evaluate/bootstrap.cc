#include "evaluate/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

namespace seam {
namespace {

// 0 to count - 1 (below 2^32), the same on every machine, which std::uniform_int_distribution is not.
std::size_t Draw(std::mt19937_64* engine, std::size_t count) {
  return static_cast<std::size_t>(((*engine)() >> 32) * count >> 32);
}

// The units of each label, in order.
std::map<int, std::vector<std::size_t>> Strata(std::span<const int> units, std::span<const int> labels) {
  std::size_t count = 0;
  for (const int unit : units) count = std::max(count, static_cast<std::size_t>(unit) + 1);
  std::vector<bool> seen(count, false);
  std::map<int, std::vector<std::size_t>> strata;
  for (std::size_t i = 0; i < units.size(); ++i) {
    const auto unit = static_cast<std::size_t>(units[i]);
    if (!seen[unit]) strata[labels[i]].push_back(unit);
    seen[unit] = true;
  }
  return strata;
}

// Between the two nearest of `sorted`.
double Percentile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

std::vector<std::vector<double>> Bootstrap(
    std::span<const int> units, std::span<const int> labels, const BootstrapOptions& options,
    const std::function<std::vector<double>(std::span<const double> weights)>& measure) {
  const auto strata = Strata(units, labels);
  std::mt19937_64 engine(options.seed);
  std::size_t drawn = 0;
  for (const auto& [label, stratum] : strata) drawn += stratum.size();
  std::vector<double> counts(drawn), weights(units.size());
  std::vector<std::vector<double>> results;
  for (int resample = 0; resample < options.resamples; ++resample) {
    std::fill(counts.begin(), counts.end(), 0);
    for (const auto& [label, stratum] : strata) {
      for (std::size_t i = 0; i < stratum.size(); ++i) ++counts[stratum[Draw(&engine, stratum.size())]];
    }
    for (std::size_t i = 0; i < units.size(); ++i) weights[i] = counts[static_cast<std::size_t>(units[i])];
    results.push_back(measure(weights));
  }
  return results;
}

Interval FindInterval(const std::vector<std::vector<double>>& results, std::size_t column, double level) {
  std::vector<double> values;
  for (const auto& result : results) {
    if (!std::isnan(result[column])) values.push_back(result[column]);
  }
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {kNan, kNan};
  std::sort(values.begin(), values.end());
  return {Percentile(values, (1 - level) / 2), Percentile(values, (1 + level) / 2)};
}

double BootstrapPValue(const std::vector<std::vector<double>>& results, std::size_t column) {
  double below = 1, above = 1, all = 1;
  for (const auto& result : results) {
    if (std::isnan(result[column])) continue;
    all += 1;
    below += result[column] <= 0 ? 1 : 0;
    above += result[column] >= 0 ? 1 : 0;
  }
  return std::min(1.0, 2 * std::min(below, above) / all);
}

}  // namespace seam

#include "evaluate/delong.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <boost/math/distributions/normal.hpp>

namespace seam {
namespace {

using Numbers = std::vector<double>;

// The rank of each number from 1, equal ones sharing the mean of theirs.
Numbers Midranks(const Numbers& numbers) {
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return numbers[a] < numbers[b]; });
  Numbers ranks(numbers.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first;
    while (end < order.size() && numbers[order[end]] == numbers[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = static_cast<double>(first + end + 1) / 2;
    first = end;
  }
  return ranks;
}

// What each video adds to the AUC: of a fake the share of reals below it, of a real the share of fakes above.
struct Placements {
  Numbers fake, real;
  double auc = 0;
};

Placements FindPlacements(std::span<const double> scores, std::span<const int> labels) {
  Numbers fakes, reals, all;
  for (std::size_t i = 0; i < scores.size(); ++i) (labels[i] == 1 ? fakes : reals).push_back(scores[i]);
  all = fakes;
  all.insert(all.end(), reals.begin(), reals.end());
  const Numbers rank_fakes = Midranks(fakes), rank_reals = Midranks(reals), rank_all = Midranks(all);
  const auto m = static_cast<double>(fakes.size()), n = static_cast<double>(reals.size());
  Placements placements;
  for (std::size_t i = 0; i < fakes.size(); ++i) placements.fake.push_back((rank_all[i] - rank_fakes[i]) / n);
  for (std::size_t i = 0; i < reals.size(); ++i)
    placements.real.push_back(1 - (rank_all[fakes.size() + i] - rank_reals[i]) / m);
  placements.auc = std::accumulate(placements.fake.begin(), placements.fake.end(), 0.0) / m;
  return placements;
}

double Covariance(const Numbers& a, const Numbers& b) {
  const auto count = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / count;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / count;
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / (count - 1);
}

double CovarianceOfAucs(const Placements& a, const Placements& b) {
  return Covariance(a.fake, b.fake) / static_cast<double>(a.fake.size()) +
         Covariance(a.real, b.real) / static_cast<double>(a.real.size());
}

}  // namespace

DeLongResult DeLongTest(std::span<const double> scores_a, std::span<const double> scores_b,
                        std::span<const int> labels) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const auto is_nan = [](double score) { return std::isnan(score); };
  const auto fakes = std::count(labels.begin(), labels.end(), 1);
  if (fakes < 2 || static_cast<std::ptrdiff_t>(labels.size()) - fakes < 2 ||
      std::any_of(scores_a.begin(), scores_a.end(), is_nan) ||
      std::any_of(scores_b.begin(), scores_b.end(), is_nan)) {
    return {kNan, kNan, kNan, kNan, kNan, kNan, kNan};
  }
  const Placements a = FindPlacements(scores_a, labels), b = FindPlacements(scores_b, labels);
  DeLongResult result = {a.auc, b.auc, CovarianceOfAucs(a, a), CovarianceOfAucs(b, b), CovarianceOfAucs(a, b),
                         0,     1};
  const double variance = std::max(0.0, result.variance_a + result.variance_b - 2 * result.covariance);
  const double difference = a.auc - b.auc;
  // Rounding alone makes a variance of less than this.
  constexpr double kLeastVariance = 1e-15;
  if (variance > kLeastVariance) {
    result.z = difference / std::sqrt(variance);
    result.p_value = 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), std::abs(result.z)));
  } else if (difference != 0) {
    result.z = std::copysign(std::numeric_limits<double>::infinity(), difference);
    result.p_value = 0;
  }
  return result;
}

}  // namespace seam

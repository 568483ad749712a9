#include <algorithm>
#include <limits>
#include <memory>
#include <random>

#include "base/error.h"
#include "spectrum/classifier.h"

namespace seam {
namespace {

double SquaredDistance(std::span<const double> a, const double* b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

// Votes of the nearest of some points, each of which has shares of the classes: training rows that are of one
// class (kNN), or centres of clusters with what fell to them (k-means).
class Neighbours : public Classifier {
 public:
  Neighbours(std::vector<double> points, std::vector<double> shares, int classes, int neighbours)
      : points_(std::move(points)),
        shares_(std::move(shares)),
        classes_(static_cast<std::size_t>(classes)),
        neighbours_(static_cast<std::size_t>(neighbours)) {}

  std::vector<double> Probabilities(std::span<const double> row) const override {
    const std::size_t count = shares_.size() / classes_, wanted = std::min(neighbours_, count);
    std::vector<std::pair<double, std::size_t>> nearest(count);
    for (std::size_t i = 0; i < count; ++i)
      nearest[i] = {SquaredDistance(row, points_.data() + i * row.size()), i};
    std::partial_sort(nearest.begin(), nearest.begin() + static_cast<std::ptrdiff_t>(wanted), nearest.end());
    std::vector<double> votes(classes_);
    for (std::size_t k = 0; k < wanted; ++k) {
      for (std::size_t c = 0; c < classes_; ++c)
        votes[c] += shares_[nearest[k].second * classes_ + c] / static_cast<double>(wanted);
    }
    return votes;
  }

  void Store(StoredArrays* arrays, nlohmann::json* facts) const override {
    const auto count = static_cast<std::int64_t>(shares_.size() / classes_);
    (*arrays)["points"] = {{count, static_cast<std::int64_t>(points_.size()) / count}, points_};
    (*arrays)["shares"] = {{count, static_cast<std::int64_t>(classes_)}, shares_};
    (*facts)["neighbours"] = neighbours_;
  }

 private:
  std::vector<double> points_, shares_;
  std::size_t classes_, neighbours_;
};

// Lloyd's algorithm from centres drawn as k-means++ draws them (Arthur and Vassilvitskii, 2007).
class Clusters {
 public:
  Clusters(const FeatureSet& set, std::size_t count, std::uint64_t seed)
      : set_(set), count_(count), random_(seed), of_row_(set.rows()) {}

  void Find(int iterations) {
    Draw();
    for (int i = 0; i < iterations && Assign(); ++i) Move();
  }
  const std::vector<double>& centres() const { return centres_; }
  const std::vector<std::size_t>& of_row() const { return of_row_; }

 private:
  void Take(std::size_t row) { centres_.insert(centres_.end(), set_.row(row).begin(), set_.row(row).end()); }

  void Draw() {
    const std::size_t n = set_.rows(), width = set_.width();
    Take(random_() % n);
    std::vector<double> distance(n, std::numeric_limits<double>::infinity());
    while (centres_.size() < count_ * width) {
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double* last = centres_.data() + centres_.size() - width;
        sum += distance[i] = std::min(distance[i], SquaredDistance(set_.row(i), last));
      }
      double left = static_cast<double>(random_() >> 11) * 0x1p-53 * sum;
      std::size_t row = 0;
      while (row + 1 < n && (left -= distance[row]) >= 0) ++row;
      Take(row);
    }
  }

  // Whether a row changed its cluster.
  bool Assign() {
    bool changed = false;
    const std::size_t width = set_.width();
    for (std::size_t i = 0; i < set_.rows(); ++i) {
      std::size_t best = 0;
      double least = std::numeric_limits<double>::infinity();
      for (std::size_t c = 0; c < count_; ++c) {
        const double distance = SquaredDistance(set_.row(i), centres_.data() + c * width);
        if (distance < least) {
          least = distance;
          best = c;
        }
      }
      changed = changed || !assigned_ || best != of_row_[i];
      of_row_[i] = best;
    }
    assigned_ = true;
    return changed;
  }

  void Move() {
    const std::size_t width = set_.width();
    std::vector<double> sums(centres_.size()), members(count_);
    for (std::size_t i = 0; i < set_.rows(); ++i) {
      ++members[of_row_[i]];
      for (std::size_t j = 0; j < width; ++j) sums[of_row_[i] * width + j] += set_.row(i)[j];
    }
    for (std::size_t c = 0; c < count_; ++c) {
      for (std::size_t j = 0; members[c] > 0 && j < width; ++j)
        centres_[c * width + j] = sums[c * width + j] / members[c];
    }
  }

  const FeatureSet& set_;
  std::size_t count_;
  std::mt19937_64 random_;
  std::vector<double> centres_;
  std::vector<std::size_t> of_row_;
  bool assigned_ = false;
};

}  // namespace

std::unique_ptr<Classifier> TrainNeighbours(const FeatureSet& set, int classes,
                                            const ClassifierOptions& options) {
  const auto k = static_cast<std::size_t>(classes);
  if (options.solver == "knn") {
    std::vector<double> shares(set.rows() * k);
    for (std::size_t i = 0; i < set.rows(); ++i) shares[i * k + static_cast<std::size_t>(set.labels[i])] = 1;
    return std::make_unique<Neighbours>(set.values, std::move(shares), classes, options.neighbours);
  }
  Clusters clusters(set, k, options.seed);
  clusters.Find(options.max_iterations);
  std::vector<double> shares(k * k), members(k);
  for (std::size_t i = 0; i < set.rows(); ++i) {
    shares[clusters.of_row()[i] * k + static_cast<std::size_t>(set.labels[i])] += 1;
    members[clusters.of_row()[i]] += 1;
  }
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double all = members[i / k];
    shares[i] = all > 0 ? shares[i] / all : 1.0 / static_cast<double>(k);
  }
  return std::make_unique<Neighbours>(clusters.centres(), std::move(shares), classes, 1);
}

std::unique_ptr<Classifier> RestoreNeighbours(const StoredArrays& arrays, const nlohmann::json& facts,
                                              const std::string& subject) {
  const StoredArray &points = Stored(arrays, "points", 2, subject),
                    &shares = Stored(arrays, "shares", 2, subject);
  const int neighbours = facts.value("neighbours", 0);
  if (points.shape[0] != shares.shape[0] || points.values.empty() || shares.shape[1] < 2 || neighbours < 1)
    throw Error(subject, "its points and their classes do not fit together", "train it again");
  return std::make_unique<Neighbours>(points.values, shares.values, static_cast<int>(shares.shape[1]),
                                      neighbours);
}

}  // namespace seam

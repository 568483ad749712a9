#include "train/data/clip_sampling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "base/random.h"

namespace seam {
namespace {

using Indices = std::vector<std::size_t>;

void Shuffle(Indices* indices, std::mt19937_64* engine) {
  for (std::size_t i = indices->size(); i > 1; --i) std::swap((*indices)[i - 1], (*indices)[Draw(engine, i)]);
}

// Clips that are handed out in shuffled rounds.
class Rounds {
 public:
  void Add(std::size_t index) { members_.push_back(index); }
  bool empty() const { return members_.empty(); }
  std::size_t size() const { return members_.size(); }
  std::size_t Next(std::mt19937_64* engine) {
    if (next_ == 0) Shuffle(&members_, engine);
    const std::size_t index = members_[next_];
    next_ = (next_ + 1) % members_.size();
    return index;
  }

 private:
  Indices members_;
  std::size_t next_ = 0;
};

// Clips that are shown alike: of one class, one method where that counts, and one folder.
struct Cell {
  Rounds clips;
  double share = 0;  // relative to the others of its class
};

// `count` in whole parts as the shares are to one another; each is off by less than one.
std::vector<std::size_t> Apportion(std::size_t count, const std::vector<double>& shares) {
  double total = 0;
  for (const double share : shares) total += share;
  std::vector<std::size_t> parts;
  double sum = 0;
  std::size_t given = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    sum += shares[i];
    const auto until =
        i + 1 == shares.size()
            ? count
            : static_cast<std::size_t>(std::llround(static_cast<double>(count) * (sum / total)));
    parts.push_back(until - given);
    given = until;
  }
  return parts;
}

using Cells = std::vector<Cell>;

// The cells of a class, and how many clips of it kNone would show.
struct Class {
  Cells cells;
  double count = 0;
};

Class FindClass(const ClipDataset& dataset, int label, bool by_method) {
  std::map<std::string_view, std::map<std::size_t, Rounds>> methods;  // by method, by folder
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    if (dataset.label(i) != label) continue;
    const std::string_view method = by_method ? std::string_view(dataset.method(i)) : "";
    methods[method][dataset.folder_of(i)].Add(i);
  }
  Class all;
  for (auto& [method, folders] : methods) {
    double clips = 0;
    for (const auto& [folder, own] : folders) clips += static_cast<double>(own.size());
    for (auto& [folder, own] : folders) {
      const double shown = dataset.folders()[folder].weight * static_cast<double>(own.size());
      all.count += shown;
      all.cells.push_back({std::move(own), by_method ? shown / clips : shown});
    }
  }
  return all;
}

Indices DrawClass(Class* from, std::size_t count, std::mt19937_64* engine) {
  std::vector<double> shares;
  for (const Cell& cell : from->cells) shares.push_back(cell.share);
  const auto parts = Apportion(count, shares);
  Indices drawn;
  drawn.reserve(count);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (std::size_t n = 0; n < parts[i]; ++n) drawn.push_back(from->cells[i].clips.Next(engine));
  }
  return drawn;
}

// Of each class, by label.
std::array<Indices, 2> DrawClasses(const ClipDataset& dataset, Balance balance, std::mt19937_64* engine) {
  std::array<Class, 2> classes = {FindClass(dataset, 0, false),
                                  FindClass(dataset, 1, balance == Balance::kMethod)};
  const double greater = std::max(classes[0].count, classes[1].count);
  std::array<Indices, 2> drawn;
  for (std::size_t label = 0; label < 2; ++label) {
    if (classes[label].cells.empty()) continue;
    const double count = balance == Balance::kNone ? classes[label].count : greater;
    drawn[label] = DrawClass(&classes[label],
                             std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(count))), engine);
    Shuffle(&drawn[label], engine);
  }
  return drawn;
}

// Puts real and fake clips beside each other.
class Pairing {
 public:
  Pairing(const ClipDataset& dataset, std::mt19937_64* engine);

  // Clips of DrawClasses(); once.
  Indices Pair(const std::array<Indices, 2>& drawn);

 private:
  using Pool = std::array<Rounds, 2>;  // by label

  // A clip of the other class and the same group; false when there is none.
  bool Partner(std::size_t index, std::size_t* partner);
  void Add(std::size_t one, std::size_t other);
  void PairLonely(const std::array<Indices, 2>& lonely);

  const ClipDataset& data_;
  std::mt19937_64* engine_;
  std::map<std::string_view, Pool> groups_;
  std::map<std::size_t, Pool> folders_;
  Pool all_;
  std::vector<std::pair<std::size_t, std::size_t>> pairs_;  // real, fake
};

Pairing::Pairing(const ClipDataset& dataset, std::mt19937_64* engine) : data_(dataset), engine_(engine) {
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const auto label = static_cast<std::size_t>(dataset.label(i));
    if (!dataset.group(i).empty()) groups_[dataset.group(i)][label].Add(i);
    folders_[dataset.folder_of(i)][label].Add(i);
    all_[label].Add(i);
  }
}

bool Pairing::Partner(std::size_t index, std::size_t* partner) {
  const auto group = groups_.find(data_.group(index));
  if (group == groups_.end()) return false;
  Rounds& others = group->second[data_.label(index) == 0 ? 1 : 0];
  if (others.empty()) return false;
  *partner = others.Next(engine_);
  return true;
}

void Pairing::Add(std::size_t one, std::size_t other) {
  if (data_.label(one) == 1) std::swap(one, other);
  pairs_.emplace_back(one, other);
}

Indices Pairing::Pair(const std::array<Indices, 2>& drawn) {
  std::array<Indices, 2> lonely;
  std::map<std::size_t, std::size_t> used;  // real clips, as partners
  std::size_t partner = 0;
  for (const std::size_t fake : drawn[1]) {
    if (!Partner(fake, &partner)) {
      lonely[1].push_back(fake);
      continue;
    }
    Add(fake, partner);
    ++used[partner];
  }
  for (const std::size_t real : drawn[0]) {
    const auto before = used.find(real);
    if (before != used.end() && before->second > 0) {
      --before->second;
    } else if (Partner(real, &partner)) {
      Add(real, partner);
    } else {
      lonely[0].push_back(real);
    }
  }
  PairLonely(lonely);
  for (std::size_t i = pairs_.size(); i > 1; --i) std::swap(pairs_[i - 1], pairs_[Draw(engine_, i)]);
  Indices order;
  order.reserve(2 * pairs_.size());
  for (const auto& [real, fake] : pairs_) order.insert(order.end(), {real, fake});
  return order;
}

void Pairing::PairLonely(const std::array<Indices, 2>& lonely) {
  std::map<std::size_t, std::array<Indices, 2>> by_folder;
  for (const auto& clips : lonely) {
    for (const std::size_t i : clips)
      by_folder[data_.folder_of(i)][static_cast<std::size_t>(data_.label(i))].push_back(i);
  }
  for (auto& [folder, clips] : by_folder) {
    const std::size_t together = std::min(clips[0].size(), clips[1].size());
    for (std::size_t i = 0; i < together; ++i) Add(clips[0][i], clips[1][i]);
    for (std::size_t label = 0; label < 2; ++label) {
      Rounds& own = folders_[folder][1 - label];
      Rounds& others = own.empty() ? all_[1 - label] : own;
      for (std::size_t i = together; i < clips[label].size() && !others.empty(); ++i)
        Add(clips[label][i], others.Next(engine_));
    }
  }
}

}  // namespace

const std::vector<std::string>& BalanceNames() {
  static const std::vector<std::string> names = {"none", "class", "method"};
  return names;
}

Balance ReadBalance(const std::string& name) {
  const auto found = std::find(BalanceNames().begin(), BalanceNames().end(), name);
  return static_cast<Balance>(found - BalanceNames().begin());
}

std::vector<std::size_t> DrawClips(const ClipDataset& dataset, Balance balance, std::mt19937_64* engine) {
  auto drawn = DrawClasses(dataset, balance, engine);
  Indices clips = std::move(drawn[0]);
  clips.insert(clips.end(), drawn[1].begin(), drawn[1].end());
  Shuffle(&clips, engine);
  return clips;
}

std::vector<std::size_t> DrawPairs(const ClipDataset& dataset, Balance balance, std::mt19937_64* engine) {
  const auto drawn = DrawClasses(dataset, balance, engine);
  return Pairing(dataset, engine).Pair(drawn);
}

}  // namespace seam

#include "labels/split.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/sha256.h"

namespace seam {

namespace fs = std::filesystem;

const std::vector<std::string> kSplits = {"train", "val", "test"};

namespace {

constexpr std::size_t kSplitCount = 3;
// Shares in billionths: whole numbers, so that ties fall the same way on every machine.
using Ratios = std::array<std::int64_t, kSplitCount>;
constexpr std::int64_t kWhole = 1'000'000'000;

Ratios ParseRatios(const std::string& text) {
  const auto wrong = [&] {
    return UsageError("--split", fmt::format("'{}' is not three shares of train, val and test", text),
                      "three numbers from 0 to 1 whose sum is 1, as in --split 0.7,0.15,0.15");
  };
  Ratios ratios = {};
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    double ratio = 0;
    const auto [stop, code] = std::from_chars(at, end, ratio);
    if (code != std::errc() || !(ratio >= 0 && ratio <= 1)) throw wrong();
    const bool last = i + 1 == ratios.size();
    if (last ? stop != end : stop == end || *stop != ',') throw wrong();
    ratios[i] = std::llround(ratio * kWhole);
    at = stop + 1;
  }
  if (std::abs(std::accumulate(ratios.begin(), ratios.end(), std::int64_t{0}) - kWhole) >
      kWhole / 1'000'000) {
    throw wrong();
  }
  return ratios;
}

// Steele, Lea and Flood 2014: a bijection that scatters 64 bits.
std::uint64_t SplitMix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// FNV-1a, scattered with the seed: the same on every machine, unlike std::hash.
std::uint64_t SeededHash(const std::string& text, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return SplitMix64(hash ^ SplitMix64(seed));
}

struct Group {
  std::string name;
  std::int64_t videos = 0;
  bool real = false, fake = false;
  std::uint64_t hash = 0;
  std::size_t split = 0;
};

// Goes through the groups of one kind from large to small and gives each to the split that is furthest behind
// its share of what has been given so far, so that every split gets large and small groups.
void Apportion(const Ratios& ratios, std::vector<Group*>* groups) {
  std::sort(groups->begin(), groups->end(), [](const Group* a, const Group* b) {
    if (a->videos != b->videos) return a->videos > b->videos;
    return a->hash != b->hash ? a->hash < b->hash : a->name < b->name;
  });
  Ratios given = {};
  std::array<std::size_t, kSplitCount> counts = {};
  std::int64_t total = 0;
  for (Group* group : *groups) {
    total += group->videos;
    std::size_t best = 0;
    for (std::size_t i = 1; i < kSplitCount; ++i) {
      if (ratios[i] * total - given[i] > ratios[best] * total - given[best]) best = i;
    }
    group->split = best;
    given[best] += group->videos * kWhole;
    ++counts[best];
  }
  // A split that came away with nothing takes the smallest group of the one that has the most.
  for (std::size_t i = 0; i < kSplitCount; ++i) {
    const std::size_t richest = std::max_element(counts.begin(), counts.end()) - counts.begin();
    if (ratios[i] == 0 || counts[i] > 0 || counts[richest] < 2) continue;
    const auto last = std::find_if(groups->rbegin(), groups->rend(),
                                   [&](const Group* group) { return group->split == richest; });
    (*last)->split = i;
    --counts[richest];
    ++counts[i];
  }
}

std::string Crossing(const std::string& what, const Video& a, const Video& b) {
  return fmt::format("{}: {} in {}, {} in {}", what, a.id, a.split, b.id, b.split);
}

// The first two of the videos that stand in different splits, as a line; nothing when all stand in one.
void ReportCrossing(const std::string& what, const std::vector<const Video*>& videos,
                    std::vector<std::string>* lines) {
  for (const Video* video : videos) {
    if (video->split == videos.front()->split) continue;
    lines->push_back(Crossing(what, *videos.front(), *video));
    return;
  }
}

bool InTwoSplits(const std::vector<const Video*>& videos) {
  return std::any_of(videos.begin(), videos.end(),
                     [&](const Video* video) { return video->split != videos.front()->split; });
}

void FindEqualFiles(const std::vector<const Video*>& videos, std::vector<std::string>* lines) {
  std::map<std::uintmax_t, std::vector<const Video*>> by_size;
  for (const Video* video : videos) {
    std::error_code code;
    const std::uintmax_t size = fs::file_size(video->path, code);
    if (!code && size > 0) by_size[size].push_back(video);
  }
  for (const auto& [size, equal] : by_size) {
    if (!InTwoSplits(equal)) continue;
    std::map<std::string, std::vector<const Video*>> by_digest;
    for (const Video* video : equal) {
      try {
        by_digest[Sha256OfFile(video->path)].push_back(video);
      } catch (const Error&) {
        continue;  // extract tells of it as unreadable
      }
    }
    for (const auto& [digest, same] : by_digest) ReportCrossing("identical files", same, lines);
  }
}

void WarnOfEmptySplits(const Ratios& ratios, const std::map<std::string, Group>& groups) {
  for (std::size_t i = 0; i < kSplitCount; ++i) {
    if (ratios[i] == 0 || std::any_of(groups.begin(), groups.end(),
                                      [&](const auto& entry) { return entry.second.split == i; })) {
      continue;
    }
    SayWarning(fmt::format("the split '{}' gets no video: {} {} too few", kSplits[i], groups.size(),
                           groups.size() == 1 ? "group is" : "groups are"));
  }
}

}  // namespace

void SplitOptions::Register(Options* options) {
  options->Add("split", &ratios,
               "shares of train, val and test, where the dataset does not say the split itself");
  options->Add("seed", &seed, "seed of the split");
}

void AssignGroups(std::vector<Video>* videos) {
  std::vector<std::size_t> parents(videos->size());
  std::iota(parents.begin(), parents.end(), std::size_t{0});
  const auto root = [&](std::size_t i) {
    while (parents[i] != i) i = parents[i] = parents[parents[i]];
    return i;
  };
  std::map<std::string, std::size_t> owner;
  for (std::size_t i = 0; i < videos->size(); ++i) {
    for (const auto& key : (*videos)[i].keys) {
      std::size_t a = root(i), b = root(owner.emplace(key, i).first->second);
      // The video of the smallest id is the root, so the name does not depend on the order.
      if ((*videos)[b].id < (*videos)[a].id) std::swap(a, b);
      parents[b] = a;
    }
  }
  for (std::size_t i = 0; i < videos->size(); ++i) (*videos)[i].group = (*videos)[root(i)].id;
}

void AssignSplits(const SplitOptions& options, std::vector<Video>* videos) {
  const Ratios ratios = ParseRatios(options.ratios);
  std::map<std::string, Group> groups;
  for (const auto& video : *videos) {
    Group& group = groups[video.group];
    group.name = video.group;
    ++group.videos;
    (video.label == FAKE ? group.fake : group.real) = true;
  }
  std::map<std::pair<bool, bool>, std::vector<Group*>> kinds;
  for (auto& [name, group] : groups) {
    group.hash = SeededHash(name, options.seed);
    kinds[{group.real, group.fake}].push_back(&group);
  }
  for (auto& [kind, members] : kinds) Apportion(ratios, &members);
  WarnOfEmptySplits(ratios, groups);
  for (auto& video : *videos) video.split = kSplits[groups[video.group].split];
}

std::vector<std::string> FindLeaks(const std::vector<Video>& videos) {
  std::vector<const Video*> sorted;
  for (const auto& video : videos) {
    if (!video.split.empty()) sorted.push_back(&video);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Video* a, const Video* b) { return a->id < b->id; });
  std::map<std::string, std::vector<const Video*>> groups;
  for (const Video* video : sorted) {
    if (!video->group.empty()) groups[video->group].push_back(video);
  }
  std::vector<std::string> lines;
  for (const auto& [name, members] : groups) ReportCrossing("group " + name, members, &lines);
  FindEqualFiles(sorted, &lines);
  return lines;
}

}  // namespace seam

#include "labels/split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fnv.h"
#include "base/numbers.h"
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
  const auto shares = ParseNumbers<double>(text);
  Ratios ratios = {};
  if (!shares || shares->size() != ratios.size()) throw wrong();
  for (std::size_t i = 0; i < ratios.size(); ++i) {
    const double share = (*shares)[i];
    if (!(share >= 0 && share <= 1)) throw wrong();
    ratios[i] = std::llround(share * kWhole);
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

// Scattered with the seed; the same on every machine.
std::uint64_t SeededHash(const std::string& text, std::uint64_t seed) {
  return SplitMix64(Fnv1a().Add(text).hash() ^ SplitMix64(seed));
}

struct Group {
  std::string name;
  std::int64_t videos = 0;
  std::map<std::size_t, std::int64_t> strata;  // its videos by the number of their stratum
  std::uint64_t hash = 0;
  std::size_t split = 0;
};

// The videos of one label and method: each split is to have its share of them.
struct Stratum {
  std::int64_t videos = 0;  // of all
  std::int64_t seen = 0;    // of the groups that were given so far
  Ratios given = {};        // of these to each split, in billionths of a video
  std::array<std::size_t, kSplitCount> groups = {};
};

// How far behind its share a split is in the strata of a group, in billionths of each stratum: the iterative
// stratification of Sechidis, Tsoumakas and Vlahavas 2011, over all strata of a group at once.
std::int64_t Behind(const Group& group, const std::vector<Stratum>& strata, const Ratios& ratios,
                    std::size_t split) {
  std::int64_t behind = 0;
  for (const auto& [number, videos] : group.strata) {
    const Stratum& stratum = strata[number];
    behind += (ratios[split] * (stratum.seen + videos) - stratum.given[split]) / stratum.videos;
  }
  return behind;
}

void Give(Group* group, std::size_t split, std::vector<Stratum>* strata) {
  group->split = split;
  for (const auto& [number, videos] : group->strata) {
    Stratum& stratum = (*strata)[number];
    stratum.seen += videos;
    stratum.given[split] += videos * kWhole;
    ++stratum.groups[split];
  }
}

// A split that came away with nothing of a stratum takes the smallest group of the one that has the most,
// unless that would leave the other with nothing of another stratum.
void FillEmpty(const Ratios& ratios, const std::vector<Group*>& groups, std::vector<Stratum>* strata) {
  for (std::size_t number = 0; number < strata->size(); ++number) {
    auto& counts = (*strata)[number].groups;
    for (std::size_t i = 0; i < kSplitCount; ++i) {
      const std::size_t richest = std::max_element(counts.begin(), counts.end()) - counts.begin();
      if (ratios[i] == 0 || counts[i] > 0) continue;
      const auto spare = std::find_if(groups.rbegin(), groups.rend(), [&](const Group* group) {
        if (group->split != richest || group->strata.count(number) == 0) return false;
        return std::all_of(group->strata.begin(), group->strata.end(),
                           [&](const auto& entry) { return (*strata)[entry.first].groups[richest] > 1; });
      });
      if (spare == groups.rend()) continue;
      (*spare)->split = i;
      for (const auto& entry : (*spare)->strata) {
        --(*strata)[entry.first].groups[richest];
        ++(*strata)[entry.first].groups[i];
      }
    }
  }
}

// Goes through the groups from large to small and gives each to the split that is furthest behind its share
// of what has been given so far, so that every split gets large and small groups.
void Apportion(const Ratios& ratios, std::vector<Stratum> strata, std::vector<Group*> groups) {
  std::sort(groups.begin(), groups.end(), [](const Group* a, const Group* b) {
    if (a->videos != b->videos) return a->videos > b->videos;
    return a->hash != b->hash ? a->hash < b->hash : a->name < b->name;
  });
  for (Group* group : groups) {
    std::size_t best = kSplitCount;
    std::int64_t most = 0;
    for (std::size_t i = 0; i < kSplitCount; ++i) {
      if (ratios[i] == 0) continue;
      const std::int64_t behind = Behind(*group, strata, ratios, i);
      if (best == kSplitCount || behind > most) {
        best = i;
        most = behind;
      }
    }
    Give(group, best, &strata);
  }
  FillEmpty(ratios, groups, &strata);
}

// The ratios of the open splits alone, in the same proportion.
Ratios OpenRatios(const Ratios& ratios, const std::vector<std::string>& open, const std::string& text) {
  Ratios shares = {};
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < kSplitCount; ++i) {
    if (std::find(open.begin(), open.end(), kSplits[i]) != open.end()) shares[i] = ratios[i];
    sum += shares[i];
  }
  if (sum == 0) {
    throw UsageError("--split", fmt::format("'{}' leaves nothing for {}", text, fmt::join(open, " and ")),
                     "the official list fills the other splits; give these a share above 0");
  }
  const auto billionths = static_cast<double>(kWhole);
  for (std::int64_t& share : shares) {
    if (sum < kWhole - kWhole / 1'000'000)
      share = std::llround(static_cast<double>(share) / static_cast<double>(sum) * billionths);
  }
  return shares;
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

constexpr char kContentKey[] = "bytes of SHA-256 ";

// The files that may be identical, for they have the same size.
std::map<std::uintmax_t, std::vector<Video*>> BySize(std::vector<Video>* videos) {
  std::map<std::uintmax_t, std::vector<Video*>> by_size;
  for (Video& video : *videos) {
    std::error_code code;
    const std::uintmax_t size = fs::file_size(video.path, code);
    if (!code && size > 0) by_size[size].push_back(&video);
  }
  return by_size;
}

// `videos` may have splits that an official list gave.
void WarnOfEmptySplits(const Ratios& ratios, const std::map<std::string, Group>& groups,
                       const std::vector<Video>& videos) {
  for (std::size_t i = 0; i < kSplitCount; ++i) {
    const auto inside = [&](const Video& video) { return video.split == kSplits[i]; };
    if (ratios[i] == 0 || std::any_of(videos.begin(), videos.end(), inside)) continue;
    SayWarning(fmt::format("the split '{}' gets no video: {} {} too few", kSplits[i], groups.size(),
                           groups.size() == 1 ? "group is" : "groups are"));
  }
}

// The videos that have a split, in order of id.
std::vector<const Video*> Divided(const std::vector<Video>& videos) {
  std::vector<const Video*> sorted;
  for (const auto& video : videos) {
    if (!video.split.empty()) sorted.push_back(&video);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Video* a, const Video* b) { return a->id < b->id; });
  return sorted;
}

bool NeedsSplit(const Video& video) { return video.split.empty() && video.status.empty(); }

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

std::vector<std::string> AddContentKeys(std::vector<Video>* videos) {
  std::vector<std::string> lines;
  for (const auto& [size, equal] : BySize(videos)) {
    if (equal.size() < 2) continue;
    std::map<std::string, std::vector<Video*>> by_digest;
    for (Video* video : equal) {
      try {
        by_digest[Sha256OfFile(video->path)].push_back(video);
      } catch (const Error&) {
        continue;  // extract tells of it as unreadable
      }
    }
    for (const auto& [digest, same] : by_digest) {
      if (same.size() < 2) continue;
      for (Video* video : same) {
        video->keys.push_back(kContentKey + digest);
        if (video->label == same.front()->label) continue;
        lines.push_back(fmt::format("identical files, but one is real and one is fake: {}, {}",
                                    same.front()->id, video->id));
      }
    }
  }
  return lines;
}

std::vector<Video*> OfficialOverlap(std::vector<Video>* videos) {
  std::set<std::string> official;
  for (const Video& video : *videos) {
    if (!video.split.empty()) official.insert(video.group);
  }
  std::vector<Video*> overlap;
  for (Video& video : *videos) {
    if (video.split.empty() && official.count(video.group) > 0) overlap.push_back(&video);
  }
  return overlap;
}

void AssignSplits(const SplitOptions& options, const std::vector<std::string>& open,
                  std::vector<Video>* videos) {
  const Ratios all_ratios = ParseRatios(options.ratios);
  // In order of label and method, so that the order of the videos says nothing.
  std::map<std::pair<Label, std::string>, std::size_t> numbers;
  for (const auto& video : *videos) {
    if (NeedsSplit(video)) numbers[{video.label, video.method}] = 0;
  }
  std::vector<Stratum> strata(numbers.size());
  std::size_t next = 0;
  for (auto& [kind, number] : numbers) number = next++;
  std::map<std::string, Group> groups;
  for (const auto& video : *videos) {
    if (!NeedsSplit(video)) continue;
    const std::size_t number = numbers.at({video.label, video.method});
    Group& group = groups[video.group];
    group.name = video.group;
    ++group.videos;
    ++group.strata[number];
    ++strata[number].videos;
  }
  if (groups.empty()) return;
  const Ratios ratios = OpenRatios(all_ratios, open, options.ratios);
  std::vector<Group*> members;
  for (auto& [name, group] : groups) {
    group.hash = SeededHash(name, options.seed);
    members.push_back(&group);
  }
  Apportion(ratios, std::move(strata), std::move(members));
  for (auto& video : *videos) {
    if (NeedsSplit(video)) video.split = kSplits[groups[video.group].split];
  }
  WarnOfEmptySplits(ratios, groups, *videos);
}

std::vector<std::string> FindLeaks(const std::vector<Video>& videos) {
  std::map<std::string, std::vector<const Video*>> keys, groups;
  for (const Video* video : Divided(videos)) {
    for (const auto& key : video->keys) keys[key].push_back(video);
    if (!video->group.empty()) groups[video->group].push_back(video);
  }
  std::vector<std::string> lines;
  std::set<std::string> told;
  for (const auto& [key, members] : keys) {
    const std::size_t before = lines.size();
    ReportCrossing(key.starts_with(kContentKey) ? "identical files" : "source id " + key, members, &lines);
    if (lines.size() > before) told.insert(members.front()->group);
  }
  for (const auto& [name, members] : groups) {
    if (told.count(name) == 0) ReportCrossing("group " + name, members, &lines);
  }
  return lines;
}

std::vector<std::string> FindSharedPeople(const std::vector<Video>& videos) {
  std::map<std::string, std::vector<const Video*>> people;
  for (const Video* video : Divided(videos)) {
    for (const auto& person : video->people) people[person].push_back(video);
  }
  std::vector<std::string> lines;
  for (const auto& [person, members] : people) ReportCrossing(person, members, &lines);
  return lines;
}

}  // namespace seam

#include "train/classifier/data_record.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace seam {
namespace {

// The folders in the order of --data, without their paths, which are the machine's.
nlohmann::json CollectFolders(const ClipDataset& dataset) {
  std::vector<std::size_t> clips(dataset.folders().size());
  for (std::size_t i = 0; i < dataset.size(); ++i) ++clips[dataset.folder_of(i)];
  auto folders = nlohmann::json::array();
  for (std::size_t i = 0; i < clips.size(); ++i) {
    folders.push_back(
        {{"sha256", dataset.digest(i)}, {"clips", clips[i]}, {"weight", dataset.folders()[i].weight}});
  }
  return folders;
}

nlohmann::json DescribeDamage(const ClipDataset& dataset) {
  auto shards = nlohmann::json::array();
  for (const ShardDamage& damage : dataset.damage()) {
    shards.push_back({{"shard", damage.shard.filename().string()},
                      {"records", damage.records},
                      {"left_out", damage.damaged},
                      {"first", damage.first},
                      {"broken", damage.broken}});
  }
  return shards;
}

}  // namespace

nlohmann::json DataRecord(const ClipDataset& dataset) {
  std::set<std::string> videos;
  int fakes = 0;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    videos.insert(dataset.video(i));
    fakes += dataset.label(i);
  }
  return {{"sha256", dataset.digest()},
          {"folders", CollectFolders(dataset)},
          {"damaged_shards", DescribeDamage(dataset)},
          {"clips", dataset.size()},
          {"fake_clips", fakes},
          {"videos", videos.size()},
          {"frames", dataset.frames()}};
}

}  // namespace seam

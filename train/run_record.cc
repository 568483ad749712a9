#include "train/run_record.h"

#include <torch/version.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/version.h"
#include "train/git_version.h"
#include "train/trainer.h"

namespace seam {
namespace {

// Options that a resumed run may change, besides the task's: they leave the outcome alone, or, like the
// number of epochs, are what one resumes for.
constexpr std::array<std::string_view, 10> kFree = {"patience", "device",         "output",    "epochs",
                                                    "threads",  "resume",         "overwrite", "notice",
                                                    "events",   "process-timeout"};

// What stands after the colon of the first line that begins with `name`, in a file such as /proc/cpuinfo, or
// "unknown".
std::string MakeLine(const std::filesystem::path& path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto begin = line.find_first_not_of(" \t", line.find(':') + 1);
    if (line.starts_with(name) && line.find(':') != std::string::npos && begin != std::string::npos)
      return line.substr(begin);
  }
  return "unknown";
}

// "MemTotal:  24689420 kB"
std::uint64_t MemoryBytes() {
  std::uint64_t kilobytes = 0;
  std::istringstream(MakeLine("/proc/meminfo", "MemTotal")) >> kilobytes;
  return kilobytes * 1024;
}

// The names of NVIDIA's GPUs, as their driver tells: the list is empty without one.
std::vector<std::string> Gpus() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", ignored))
    names.push_back(MakeLine(entry.path() / "information", "Model"));
  return names;
}

// `: those of folder 2 of --data differ`, or "" where it cannot be told.
std::string WhichFolder(const nlohmann::json& earlier, const nlohmann::json& now, const std::string& split) {
  const nlohmann::json::json_pointer folders(fmt::format("/data/{}/folders", split));
  if (!earlier.contains(folders)) return "";
  const auto &before = earlier[folders], &after = now[folders];
  if (before.size() != after.size())
    return fmt::format(": of {} folders, not of {}", before.size(), after.size());
  if (before.size() == 1) return "";
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i]["sha256"] != after[i]["sha256"])
      return fmt::format(": those of folder {} of --data differ", i + 1);
  }
  return "";
}

// Every `sha256` below `json`: a recipe's data may be one dataset or a list.
void AddDigests(const nlohmann::json& json, std::vector<std::string>* digests) {
  if (json.is_object() && json.contains("sha256") && json["sha256"].is_string())
    digests->push_back(json["sha256"].get<std::string>());
  if (!json.is_structured()) return;
  for (const auto& each : json) AddDigests(each, digests);
}

std::string AsArgument(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

nlohmann::json RunRecord(const nlohmann::json& options, const nlohmann::json& described, int threads) {
  nlohmann::json record = {{"seam", Version()},
                           {"git", GitVersion()},
                           {"options", options},
                           {"machine",
                            {{"processor", MakeLine("/proc/cpuinfo", "model name")},
                             {"cores", std::thread::hardware_concurrency()},
                             {"memory_bytes", MemoryBytes()},
                             {"gpus", Gpus()},
                             {"threads", threads},
                             {"libtorch", TORCH_VERSION}}}};
  record.update(described);
  return record;
}

nlohmann::json ListOrigins(const InitialCheckpoints& from) {
  auto origins = nlohmann::json::array();
  const auto add = [&](const nlohmann::json& origin) {
    if (std::find(origins.begin(), origins.end(), origin) == origins.end()) origins.push_back(origin);
  };
  for (const auto& [file, info] : from) {
    const auto recipe = nlohmann::json::parse(info.recipe);
    if (recipe.contains("origins"))
      for (const auto& earlier : recipe["origins"]) add(earlier);
    add({{"file", file.filename().string()},
         {"train", DigestsIn(recipe, "train")},
         {"val", DigestsIn(recipe, "val")}});
  }
  return origins;
}

std::vector<std::string> DigestsIn(const nlohmann::json& recipe, const std::string& split) {
  std::vector<std::string> digests;
  const nlohmann::json::json_pointer place("/data/" + split);
  if (recipe.contains(place)) AddDigests(recipe[place], &digests);
  std::erase(digests, "");  // of a folder without the split
  std::sort(digests.begin(), digests.end());
  digests.erase(std::unique(digests.begin(), digests.end()), digests.end());
  return digests;
}

std::string ReadRecipe(const nlohmann::json& record, const std::vector<std::string>& local_options) {
  auto recipe = record;
  recipe.erase("machine");
  nlohmann::json& options = recipe["options"];
  for (const char* name : {"output", "resume", "overwrite", "notice", "events"}) options.erase(name);
  for (const auto& name : local_options) options.erase(name);
  options["init"] = fmt::format("{}", fmt::join(record["init_files"].get<std::vector<std::string>>(), ","));
  recipe.erase("init_files");
  options["threads"] = record["machine"]["threads"];  // more of them add up in another order
  return recipe.dump();
}

void CheckSameData(const nlohmann::json& earlier, const nlohmann::json& now, const RunFolder& folder) {
  for (const char* split : {"train", "val"}) {
    const nlohmann::json::json_pointer digest(fmt::format("/data/{}/sha256", split));
    if (earlier.contains(digest) && earlier[digest] == now[digest]) continue;
    throw Error(folder.path().string(),
                fmt::format("the run was made with other shards of the split '{}'{}", split,
                            WhichFolder(earlier, now, split)),
                "give the run's --data, or start a new run with another --output");
  }
}

void AdoptRunOptions(const std::string& folder, const std::vector<std::string>& free, Options* options) {
  const auto recorded = RunFolder(folder).ReadRun().at("options");
  const auto now = options->ToJson();
  const auto is_free = [&](const std::string& name) {
    return std::find(kFree.begin(), kFree.end(), name) != kFree.end() ||
           std::find(free.begin(), free.end(), name) != free.end();
  };
  std::vector<std::string> arguments;
  for (const auto& [name, value] : recorded.items()) {
    const bool given = now.contains(name) && options->Given(name);
    if (given && !is_free(name) && now.at(name) != value) {
      throw UsageError("--" + name,
                       fmt::format("{} was given, but the run was made with {}", AsArgument(now.at(name)),
                                   AsArgument(value)),
                       "leave it out, or start a new run with another --output");
    }
    const bool of_this_command = name == "resume" || name == "overwrite" || name == "output";
    if (!given && !of_this_command && AsArgument(value) != "") {
      arguments.push_back(fmt::format("--{}={}", name, AsArgument(value)));
    }
  }
  for (const auto& [name, value] : now.items()) {
    if (!options->Given(name) || is_free(name) || recorded.contains(name)) continue;
    throw UsageError("--" + name, "was given, but the run was made by a Seam that did not know it",
                     "leave it out, or start a new run with another --output");
  }
  options->Parse(arguments);
}

}  // namespace seam

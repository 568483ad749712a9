#include "train/process_place.h"

#include <cstdlib>

#include <fmt/format.h>

#include "base/error.h"
#include "base/numbers.h"

namespace seam {
namespace {

constexpr int kMaxProcesses = 65536;

int Number(const std::string& variable, const std::string& text, int low, int high) {
  const auto value = ParseNumber<int>(text);
  if (value && *value >= low && *value <= high) return *value;
  throw Error(variable, fmt::format("'{}' in the environment is not {} to {}", text, low, high),
              "a launcher such as torchrun or srun sets it; to train with one process, unset it");
}

int Needed(const Environment& environment, const std::string& variable, const std::string& beside, int low,
           int high) {
  const auto text = environment(variable);
  if (!text) {
    throw Error(variable, fmt::format("missing in the environment, which holds {}", beside),
                "start with torchrun or srun, or set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT");
  }
  return Number(variable, *text, low, high);
}

int Optional(const Environment& environment, const std::string& variable, int otherwise, int low, int high) {
  const auto text = environment(variable);
  return text ? Number(variable, *text, low, high) : otherwise;
}

ProcessPlace FromTorchrun(const Environment& environment) {
  ProcessPlace place;
  place.world = Needed(environment, "WORLD_SIZE", "RANK", 1, kMaxProcesses);
  place.rank = Needed(environment, "RANK", "WORLD_SIZE", 0, place.world - 1);
  place.local_rank = Optional(environment, "LOCAL_RANK", 0, 0, kMaxProcesses);
  place.local_world = Optional(environment, "LOCAL_WORLD_SIZE", 1, 1, place.world);
  if (environment("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True") {
    place.agent_prefix =
        fmt::format("/worker/attempt_{}", environment("TORCHELASTIC_RESTART_COUNT").value_or("0"));
  }
  return place;
}

ProcessPlace FromSlurm(const Environment& environment) {
  constexpr int kPorts = 10000, kFirstPort = 20000;  // below those that systems give out by themselves
  ProcessPlace place;
  const char* count = environment("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS";
  place.world = Optional(environment, count, 1, 1, kMaxProcesses);
  place.rank = Needed(environment, "SLURM_PROCID", count, 0, place.world - 1);
  place.local_rank = Optional(environment, "SLURM_LOCALID", 0, 0, kMaxProcesses);
  for (const char* list : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"}) {
    const std::string first = FirstMachine(environment(list).value_or(""));
    if (first.empty()) continue;
    place.master = first;
    break;
  }
  const int job = Optional(environment, "SLURM_JOB_ID", 0, 0, 2147483647);
  place.port = kFirstPort + job % kPorts;
  return place;
}

}  // namespace

std::string ProcessPlace::Name() const { return fmt::format("process {} of {}", rank, world); }

ProcessPlace FindProcessPlace(const Environment& environment) {
  ProcessPlace place;
  if (environment("RANK") || environment("WORLD_SIZE")) {
    place = FromTorchrun(environment);
  } else if (environment("SLURM_PROCID")) {
    place = FromSlurm(environment);
  }
  place.master = environment("MASTER_ADDR").value_or(place.master);
  place.port = Optional(environment, "MASTER_PORT", place.port, 1, 65535);
  return place;
}

ProcessPlace FindProcessPlace() {
  return FindProcessPlace([](const std::string& variable) -> std::optional<std::string> {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  });
}

std::string FirstMachine(const std::string& list) {
  const std::size_t end = list.find_first_of("[,");
  if (end == std::string::npos || list[end] == ',') return list.substr(0, end);
  const std::size_t number_end = list.find_first_of("-,]", end);
  const std::size_t close = list.find(']', end);
  if (number_end == std::string::npos || close == std::string::npos) return "";
  const std::size_t suffix_end = list.find(',', close);
  const std::string suffix =
      list.substr(close + 1, suffix_end == std::string::npos ? suffix_end : suffix_end - close - 1);
  return list.substr(0, end) + list.substr(end + 1, number_end - end - 1) + suffix;
}

}  // namespace seam

#pragma once

#include <functional>
#include <optional>
#include <string>

namespace seam {

// This process among those that train one network together. The launcher says it in the environment.
struct ProcessPlace {
  int rank = 0;                      // 0 leads: it writes the files and talks
  int world = 1;                     // how many they are
  int local_rank = 0;                // among those on this machine,
  int local_world = 1;               // which are so many, where the launcher says so
  std::string master = "127.0.0.1";  // where rank 0 runs
  int port = 29500;
  // The launcher (torchrun) listens at master:port, and keeps what the processes tell each other under this
  // prefix; without it rank 0 listens.
  std::optional<std::string> agent_prefix;

  bool leads() const { return rank == 0; }
  // The number of its GPU, of as many as it sees. Slurm may show each process its own alone
  // (--gpus-per-task).
  int Gpu(int gpus) const { return gpus > 0 ? local_rank % gpus : 0; }
  std::string Name() const;  // "process 1 of 2", counted from 0
};

using Environment = std::function<std::optional<std::string>(const std::string& variable)>;

// What torchrun says (RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT), or else
// Slurm's srun (SLURM_PROCID, SLURM_STEP_NUM_TASKS or SLURM_NTASKS, SLURM_LOCALID; the first machine of
// SLURM_STEP_NODELIST or SLURM_JOB_NODELIST leads, at a port made from SLURM_JOB_ID, unless MASTER_ADDR and
// MASTER_PORT say otherwise). One process alone when there is neither. An Error names a variable that makes
// no sense.
ProcessPlace FindProcessPlace(const Environment& environment);
ProcessPlace FindProcessPlace();  // in this process's environment

// The first machine of a list as Slurm writes it: "gpu[003-005,9],login" -> "gpu003". Empty for an empty
// list.
std::string FirstMachine(const std::string& list);

}  // namespace seam

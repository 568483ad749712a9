#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/cancel.h"
#include "base/options.h"
#include "train/precision.h"
#include "train/run_events.h"
#include "train/schedule.h"
#include "train/step.h"
#include "train/task.h"

namespace seam {

struct TrainerOptions {
  std::string output;
  std::string init;
  std::string notice;  // into every checkpoint: what its users must know
  int epochs = 10;
  int freeze_backbone = 0;     // epochs at the start in which the head alone is trained
  int patience = 0;            // epochs without a better one after which training ends; 0: never
  int threads = 0;             // 0: as many as the machine has cores
  std::string norms = "auto";  // what batch norms take in training
  int process_timeout = 600;   // seconds that processes wait for one another
  std::uint64_t seed = 1;
  bool resume = false;
  bool overwrite = false;
  ScheduleOptions schedule;
  StepOptions step;
  PrecisionOptions precision;
  EventOptions events;

  void Register(Options* options);
  void Check() const;  // UsageError
};

// Reads what run.json of the run in `folder` says its options were into those that the user did not give; for
// --resume. An Error when one that changes the outcome was given another value; the task's `free` ones do
// not.
void AdoptRunOptions(const std::string& folder, const std::vector<std::string>& free, Options* options);

// Trains the network of a task into a run folder. Uses LibTorch's global generator and number of threads: one
// at a time in a process.
class Trainer {
 public:
  // Opens everything and checks that it fits together; only then writes run.json. `recorded` are the options
  // as the run is to record them. A run that goes on continues after its last finished epoch.
  Trainer(const TrainerOptions& options, std::unique_ptr<Task> task, const nlohmann::json& recorded,
          const CancelToken& cancel = {});
  ~Trainer();

  // Trains the epochs that are left; some lines on stdout for each. An Error when cancelled, or
  // when the loss or a gradient is no number; finished epochs are kept.
  void Run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seam

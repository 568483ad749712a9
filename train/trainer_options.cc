#include <fmt/format.h>

#include "base/error.h"
#include "train/trainer.h"

namespace seam {

void TrainerOptions::Register(Options* options) {
  options->Add("output", &output, "folder for checkpoints and metrics");
  options->Add("init", &init, "checkpoint to start from; the mean of several with commas between them");
  options->Add("notice", &notice, "what users of the network must know: its data, its limits, its licence");
  options->Add("epochs", &epochs, "times to go through the data", Between(1, 9999, "10 to 50 are usual"));
  options->Add("freeze-backbone", &freeze_backbone, "epochs at the start that train the head alone",
               Between(0, 9999, "1 to 3 are usual"));
  options->Add("patience", &patience, "epochs without a better one that end the run; 0: never",
               Between(0, 9999, "5 to 10 are usual"));
  options->Add("threads", &threads, "threads of the network; 0: as many as cores", Between(0, 1024));
  options->Add("norms", &norms,
               "what batch norms take in training: synced, the statistics of all processes' clips; local, of "
               "each process's; frozen, those they have; auto: synced on CPUs in fp32, else local",
               {"auto", "synced", "local", "frozen"});
  options->Add("process-timeout", &process_timeout, "seconds that processes wait for one another",
               Between(1, 86400, "600 seconds are enough unless the epochs' ends take longer"));
  options->Add("seed", &seed, "of weights, order, augmentation and dropout");
  options->Add("resume", &resume, "go on with the run in --output, with its options");
  options->Add("overwrite", &overwrite, "remove the run in --output first");
  schedule.Register(options);
  step.Register(options);
  precision.Register(options);
  events.Register(options);
}

void TrainerOptions::Check() const {
  if (output.empty()) throw UsageError("--output", "missing", "name a folder for the checkpoints");
  CheckDeclared(*this);
  if (freeze_backbone > 0 && init.empty()) {
    throw UsageError("--freeze-backbone", "the backbone would keep its random weights",
                     "name a checkpoint to start from with --init");
  }
  if (resume && overwrite) throw UsageError("--resume", "contradicts --overwrite", "give one of them");
  step.Check();
}

}  // namespace seam

#include <fmt/format.h>

#include "base/error.h"
#include "train/trainer.h"

namespace seam {

void TrainerOptions::Register(Options* options) {
  options->Add("output", &output, "folder for checkpoints and metrics");
  options->Add("init", &init, "checkpoint to start from; the mean of several with commas between them");
  options->Add("notice", &notice, "what users of the network must know: its data, its limits, its licence");
  options->Add("epochs", &epochs, "times to go through the data");
  options->Add("freeze-backbone", &freeze_backbone, "epochs at the start that train the head alone");
  options->Add("patience", &patience, "epochs without a better one that end the run; 0: never");
  options->Add("threads", &threads, "threads of the network; 0: as many as cores");
  options->Add("norms", &norms,
               "what batch norms take in training: synced, the statistics of all processes' clips; local, of "
               "each process's; frozen, those they have; auto: synced on CPUs in fp32, else local");
  options->Add("process-timeout", &process_timeout, "seconds that processes wait for one another");
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
  if (epochs < 1 || epochs > 9999)
    throw UsageError("--epochs", fmt::format("{} is not 1 to 9999", epochs), "10 to 50 are usual");
  if (patience < 0 || patience > 9999)
    throw UsageError("--patience", fmt::format("{} is not 0 to 9999", patience),
                     "5 to 10 are usual, 0 for never");
  if (freeze_backbone < 0 || freeze_backbone > 9999)
    throw UsageError("--freeze-backbone", fmt::format("{} is not 0 to 9999", freeze_backbone),
                     "1 to 3 are usual");
  if (freeze_backbone > 0 && init.empty()) {
    throw UsageError("--freeze-backbone", "the backbone would keep its random weights",
                     "name a checkpoint to start from with --init");
  }
  if (threads < 0 || threads > 1024)
    throw UsageError("--threads", fmt::format("{} is not 0 to 1024", threads), "0 takes one for each core");
  if (norms != "auto" && norms != "synced" && norms != "local" && norms != "frozen")
    throw UsageError("--norms", fmt::format("there is no '{}'", norms), "auto, synced, local or frozen");
  if (process_timeout < 1 || process_timeout > 86400)
    throw UsageError("--process-timeout", fmt::format("{} is not 1 to 86400", process_timeout),
                     "600 seconds are enough unless the epochs' ends take longer");
  if (resume && overwrite) throw UsageError("--resume", "contradicts --overwrite", "give one of them");
  schedule.Check();
  step.Check();
  events.Check();
}

}  // namespace seam

#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "base/files.h"
#include "tests/support/support.h"
#include "tests/train/made_dataset.h"

namespace seam {

// Runs of `seam-train` on a made dataset.
class TrainProgram : public testing::Test {
 protected:
  void Make(const MadeDataset& made) { MakeDataset(data(), made); }
  std::filesystem::path data() const { return folder_ / "data"; }
  std::filesystem::path run(const std::string& name = "run") const { return folder_ / name; }

  // The command line of a run in run(name).
  std::string Command(const std::string& options, const std::string& name = "run") const {
    return "seam-train --quiet --data " + Quoted(data().string()) + " --output " +
           Quoted(run(name).string()) + " --batch " + std::to_string(batch_) + " --threads " +
           std::to_string(threads_) + " " + options;
  }
  CommandResult Train(const std::string& options, const std::string& name = "run") const {
    return RunCommand(Command(options, name));
  }
  // Starts `command` and sends it `signal` as soon as it has finished an epoch.
  CommandResult StopAfterAnEpoch(const std::string& command, const std::string& signal) const {
    const std::string pipe = Quoted((folder_ / "pipe").string());
    return RunCommand("mkfifo " + pipe + "; " + command + " >" + pipe + " & exec 3<" + pipe +
                      "; read line <&3; kill -" + signal + " $!; wait $!");
  }
  void ExpectError(const CommandResult& result, int status, const std::string& problem,
                   const std::string& hint) {
    EXPECT_EQ(result.status, status);
    EXPECT_THAT(result.err, testing::AllOf(testing::HasSubstr("error: "), testing::HasSubstr(problem),
                                           testing::HasSubstr("\nhint: "), testing::HasSubstr(hint)));
    EXPECT_EQ(result.out, "");
  }
  std::string Bytes(const std::string& name, const std::string& file) const {
    return ReadFile(run(name) / file);
  }

  TemporaryFolder folder_;
  int threads_ = 1;
  int batch_ = 8;
};

// Whether two checkpoints hold the same bits.
void ExpectSameWeights(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace seam

#include "base/error.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/program.h"
#include "train/classifier/score_shards.h"

namespace seam {
namespace {

int Main(const std::vector<std::string>& arguments) {
  Options options("seam score", "--model FILE --data DIR --output SCORES.jsonl [options]",
                  "score the clips of a dataset folder",
                  "seam score --model best.safetensors --data shards --split test --output scores.jsonl");
  ScoreShardsOptions score;
  score.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  score.Check();
  score.cancel = InterruptToken();
  KeepLargeBlocks();
  if (!ScoreShards(score)) throw Error(score.output, "stopped before all clips were scored");
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::Main); }

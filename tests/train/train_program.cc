#include "tests/train/train_program.h"

#include "models/torch/checkpoint.h"

namespace seam {

void ExpectSameWeights(const std::filesystem::path& a, const std::filesystem::path& b) {
  const auto first = ListWeights(*LoadCheckpoint(a).model), second = ListWeights(*LoadCheckpoint(b).model);
  for (const auto& [name, tensor] : first) EXPECT_TRUE(torch::equal(tensor, second.at(name))) << name;
}

}  // namespace seam

// The fuzz targets without a fuzzer: their seeds, seeds that were damaged by drawn mutations, and the inputs
// in tests/fuzz/found, each of which was a fault once.

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "tests/fuzz/targets.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

std::string Mutated(std::string bytes, std::mt19937* random) {
  const auto draw = [&](std::size_t below) { return below == 0 ? 0 : (*random)() % below; };
  for (std::size_t i = 0, changes = 1 + draw(6); i < changes && !bytes.empty(); ++i) {
    const std::size_t place = draw(bytes.size());
    switch (draw(6)) {
      case 0:
        bytes[place] = static_cast<char>(draw(256));
        break;
      case 1:
        bytes[place] = static_cast<char>(bytes[place] ^ (1 << draw(8)));
        break;
      case 2:
        bytes.erase(place, 1 + draw(9));
        break;
      case 3:
        bytes.insert(place, bytes.substr(draw(bytes.size()), 1 + draw(20)));
        break;
      case 4:
        bytes.insert(place, 1 + draw(8), draw(2) == 0 ? '\xff' : '\0');
        break;
      default:
        bytes.resize(place);
    }
  }
  return bytes;
}

class FuzzReplayTest : public testing::TestWithParam<FuzzTarget> {};

TEST_P(FuzzReplayTest, SeedsAreReadAndMutationsAreSurvived) {
  std::mt19937 random(1);
  for (const std::string& seed : GetParam().seeds()) {
    EXPECT_TRUE(GetParam().read(seed)) << testing::PrintToString(seed);
    for (int round = 0; round < 3000; ++round) {
      const std::string bytes = Mutated(seed, &random);
      EXPECT_NO_THROW(GetParam().read(bytes)) << testing::PrintToString(bytes);
    }
  }
  EXPECT_NO_THROW(GetParam().read(""));
}

TEST_P(FuzzReplayTest, FaultsThatWereFoundStayMended) {
  const fs::path found = fs::path(SEAM_SOURCE) / "tests/fuzz/found" / GetParam().name;
  if (!fs::exists(found)) return;  // nothing was found
  for (const auto& entry : fs::directory_iterator(found))
    EXPECT_NO_THROW(GetParam().read(ReadFile(entry.path()))) << entry.path();
}

INSTANTIATE_TEST_SUITE_P(Each, FuzzReplayTest, testing::ValuesIn(FuzzTargets()),
                         [](const auto& target) { return target.param.name; });

}  // namespace
}  // namespace seam

// A libFuzzer program of the target SEAM_FUZZ_TARGET. scripts/fuzz.sh builds and runs all.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/fuzz/targets.h"

namespace {

const seam::FuzzTarget& Target() {
  for (const seam::FuzzTarget& target : seam::FuzzTargets()) {
    if (target.name == SEAM_FUZZ_TARGET) return target;
  }
  std::abort();
}

}  // namespace

// SEAM_FUZZ_SEEDS names a folder that the target's seeds are written to.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const char* folder = std::getenv("SEAM_FUZZ_SEEDS");
  if (folder == nullptr) return 0;
  int number = 0;
  for (const std::string& seed : Target().seeds())
    std::ofstream(std::string(folder) + "/seed" + std::to_string(number++), std::ios::binary) << seed;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const seam::FuzzTarget& target = Target();
  target.read({reinterpret_cast<const char*>(data), size});
  return 0;
}

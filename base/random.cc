#include "base/random.h"

namespace seam {

std::mt19937_64 MakeEngine(std::uint64_t seed, Stream stream, std::uint64_t epoch, std::uint64_t index) {
  const auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  const auto high = [](std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); };
  std::seed_seq words{low(seed),  high(seed), static_cast<std::uint32_t>(stream), low(epoch), high(epoch),
                      low(index), high(index)};
  return std::mt19937_64(words);
}

std::uint64_t Draw(std::mt19937_64* engine, std::uint64_t bound) { return (*engine)() % bound; }

double DrawBetween(std::mt19937_64* engine, double low, double high) {
  return low + (high - low) * static_cast<double>((*engine)() >> 11) * 0x1p-53;
}

}  // namespace seam

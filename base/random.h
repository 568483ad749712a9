#pragma once

#include <cstdint>
#include <random>

namespace seam {

// What a random engine is for: each use draws numbers of its own.
enum class Stream : std::uint32_t { kWeights = 1, kOrder = 2, kAugmentation = 3, kDropout = 4, kBlend = 5 };

// The engine of one use in one epoch: a pure function of its arguments, so that neither threads nor a resumed
// run change what is drawn. `index` tells the samples of an epoch apart.
std::mt19937_64 MakeEngine(std::uint64_t seed, Stream stream, std::uint64_t epoch = 0,
                           std::uint64_t index = 0);

// Uniform in [0, bound). Unlike std::uniform_int_distribution, the same with every standard library; the bias
// is below bound / 2^64.
std::uint64_t Draw(std::mt19937_64* engine, std::uint64_t bound);

// Uniform in [low, high), the same with every standard library.
double DrawBetween(std::mt19937_64* engine, double low, double high);

}  // namespace seam

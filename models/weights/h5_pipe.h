#pragma once

#include <cstddef>
#include <cstdint>

namespace seam {

// What seam-read-h5 writes to its standard output for LoadKerasH5(): messages one after the other, each a
// kind and
//   kTensor   name, rank, rank sides, float32 numbers
//   kProblem  what is wrong with the file
// A text is its length and its bytes; lengths, rank and sides are 64 bits. kEnd comes last, where all went
// well.
enum class H5Message : std::uint32_t { kTensor = 1, kProblem = 2, kEnd = 3 };

// What the one does not send and the other does not take.
constexpr int kMaxH5Depth = 8, kMaxH5Objects = 20'000, kMaxH5Rank = 8;
constexpr std::size_t kMaxH5NameBytes = 500;
constexpr std::uint64_t kMaxH5Elements = std::uint64_t{1} << 29;  // 2 GiB of float32, together

}  // namespace seam

#pragma once

#include <cstdint>
#include <string_view>

namespace seam {

// FNV-1a of 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): the same on every machine and in every
// build, unlike std::hash. Not for hostile input.
class Fnv1a {
 public:
  Fnv1a& Add(std::string_view bytes) {
    for (const char byte : bytes) Mix(static_cast<std::uint8_t>(byte));
    return *this;
  }
  // Its eight bytes, the least significant first.
  Fnv1a& Add(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) Mix(static_cast<std::uint8_t>(number >> shift));
    return *this;
  }
  std::uint64_t hash() const { return hash_; }

 private:
  void Mix(std::uint8_t byte) { hash_ = (hash_ ^ byte) * 1099511628211ULL; }

  std::uint64_t hash_ = 14695981039346656037ULL;
};

}  // namespace seam

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seam {

// TFRecord framing, as TensorFlow, PyTorch's and DALI's readers know it (docs/shards.md draws the bytes):
//   uint64 length, uint32 masked CRC32C of those 8 bytes, `length` bytes, uint32 masked CRC32C of them;
//   little-endian.

constexpr std::size_t kRecordHeaderBytes = 12;
constexpr std::size_t kRecordFooterBytes = 4;
// A longer record is taken for damage.
constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{256} << 20;

// CRC-32C (Castagnoli; RFC 3720 appendix B.4).
std::uint32_t Crc32c(std::string_view bytes);
// The same without the processor's instruction for it, some ten times slower: what Crc32c() is where there
// is none.
std::uint32_t Crc32cPortable(std::string_view bytes);
// As TFRecord stores it: rotated right by 15 bits plus 0xa282ead8.
std::uint32_t MaskedCrc32c(std::string_view bytes);

// The framed record.
std::string FrameRecord(std::string_view record);

// Numbers as they stand in the framing; `bytes` holds at least 4 or 8.
std::uint32_t LoadLittle32(std::string_view bytes);
std::uint64_t LoadLittle64(std::string_view bytes);

}  // namespace seam

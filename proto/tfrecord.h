#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seam {

// TFRecord framing, as TensorFlow, PyTorch's and DALI's readers know it (docs/shards.md draws the bytes):
//   uint64 length, uint32 masked CRC32C of those 8 bytes, `length` bytes, uint32 masked CRC32C of them; little-endian.

constexpr std::size_t kRecordHeaderBytes = 12;
constexpr std::size_t kRecordFooterBytes = 4;
// A longer record is taken for damage.
constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{256} << 20;

// CRC-32C (Castagnoli; RFC 3720 appendix B.4).
std::uint32_t Crc32c(std::string_view bytes);
// As TFRecord stores it: rotated right by 15 bits plus 0xa282ead8.
std::uint32_t MaskedCrc32c(std::string_view bytes);

// The framed record.
std::string FrameRecord(std::string_view record);

}  // namespace seam

#include "proto/tfrecord.h"

#include <bit>
#include <boost/crc.hpp>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace seam {
namespace {

static_assert(std::endian::native == std::endian::little,
              "the framing is little-endian and copied as it stands");

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t Crc32cSse42(std::string_view bytes) {
  std::uint64_t crc = 0xffffffff;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) crc = _mm_crc32_u64(crc, LoadLittle64(bytes));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (const char c : bytes) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(c));
  return ~narrow;
}
#endif

template <class Number>
void AppendLittle(Number number, std::string* bytes) {
  char raw[sizeof(number)];
  std::memcpy(raw, &number, sizeof(number));
  bytes->append(raw, sizeof(raw));
}

}  // namespace

std::uint32_t LoadLittle32(std::string_view bytes) {
  std::uint32_t number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

std::uint64_t LoadLittle64(std::string_view bytes) {
  std::uint64_t number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

std::uint32_t Crc32cPortable(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::uint32_t Crc32c(std::string_view bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return Crc32cSse42(bytes);
#endif
  return Crc32cPortable(bytes);
}

std::uint32_t MaskedCrc32c(std::string_view bytes) { return std::rotr(Crc32c(bytes), 15) + 0xa282ead8U; }

std::string FrameRecord(std::string_view record) {
  std::string framed;
  framed.reserve(kRecordHeaderBytes + record.size() + kRecordFooterBytes);
  AppendLittle(std::uint64_t{record.size()}, &framed);
  AppendLittle(MaskedCrc32c(framed), &framed);
  framed += record;
  AppendLittle(MaskedCrc32c(record), &framed);
  return framed;
}

}  // namespace seam

#include "proto/tfrecord.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace seam {
namespace {

std::string Counting(int first, int step) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(first + step * i);
  return bytes;
}

// RFC 3720, appendix B.4, which prints the bytes in the order of the wire.
TEST(Crc32cTest, MatchesTheVectorsOfRfc3720) {
  std::string command(48, '\0');
  command[0] = 0x01;
  command[1] = static_cast<char>(0xc0);
  command[16] = 0x14;
  command[22] = 0x04;
  command[27] = 0x14;
  command[31] = 0x18;
  command[32] = 0x28;
  command[40] = 0x02;
  for (const auto crc : {Crc32c, Crc32cPortable}) {
    EXPECT_EQ(crc(std::string(32, '\0')), 0x8a9136aaU);
    EXPECT_EQ(crc(std::string(32, '\xff')), 0x62a8ab43U);
    EXPECT_EQ(crc(Counting(0, 1)), 0x46dd794eU);
    EXPECT_EQ(crc(Counting(31, -1)), 0x113fdb5cU);
    EXPECT_EQ(crc(command), 0xd9963a56U);
  }
}

TEST(Crc32cTest, IsTheSameWithAndWithoutTheInstruction) {
  std::mt19937 random(7);
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(random());
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; length < 70; ++length) {
      const auto piece = std::string_view(bytes).substr(start, length);
      ASSERT_EQ(Crc32c(piece), Crc32cPortable(piece)) << start << " " << length;
    }
  }
  EXPECT_EQ(Crc32c(bytes), Crc32cPortable(bytes));
}

// Worked out with a bitwise CRC in another language.
TEST(FrameRecordTest, HasTheBytesOfTheFormat) {
  using std::string_literals::operator""s;
  EXPECT_EQ(FrameRecord("abc"), "\x03\0\0\0\0\0\0\0\xb0\x99\x49\x0e"s + "abc" + "\x6e\x57\xf1\x21"s);
  EXPECT_EQ(FrameRecord(""), "\0\0\0\0\0\0\0\0\x29\x03\x98\x07\xd8\xea\x82\xa2"s);
}

}  // namespace
}  // namespace seam

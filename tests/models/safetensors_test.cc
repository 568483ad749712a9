#include "models/weights/safetensors.h"

#include <cstring>
#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "models/weights/safetensors_header.h"
#include "tests/models/floats.h"
#include "tests/support/support.h"

namespace seam {
namespace {

// A file of a header and `data_bytes` zeros.
std::string MakeFile(const std::string& header, std::size_t data_bytes = 0) {
  const std::uint64_t length = header.size();
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + header + std::string(data_bytes, '\0');
}

class SafetensorsTest : public testing::Test {
 protected:
  // The error of reading `bytes`, without the file's name.
  std::string CatchError(const std::string& bytes) {
    WritePlainly(bytes);
    const std::string message = CatchMessage([&] { LoadSafetensors(path_); });
    const std::string subject = path_.string() + ": ";
    EXPECT_EQ(message.substr(0, message.empty() ? 0 : subject.size()), message.empty() ? "" : subject);
    return message.empty() ? "" : message.substr(subject.size());
  }

  Safetensors Read(const std::string& bytes) {
    WritePlainly(bytes);
    return LoadSafetensors(path_);
  }

  // Without WriteFile()'s sync.
  void WritePlainly(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  // Of a file with one tensor.
  std::string CatchTensorError(const std::string& entry, std::size_t data_bytes = 4) {
    return CatchError(MakeFile("{\"w\":" + entry + "}", data_bytes));
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "file.safetensors";
};

constexpr const char* kGoodEntry = R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})";

TEST_F(SafetensorsTest, EveryDtypeRoundTrips) {
  std::string bytes(2 * 3 * 8, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(37 * i);
  Safetensors contents;
  for (const auto& [name, dtype] : kSafetensorsDtypes) {
    const std::string& source = dtype == DType::kBool ? std::string("\0\1\1\0\0\1", 6) : bytes;
    contents.tensors[name] = CopyTensor(dtype, {3, 2}, source.substr(0, 6 * FindSize(dtype)));
    contents.tensors["scalar " + name] = CopyTensor(dtype, {}, source.substr(0, FindSize(dtype)));
    contents.tensors["empty " + name] = CopyTensor(dtype, {2, 0, 3}, "");
  }
  SaveSafetensors(path_, contents);
  const Safetensors read = LoadSafetensors(path_);
  ASSERT_EQ(read.tensors.size(), contents.tensors.size());
  for (const auto& [name, tensor] : contents.tensors) {
    const PlainTensor& other = read.tensors.at(name);
    EXPECT_EQ(other.dtype, tensor.dtype) << name;
    EXPECT_EQ(other.shape, tensor.shape) << name;
    EXPECT_EQ(other.bytes(), tensor.bytes()) << name;
  }
}

TEST_F(SafetensorsTest, BytesAreThoseOfTheFormat) {
  SaveSafetensors(path_, {{{"w", OfFloats({2}, {1, 2})}}, {{"k", "v"}}});
  const std::string header =
      R"({"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  EXPECT_EQ(ReadFile(path_), std::string("\x50\0\0\0\0\0\0\0", 8) + header + " " +
                                 std::string("\x00\x00\x80\x3f\x00\x00\x00\x40", 8));
}

TEST_F(SafetensorsTest, WrittenTensorsAreAligned) {
  Safetensors contents;
  for (const auto& [name, dtype] : kSafetensorsDtypes) {
    contents.tensors[name] = CopyTensor(dtype, {3}, std::string(3 * FindSize(dtype), '\0'));
  }
  SaveSafetensors(path_, contents);
  const auto header = ParseSafetensorsHeader(ReadFile(path_), "file");
  EXPECT_EQ(header.data_offset % 8, 0u);
  for (const auto& entry : header.tensors) EXPECT_EQ(entry.begin % FindSize(entry.dtype), 0u) << entry.name;
}

TEST_F(SafetensorsTest, NamesAndMetadataMayBeAnyText) {
  const std::string text = "quote \" backslash \\ line\nend \xc3\xa9 \x01";
  SaveSafetensors(path_, {{{text, OfFloats({1}, {1})}, {"", OfFloats({2}, {1, 1})}}, {{text, text}}});
  const Safetensors read = LoadSafetensors(path_);
  EXPECT_EQ(read.metadata.at(text), text);
  EXPECT_EQ(read.tensors.at(text).elements(), 1U);
  EXPECT_EQ(read.tensors.at("").elements(), 2U);
}

TEST_F(SafetensorsTest, MetadataThatIsNotUtf8IsStoredWithReplacements) {
  SaveSafetensors(path_, {{}, {{"path", "caf\xe9"}}});
  EXPECT_EQ(LoadSafetensors(path_).metadata.at("path"), "caf\xef\xbf\xbd");
}

TEST_F(SafetensorsTest, TheNameOfTheMetadataIsAnErrorAndLeavesNoFile) {
  EXPECT_EQ(CatchMessage([&] {
              SaveSafetensors(path_, {{{"__metadata__", OfFloats({1}, {0})}}, {}});
            }),
            path_.string() + ": tensor '__metadata__' cannot be stored: the name is taken");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SafetensorsTest, MissingFileIsAnError) {
  EXPECT_EQ(CatchMessage([&] { LoadSafetensors(path_); }),
            path_.string() + ": cannot be opened: No such file or directory");
}

TEST_F(SafetensorsTest, SmallestFilesLoad) {
  EXPECT_TRUE(Read(MakeFile("{}")).tensors.empty());
  EXPECT_TRUE(Read(MakeFile("{}      ")).tensors.empty());
  EXPECT_TRUE(Read(MakeFile(R"({"__metadata__":{}})")).metadata.empty());
  EXPECT_EQ(Read(MakeFile(R"({"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4))
                .tensors.at("w")
                .shape.size(),
            0U);
}

TEST_F(SafetensorsTest, TensorsMayStandInAnyOrderInTheHeader) {
  const auto read = Read(MakeFile(R"({"b":{"data_offsets":[1,3],"shape":[2],"dtype":"U8"},)"
                                  R"("none":{"dtype":"F64","shape":[0],"data_offsets":[1,1]},)"
                                  R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                                  3));
  EXPECT_EQ(read.tensors.size(), 3u);
}

TEST_F(SafetensorsTest, OtherKindsOfFilesAreSaidToBeOther) {
  for (const std::string& bytes :
       {std::string(), std::string("{}"), std::string("Not a checkpoint at all.\n"), std::string(8, '\0'),
        std::string("\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1", 16), std::string("\x89HDF\r\n\x1a\n\0\0\0", 11),
        MakeFile(" {}"), MakeFile("[]")}) {
    EXPECT_EQ(CatchError(bytes), "is not a safetensors file") << bytes;
  }
  EXPECT_EQ(CatchHint([&] { LoadSafetensors(path_); }), "name a .safetensors file that `seam train` wrote");
}

TEST_F(SafetensorsTest, PicklesAreNamedAsWhatTheyAre) {
  const std::string wanted = "is a PyTorch file, not a safetensors file";
  EXPECT_EQ(CatchError(std::string("PK\x03\x04\0\0\x08\x08\0\0\0\0", 12)), wanted);
  EXPECT_EQ(CatchError("\x80\x02\x8a\nl\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), wanted);
  EXPECT_EQ(CatchHint([&] { LoadSafetensors(path_); }),
            "`seam models import` makes a checkpoint of it, and runs none of its code");
  // A header of 0x280 bytes begins with a pickle's bytes.
  EXPECT_TRUE(Read(MakeFile("{}" + std::string(0x27e, ' '))).tensors.empty());
}

TEST_F(SafetensorsTest, HeaderLengthBeyondTheFileOrTheLimitIsAnError) {
  const auto with_length = [](std::uint64_t length) {
    std::string file = MakeFile("{}");
    std::memcpy(file.data(), &length, 8);
    return file;
  };
  EXPECT_EQ(CatchError(with_length(3)),
            "damaged safetensors file: a header of 3 bytes in a file of 10; it is cut off");
  EXPECT_EQ(CatchError(with_length(100'000'001)),
            "damaged safetensors file: a header of 100000001 bytes, more than the 100000000 allowed");
  EXPECT_EQ(
      CatchError(with_length(~std::uint64_t{0})),
      "damaged safetensors file: a header of 18446744073709551615 bytes, more than the 100000000 allowed");
  EXPECT_EQ(CatchHint([&] { LoadSafetensors(path_); }), "fetch or write the file again");
}

TEST_F(SafetensorsTest, HeaderThatIsNotJsonIsAnError) {
  EXPECT_EQ(CatchError(MakeFile("{")), "damaged safetensors file: the header is not JSON, at byte 9");
  EXPECT_EQ(CatchError(MakeFile("{} {}")), "damaged safetensors file: the header is not JSON, at byte 11");
  EXPECT_EQ(CatchError(MakeFile("{\"\xff\":1}")),
            "damaged safetensors file: the header is not JSON, at byte 10");
  EXPECT_EQ(CatchError(MakeFile("{// comment\n}")),
            "damaged safetensors file: the header is not JSON, at byte 9");
  EXPECT_EQ(CatchError(MakeFile(std::string("{}\0{", 4))),
            "damaged safetensors file: the header is not JSON, at byte 10");
}

TEST_F(SafetensorsTest, WhatTheFormatDoesNotHaveIsAnError) {
  const auto error = [](const std::string& what) { return "damaged safetensors file: " + what; };
  EXPECT_EQ(CatchError(MakeFile(R"({"__metadata__":{"a":1}})")),
            error("'a' of __metadata__ is a number, not a string"));
  EXPECT_EQ(CatchError(MakeFile(R"({"__metadata__":{"a":{}}})")),
            error("'a' of __metadata__ is an object, not a string"));
  EXPECT_EQ(CatchError(MakeFile(R"({"__metadata__":[]})")),
            error("the entry '__metadata__' is an array, not an object"));
  EXPECT_EQ(CatchError(MakeFile(R"({"w":null})")), error("the entry 'w' is null, not an object"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":4,"shape":[1],"data_offsets":[0,4]})"),
            error("tensor 'w' has a number where its dtype should be"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":"1","data_offsets":[0,4]})"),
            error("tensor 'w' has a string where its shape should be"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})"),
            error("tensor 'w' has a negative number where its shape should be"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,4]})"),
            error("tensor 'w' has a fraction or a huge number where its shape should be"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[[1]],"data_offsets":[0,4]})"),
            error("tensor 'w' has an array where its shape should be"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[true],"data_offsets":[0,4]})"),
            error("tensor 'w' has true or false where its shape should be"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[1],"data_offsets":[0]})"),
            error("tensor 'w' has fewer than two data_offsets"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,4]})"),
            error("tensor 'w' has more than two data_offsets"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[1]})"), error("tensor 'w' has no data_offsets"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1})"),
            error("tensor 'w' has the unknown field 'x'"));
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,4]})"),
            error("tensor 'w' has the unknown dtype 'F8_E4M3'"));
}

TEST_F(SafetensorsTest, KeyThatStandsTwiceIsAnError) {
  const std::string entry = kGoodEntry;
  EXPECT_EQ(CatchError(MakeFile("{\"w\":" + entry + ",\"w\":" + entry + "}", 4)),
            "damaged safetensors file: the name 'w' stands twice");
  EXPECT_EQ(CatchError(MakeFile("{\"w\":" + entry + ",\"\\u0077\":" + entry + "}", 4)),
            "damaged safetensors file: the name 'w' stands twice");
  EXPECT_EQ(CatchError(MakeFile(R"({"__metadata__":{},"__metadata__":{}})")),
            "damaged safetensors file: the name '__metadata__' stands twice");
  EXPECT_EQ(CatchError(MakeFile(R"({"__metadata__":{"a":"1","a":"2"}})")),
            "damaged safetensors file: the key 'a' stands twice in __metadata__");
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]})"),
            "damaged safetensors file: tensor 'w' has dtype twice");
}

TEST_F(SafetensorsTest, OffsetsThatDoNotFitTheTensorAreAnError) {
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})"),
            "damaged safetensors file: tensor 'w' takes 8 bytes by dtype and shape, but its data_offsets are "
            "0 to 4");
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})"),
            "damaged safetensors file: tensor 'w' takes 4 bytes by dtype and shape, but its data_offsets are "
            "4 to 0");
}

TEST_F(SafetensorsTest, TensorsThatOverlapLeaveHolesOrMissTheEndAreAnError) {
  const auto two = [](int begin, int end, int shape) {
    return MakeFile(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[)" +
                        std::to_string(shape) + "],\"data_offsets\":[" + std::to_string(begin) + "," +
                        std::to_string(end) + "]}}",
                    8);
  };
  EXPECT_EQ(CatchError(two(4, 8, 4)), "");
  EXPECT_EQ(CatchError(two(3, 8, 5)),
            "damaged safetensors file: tensor 'b' begins at 3, inside the bytes before it, which end at 4");
  EXPECT_EQ(
      CatchError(two(5, 8, 3)),
      "damaged safetensors file: tensor 'b' begins at 5, not after the bytes before it, which end at 4");
  EXPECT_EQ(CatchError(two(4, 7, 3)),
            "damaged safetensors file: its tensors take 7 bytes, but 8 bytes of data are there");
  EXPECT_EQ(
      CatchError(two(4, 9, 5)),
      "damaged safetensors file: its tensors take 9 bytes, but 8 bytes of data are there; it is cut off");
  EXPECT_EQ(CatchError(MakeFile("{}", 1)),
            "damaged safetensors file: its tensors take 0 bytes, but 1 bytes of data are there");
}

TEST_F(SafetensorsTest, ShapeWhoseProductOverflowsIsAnError) {
  const std::string error = "damaged safetensors file: the shape of tensor 'w' is too large";
  for (const std::string shape : {"4611686018427387904,4", "9223372036854775807,9223372036854775807,0",
                                  "18446744073709551615", "9223372036854775807"}) {
    EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[)" + shape + R"(],"data_offsets":[0,0]})", 0),
              error)
        << shape;
  }
  EXPECT_EQ(CatchTensorError(R"({"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,0]})"),
            "damaged safetensors file: tensor 'w' has a fraction or a huge number where its shape should be");
}

TEST_F(SafetensorsTest, MoreDimensionsThanLibTorchCountsAreAnError) {
  const auto entry = [](int dimensions) {
    std::string shape = "1";
    for (int i = 1; i < dimensions; ++i) shape += ",1";
    return "{\"dtype\":\"F32\",\"shape\":[" + shape + "],\"data_offsets\":[0,4]}";
  };
  EXPECT_EQ(CatchTensorError(entry(64)), "");
  EXPECT_EQ(CatchTensorError(entry(65)), "damaged safetensors file: tensor 'w' has more than 64 dimensions");
}

TEST_F(SafetensorsTest, NestingEndsAtOnceHoweverDeep) {
  EXPECT_EQ(CatchTensorError("{\"dtype\":\"F32\",\"shape\":" + std::string(1'000'000, '[')),
            "damaged safetensors file: tensor 'w' has an array where its shape should be");
}

TEST_F(SafetensorsTest, TooManyTensorsAreAnError) {
  std::string header = "{";
  for (std::size_t i = 0; i <= kMaxTensors; ++i) {
    if (i > 0) header += ",";
    header += "\"" + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  }
  EXPECT_EQ(CatchError(MakeFile(header + "}")), "damaged safetensors file: more than 100000 tensors");
}

TEST_F(SafetensorsTest, BoolThatIsNeitherZeroNorOneIsAnError) {
  std::string file = MakeFile(R"({"w":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}})", 2);
  file.back() = 1;
  EXPECT_EQ(CatchError(file), "");
  file.back() = 2;
  EXPECT_EQ(CatchError(file), "damaged safetensors file: tensor 'w' of BOOL holds bytes other than 0 and 1");
}

TEST_F(SafetensorsTest, LongNamesAreCutInMessages) {
  std::string name;
  for (int i = 0; i < 1000; ++i) name += "\xc3\xa9";
  const std::string error = CatchError(MakeFile("{\"" + name + "\":1}"));
  EXPECT_EQ(error,
            "damaged safetensors file: the entry '" + name.substr(0, 80) + "...' is a number, not an object");
}

class SafetensorsFuzzTest : public SafetensorsTest {
 protected:
  void SetUp() override {
    SaveSafetensors(path_, {{{"a", OfFloats({3}, {0, 1, 2})},
                             {"b", CopyTensor(DType::kBool, {2, 2}, "\1\1\1\1")},
                             {"c", CopyTensor(DType::kInt16, {}, "ab")}},
                            {{"key", "value"}}});
    whole_ = ReadFile(path_);
  }

  // Loads the file, or meets a seam::Error: anything else fails the test or the sanitizer.
  void Survive() {
    try {
      for (const auto& [name, tensor] : LoadSafetensors(path_).tensors) {
        loaded_ += 1;
        EXPECT_LE(tensor.bytes().size(), whole_.size());
      }
    } catch (const Error& error) {
      refused_ += 1;
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }

  // Survive() with one byte of the file another.
  void SurviveByte(std::size_t position, char byte) {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(position)).put(byte).flush();
    Survive();
    file.seekp(static_cast<std::streamoff>(position)).put(whole_[position]);
  }

  std::string whole_;
  int loaded_ = 0, refused_ = 0;
};

TEST_F(SafetensorsFuzzTest, EveryFlippedBitLoadsOrIsAnError) {
  for (std::size_t i = 0; i < whole_.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) SurviveByte(i, static_cast<char>(whole_[i] ^ (1 << bit)));
  }
  EXPECT_GT(loaded_, 0);
  EXPECT_GT(refused_, 0);
}

TEST_F(SafetensorsFuzzTest, EveryTruncationIsAnError) {
  for (std::size_t length = whole_.size(); length-- > 0;) {
    std::filesystem::resize_file(path_, length);
    Survive();
  }
  EXPECT_EQ(loaded_, 0);
  EXPECT_EQ(refused_, static_cast<int>(whole_.size()));
}

TEST_F(SafetensorsFuzzTest, EveryCharacterOfTheHeaderReplacedLoadsOrIsAnError) {
  const std::size_t end = ParseSafetensorsHeader(whole_, "file").data_offset;
  for (std::size_t i = 8; i < end; ++i) {
    for (const char c : std::string("0129-.e\"\\{}[],: \0\xff\n", 19)) SurviveByte(i, c);
  }
  EXPECT_GT(refused_, 0);
}

}  // namespace
}  // namespace seam

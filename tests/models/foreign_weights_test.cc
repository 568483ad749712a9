#include "models/weights/foreign_weights.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "models/weights/safetensors.h"
#include "tests/models/floats.h"
#include "tests/support/support.h"

namespace seam {
namespace {

class ForeignWeightsTest : public testing::Test {
 protected:
  // The list of flattened weights beside four numbers.
  ForeignWeights Flattened(const std::string& index) {
    const std::vector<float> numbers = {1, 2, 3, 4};
    WriteFile(folder_ / "a.f32", {reinterpret_cast<const char*>(numbers.data()), 16});
    WriteFile(folder_ / "a.json", index);
    return LoadForeignWeights(folder_ / "a.json");
  }
  std::string FlattenedError(const std::string& index) {
    const std::string message = CatchMessage([&] { Flattened(index); });
    const std::string subject = (folder_ / "a.json").string() + ": bad list of flattened weights: ";
    return message.starts_with(subject) ? message.substr(subject.size()) : message;
  }
  static std::string Entry(const std::string& name, const std::string& shape, const std::string& offset) {
    return R"({"name":")" + name + R"(","shape":)" + shape + R"(,"offset_floats":)" + offset + "}";
  }
  static std::string List(const std::string& entries) { return R"({"tensors":[)" + entries + "]}"; }

  ForeignWeights Named(const std::vector<std::string>& names) {
    Safetensors contents;
    for (const auto& name : names) contents.tensors[name] = CopyTensor(DType::kBool, {1}, "\1");
    SaveSafetensors(folder_ / "a.safetensors", contents);
    auto weights = LoadForeignWeights(folder_ / "a.safetensors");
    weights.tensors = WithoutPrefix(std::move(weights.tensors));
    return weights;
  }
  static std::vector<std::string> ListNames(const ForeignWeights& weights) {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : weights.tensors) names.push_back(name);
    return names;
  }

  TemporaryFolder folder_;
};

TEST_F(ForeignWeightsTest, FlattenedWeightsAreReadByEitherName) {
  const std::string index = List(Entry("w", "[1,2]", "0") + "," + Entry("b", "[2]", "2"));
  EXPECT_EQ(Flattened(index).format, "flattened");
  const auto weights = LoadForeignWeights(folder_ / "a.f32");
  EXPECT_EQ(weights.tensors.at("w").shape, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(ToFloats(weights.tensors.at("w")), (std::vector<float>{1, 2}));
  EXPECT_EQ(weights.tensors.at("b").shape, (std::vector<std::int64_t>{2}));
  EXPECT_EQ(ToFloats(weights.tensors.at("b")), (std::vector<float>{3, 4}));
}

TEST_F(ForeignWeightsTest, DamagedListsAreErrors) {
  EXPECT_EQ(FlattenedError("{"), "no `tensors`");
  EXPECT_EQ(FlattenedError("[]"), "no `tensors`");
  EXPECT_EQ(FlattenedError(R"({"tensors":3})"), "no `tensors`");
  EXPECT_EQ(FlattenedError(List("3")), "a tensor has no name");
  EXPECT_EQ(FlattenedError(List(R"({"name":"w"})")), "a tensor has no shape");
  EXPECT_EQ(FlattenedError(List(R"({"name":"w","shape":[2]})")), "a tensor has no place");
  EXPECT_EQ(FlattenedError(List(Entry("w", "[0]", "0"))), "a tensor is empty");
  EXPECT_EQ(FlattenedError(List(Entry("w", "[2]", "3"))), "a number is missing or out of bounds");
  EXPECT_EQ(FlattenedError(List(Entry("w", "[2,-1]", "0"))), "a number is missing or out of bounds");
  EXPECT_EQ(FlattenedError(List(Entry("w", "[4294967296,4294967296]", "0"))),
            "a number is missing or out of bounds");
  EXPECT_EQ(FlattenedError(List(Entry("w", "[4]", "0") + "," + Entry("b", "[1]", "0"))),
            "its tensors overlap");
  EXPECT_EQ(FlattenedError(List(Entry("w", "[1]", "0") + "," + Entry("w", "[1]", "1"))), "'w' stands twice");
  EXPECT_EQ(FlattenedError(std::string(100'000, '[')), "no `tensors`");
}

TEST_F(ForeignWeightsTest, OtherFilesAreRefusedWithAListOfFormats) {
  WriteFile(folder_ / "a.ckpt", "\1\2\3\4");
  EXPECT_EQ(CatchMessage([&] { LoadForeignWeights(folder_ / "a.ckpt"); }),
            (folder_ / "a.ckpt").string() + ": is of no format that weights are read from");
  EXPECT_EQ(CatchHint([&] { LoadForeignWeights(folder_ / "a.ckpt"); }),
            "Keras HDF5, PyTorch (.pth, .pt, .pth.tar, .pkl), .safetensors, or .json beside .f32");
}

TEST_F(ForeignWeightsTest, WhatIsNoFileOfWeightsIsToldAsWhatItIs) {
  const std::pair<std::string, std::string> files[] = {
      {"", "is empty"},
      {std::string(2000, '\0'), "begins with nothing but zeros"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 99\n",
       "is a Git LFS pointer, not the weights themselves"},
      {"\n <!DOCTYPE html><html><head><title>Sign in</title>", "is a web page, not weights"},
      {"<HTML>", "is a web page, not weights"},
      {"404: Not Found", "is text, not weights: it begins with '404: Not Found'"},
      {std::string("\x1f\x8b\x08\0", 4), "is packed by gzip"},
      {std::string("\x08\x07\x12\x07pytorch:", 12), "is an ONNX file, which Seam writes but does not read"},
      {"PK\3\4......config.json.....model.weights.h5", "is a Keras 3 archive (.keras)"},
      {"PK\3\4......readme.md", "is a zip archive, but none of torch.save()'s"},
      {"\x93NUMPY\1", "is a NumPy array"}};
  for (const auto& [bytes, is] : files) {
    for (const char* name : {"a.pth", "a.safetensors", "a.h5"}) {
      WriteFile(folder_ / name, bytes);
      EXPECT_EQ(CatchMessage([&] { LoadForeignWeights(folder_ / name); }),
                (folder_ / name).string() + ": " + is);
    }
  }
}

// The length of a header may begin as a pickle (0x80) or as gzip does (0x1f 0x8b).
TEST_F(ForeignWeightsTest, SafetensorsOfAnyHeaderLengthAreRead) {
  for (const std::size_t length : {0x80U, 0x280U, 0x8b1fU, 0x5a42U}) {
    std::string header = R"({"w":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})";
    header.resize(length, ' ');
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(length & 0xff);
    bytes[1] = static_cast<char>(length >> 8);
    WriteFile(folder_ / "a.safetensors", bytes + header + "\1");
    EXPECT_EQ(LoadForeignWeights(folder_ / "a.safetensors").tensors.size(), 1U) << length;
  }
}

TEST_F(ForeignWeightsTest, WrappersPrefixesAreTakenOff) {
  EXPECT_EQ(ListNames(Named({"module.model.a", "module.model.b"})), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(ListNames(Named({"_orig_mod.a"})), (std::vector<std::string>{"a"}));
  EXPECT_EQ(ListNames(Named({"model.a", "other.b"})), (std::vector<std::string>{"model.a", "other.b"}));
}

// The length of the header comes first: 128 is the byte that a pickle begins with.
TEST_F(ForeignWeightsTest, SafetensorsWithAHeaderOf128BytesIsNoPickle) {
  EXPECT_EQ(ListNames(Named({"a12345678", "b12345678"})),
            (std::vector<std::string>{"a12345678", "b12345678"}));
  EXPECT_EQ(ReadFile(folder_ / "a.safetensors")[0], '\x80');
}

TEST_F(ForeignWeightsTest, AClassifierBesideAnEncoderKeepsItsName) {
  std::vector<std::string> names = {"fc.weight"}, expected = {"fc.weight"};
  for (int i = 10; i < 30; ++i) {
    names.push_back("encoder.conv" + std::to_string(i));
    expected.insert(expected.end() - 1, "conv" + std::to_string(i));
  }
  EXPECT_EQ(ListNames(Named(names)), expected);
  // Two names must not become one.
  names.push_back("encoder.fc.weight");
  EXPECT_EQ(Named(names).tensors.count("encoder.fc.weight"), 1U);
}

}  // namespace
}  // namespace seam

#include "models/torch/tensors.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <torch/utils.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "models/weights/safetensors_header.h"
#include "tests/support/support.h"

namespace seam {
namespace {

class TensorsTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "file.safetensors";
};

TEST_F(TensorsTest, EveryTypeRoundTrips) {
  TensorFile contents;
  for (const auto& [name, dtype] : kSafetensorsDtypes) {
    const auto type = ToScalarType(dtype);
    EXPECT_EQ(ToDType(type), dtype) << name;
    EXPECT_EQ(FindSize(dtype), c10::elementSize(type)) << name;
    contents.tensors[name] = torch::randint(0, 2, {3, 5}, torch::kInt).to(type);
    contents.tensors["scalar " + name] = torch::ones({}, type);
    contents.tensors["empty " + name] = torch::empty({2, 0, 3}, type);
  }
  contents.tensors["F32"] = torch::tensor({1.5f, -0.0f, std::numeric_limits<float>::infinity(), 1e-42f});
  contents.tensors["I64"] = torch::tensor({std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}});
  contents.tensors["U8"] = torch::arange(256, torch::kByte);
  SaveTensors(path_, contents);
  const TensorFile read = LoadTensors(path_);
  ASSERT_EQ(read.tensors.size(), contents.tensors.size());
  for (const auto& [name, tensor] : contents.tensors) {
    const auto& other = read.tensors.at(name);
    EXPECT_EQ(other.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(other.sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(torch::equal(other, tensor)) << name;
  }
}

TEST_F(TensorsTest, EqualNumbersGiveEqualBytesWhateverTheLayoutInMemory) {
  const auto tensor = torch::arange(24, torch::kFloat).view({2, 3, 2, 2});
  SaveTensors(path_, {{{"w", tensor}}, {{"k", "v"}}});
  const std::string bytes = ReadFile(path_);
  SaveTensors(path_, {{{"w", tensor.contiguous(torch::MemoryFormat::ChannelsLast)}}, {{"k", "v"}}});
  EXPECT_EQ(ReadFile(path_), bytes);
  SaveTensors(path_, {{{"w", torch::cat({tensor, tensor}).slice(0, 2, 4)}}, {{"k", "v"}}});
  EXPECT_EQ(ReadFile(path_), bytes);
}

TEST_F(TensorsTest, TensorThatTheFormatCannotHoldIsAnErrorAndLeavesNoFile) {
  const auto act = [&](const std::string& name, const torch::Tensor& tensor) {
    return CatchMessage([&] { SaveTensors(path_, {{{name, tensor}}, {}}); });
  };
  EXPECT_EQ(act("z", torch::zeros({1}, torch::kComplexFloat)),
            path_.string() + ": tensor 'z' cannot be stored: its dtype has no name");
  EXPECT_EQ(act("none", torch::Tensor()),
            path_.string() + ": tensor 'none' cannot be stored: its dtype has no name");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// Whoever changes what came out of a file must not change it for another tensor of the same storage.
TEST_F(TensorsTest, TensorsHaveMemoryOfTheirOwn) {
  const PlainTensor plain = CopyTensor(DType::kUint8, {2}, "ab");
  ToTorch(plain).zero_();
  EXPECT_EQ(plain.bytes(), "ab");
}

TEST_F(TensorsTest, EveryNumberOfHalfPrecisionIsThatOfLibTorch) {
  const auto halves = torch::empty({1 << 16}, torch::kHalf),
             brains = torch::empty({1 << 16}, torch::kBFloat16);
  for (int bits = 0; bits < 1 << 16; ++bits) {
    static_cast<std::uint16_t*>(halves.data_ptr())[bits] = static_cast<std::uint16_t>(bits);
    static_cast<std::uint16_t*>(brains.data_ptr())[bits] = static_cast<std::uint16_t>(bits);
  }
  const auto half_floats = halves.to(torch::kFloat), brain_floats = brains.to(torch::kFloat);
  const auto same = [](float ours, float theirs) {
    return std::isnan(theirs) ? std::isnan(ours) : std::memcmp(&ours, &theirs, sizeof ours) == 0;
  };
  for (int bits = 0; bits < 1 << 16; ++bits) {
    const auto code = static_cast<std::uint16_t>(bits);
    ASSERT_TRUE(same(FromFloat16(code), half_floats.data_ptr<float>()[bits])) << bits;
    ASSERT_TRUE(same(FromBfloat16(code), brain_floats.data_ptr<float>()[bits])) << bits;
  }
}

}  // namespace
}  // namespace seam

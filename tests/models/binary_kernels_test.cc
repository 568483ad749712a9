#include "models/networks/binary_kernels.h"

#include <torch/nn/functional/activation.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace seam {
namespace {

struct Case {
  int side, in, out, kernel, stride;
  bool zeros = false, fractions = false;
};

void PrintTo(const Case& c, std::ostream* stream) {
  *stream << c.side << "x" << c.side << "x" << c.in << " to " << c.out << ", " << c.kernel << "/" << c.stride
          << (c.zeros ? ", zeros" : "") << (c.fractions ? ", fractions" : "");
}

std::vector<float> Numbers(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.contiguous();
  return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
}

class BinaryConvolutionTest : public testing::TestWithParam<Case> {};

// With factors of 1 the sums themselves, which are whole numbers, are what is compared.
TEST_P(BinaryConvolutionTest, EveryKernelGivesTheBitsOfAConvolutionOfFloats) {
  const Case& c = GetParam();
  torch::manual_seed(1);
  const int batch = 2, pad = c.kernel / 2;
  torch::Tensor maps = torch::randn({batch, c.in, c.side, c.side});
  const torch::Tensor bias = torch::randn({c.in});
  if (c.zeros) maps = torch::where(torch::rand_like(maps) < 0.01, -bias.view({1, -1, 1, 1}), maps);
  torch::Tensor weight = torch::randn({c.out, c.in, c.kernel, c.kernel}).sign();
  if (c.fractions)
    weight = torch::where(torch::rand_like(weight) < 0.001, torch::full_like(weight, 0.25), weight);
  const torch::Tensor signs = (maps + bias.view({1, -1, 1, 1})).sign();
  const torch::Tensor sums = torch::conv2d(signs, weight, {}, c.stride, pad);
  const torch::Tensor factors = torch::rand({c.out}) + 0.5, shift = torch::randn({c.out}) * 5,
                      slopes = torch::rand({c.out});
  const torch::Tensor shifted = sums * factors.view({1, -1, 1, 1}) + shift.view({1, -1, 1, 1});
  const torch::Tensor expected = torch::where(shifted < 0, shifted * slopes.view({1, -1, 1, 1}), shifted);

  FoldedStep step;
  step.op = Op::kBinaryConv;
  step.conv = {
      .channels = c.out, .kernel = c.kernel, .stride = c.stride, .pad_before = pad, .pad_after = pad};
  step.shape = {
      .channels = c.out, .height = static_cast<int>(sums.size(2)), .width = static_cast<int>(sums.size(3))};
  step.weight = Numbers(weight);
  const Shape from = {.channels = c.in, .height = c.side, .width = c.side};
  ASSERT_TRUE(BinaryConvolution::Fits(step, from));
  const std::vector<float> given = Numbers(maps.permute({0, 2, 3, 1})), summands = Numbers(bias);
  ASSERT_FALSE(BinaryKernels().empty());
  for (const BinaryKernel kernel : BinaryKernels()) {
    SCOPED_TRACE(GetName(kernel));
    const auto run = [&](const FoldedStep& with) {
      const BinaryConvolution convolution(with, from, batch, kernel);
      // What lay there before must not matter.
      std::vector<std::uint64_t> packed(convolution.signs().bytes() / sizeof(std::uint64_t),
                                        0x5555555555555555U);
      convolution.signs().Pack(given.data(), summands.data(), kernel, packed.data());
      torch::Tensor found = torch::full({batch, sums.size(2), sums.size(3), c.out}, -99.0F);
      convolution.Run(packed.data(), found.data_ptr<float>());
      return found.permute({0, 3, 1, 2});
    };
    EXPECT_TRUE(torch::equal(run(step), sums));
    FoldedStep finished = step;
    finished.factors = Numbers(factors);
    finished.bias = Numbers(shift);
    finished.slopes = Numbers(slopes);
    EXPECT_TRUE(torch::equal(run(finished), expected));
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, BinaryConvolutionTest,
                         testing::Values(Case{14, 32, 48, 3, 1}, Case{16, 48, 16, 3, 2},
                                         Case{7, 768, 32, 3, 1}, Case{9, 96, 64, 1, 1},
                                         Case{2, 128, 16, 3, 1}, Case{1, 64, 16, 3, 1},
                                         Case{8, 1536, 16, 1, 1}, Case{15, 64, 32, 3, 2},
                                         Case{10, 80, 32, 3, 1, true}, Case{10, 48, 32, 3, 2, true},
                                         Case{9, 64, 32, 3, 1, false, true},
                                         Case{8, 64, 32, 1, 1, true, true}));

TEST(BinaryConvolutionTest, ManyWeightsBetweenSignsAreLeftToFloats) {
  FoldedStep step;
  step.op = Op::kBinaryConv;
  step.conv = {.channels = 16};
  step.shape = {.channels = 16, .height = 4, .width = 4};
  step.weight.assign(16 * 16, 0.5F);
  const Shape from = {.channels = 16, .height = 4, .width = 4};
  EXPECT_FALSE(BinaryConvolution::Fits(step, from));
  step.weight.assign(16 * 16, -1);
  EXPECT_TRUE(BinaryConvolution::Fits(step, from));
  step.conv.groups = 2;
  EXPECT_FALSE(BinaryConvolution::Fits(step, from));
}

}  // namespace
}  // namespace seam

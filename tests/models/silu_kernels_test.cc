#include "models/networks/silu_kernels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace seam {
namespace {

struct alignas(64) Line {
  float values[16];
};

// Numbers that begin where a cache line does.
class Map {
 public:
  explicit Map(std::int64_t numbers) : lines_(static_cast<std::size_t>(numbers + 15) / 16) {}
  float* data() { return lines_.front().values; }
  const float* data() const { return lines_.front().values; }

 private:
  std::vector<Line> lines_;
};

FoldedStep SiluStep(const Shape& from, int out, int kernel, int stride, int groups, std::mt19937* random) {
  FoldedStep step;
  step.op = Op::kConv;
  step.inputs = {0};
  step.activation = Activation::kSilu;
  step.conv = {out, kernel, stride, 1, groups, (kernel - 1) / 2, kernel / 2, true};
  const auto side = [&](int length) { return (length + 2 * (kernel / 2) - kernel) / stride + 1; };
  step.shape = {out, side(from.height), side(from.width), 0};
  std::normal_distribution<float> normal(0, 1);
  step.weight.resize(static_cast<std::size_t>(out * (from.channels / groups) * kernel * kernel));
  for (float& each : step.weight) each = normal(*random);
  step.bias.resize(static_cast<std::size_t>(out));
  for (float& each : step.bias) each = normal(*random);
  return step;
}

double Silu(double x) { return x / (1 + std::exp(-x)); }

// One by one, in double precision.
double Expected(const FoldedStep& step, const Shape& from, const float* map, int y, int x, int channel) {
  const int in = from.channels / step.conv.groups, kernel = step.conv.kernel,
            first = channel / (step.shape.channels / step.conv.groups) * in;
  double sum = step.bias[static_cast<std::size_t>(channel)];
  for (int c = 0; c < in; ++c) {
    for (int ky = 0; ky < kernel; ++ky) {
      for (int kx = 0; kx < kernel; ++kx) {
        const int row = y * step.conv.stride + ky - step.conv.pad_before,
                  column = x * step.conv.stride + kx - step.conv.pad_before;
        if (row < 0 || column < 0 || row >= from.height || column >= from.width) continue;
        sum += static_cast<double>(
                   step.weight[static_cast<std::size_t>(((channel * in + c) * kernel + ky) * kernel + kx)]) *
               static_cast<double>(map[(row * from.width + column) * from.channels + first + c]);
      }
    }
  }
  return Silu(sum);
}

void ExpectRight(const Shape& from, int out, int kernel, int stride, int groups) {
  SCOPED_TRACE(testing::Message() << from.channels << "x" << from.height << "x" << from.width << " to " << out
                                  << " by " << kernel << " steps of " << stride);
  std::mt19937 random(7);
  const FoldedStep step = SiluStep(from, out, kernel, stride, groups, &random);
  constexpr int kBatch = 2;
  Map source(kBatch * from.numbers()), target(kBatch * step.shape.numbers());
  std::normal_distribution<float> normal(0, 2);
  for (std::int64_t i = 0; i < kBatch * from.numbers(); ++i) source.data()[i] = normal(random);
  ASSERT_TRUE(SiluConvolution::Fits(step, from));
  SiluConvolution(step, from, kBatch).Run(source.data(), target.data());
  double worst = 0;
  const float* found = target.data();
  for (int i = 0; i < kBatch; ++i) {
    for (int y = 0; y < step.shape.height; ++y) {
      for (int x = 0; x < step.shape.width; ++x) {
        for (int c = 0; c < out; ++c) {
          const double wanted = Expected(step, from, source.data() + i * from.numbers(), y, x, c);
          worst = std::max(worst, std::abs(static_cast<double>(*found++) - wanted));
        }
      }
    }
  }
  EXPECT_LT(worst, 3e-5);
}

bool HasKernels() {
  std::mt19937 random(1);
  const Shape from = {16, 8, 8, 0};
  return SiluConvolution::Fits(SiluStep(from, 16, 1, 1, 1, &random), from);
}

TEST(SiluKernelsTest, PixelsOfAnyNumberAndWidth) {
  if (!HasKernels()) GTEST_SKIP() << "this processor has no AVX-512";
  for (const int out : {16, 32, 48, 64, 80, 96, 144}) {
    for (const int height : {3, 7, 13}) ExpectRight({24, height, height + 1, 0}, out, 1, 1, 1);
  }
}

TEST(SiluKernelsTest, ChannelsByThemselvesUpToEveryEdge) {
  if (!HasKernels()) GTEST_SKIP() << "this processor has no AVX-512";
  for (const int kernel : {3, 5}) {
    for (const int width : {4, 5, 7, 14, 19}) ExpectRight({32, 6, width, 0}, 32, kernel, 1, 32);
    for (const int width : {7, 8, 14, 23}) ExpectRight({16, 9, width, 0}, 16, kernel, 2, 16);
  }
}

TEST(SiluKernelsTest, FarFromZeroToo) {
  if (!HasKernels()) GTEST_SKIP() << "this processor has no AVX-512";
  const Shape from = {1, 4, 4, 0};
  std::mt19937 random(1);
  FoldedStep step = SiluStep(from, 16, 1, 1, 1, &random);
  step.weight.assign(16, 1);
  step.bias.assign(16, 0);
  const std::vector<float> values = {-1e30F,
                                     -1000,
                                     -88,
                                     -87,
                                     -20,
                                     -3,
                                     -1e-3F,
                                     0,
                                     1e-3F,
                                     1,
                                     5,
                                     40,
                                     1000,
                                     1e30F,
                                     std::numeric_limits<float>::infinity(),
                                     std::numeric_limits<float>::quiet_NaN()};
  Map source(16), target(16 * 16);
  std::copy(values.begin(), values.end(), source.data());
  SiluConvolution(step, from, 1).Run(source.data(), target.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    SCOPED_TRACE(values[i]);
    const auto found = static_cast<double>(target.data()[16 * i]), x = static_cast<double>(values[i]);
    if (std::isnan(x)) {
      EXPECT_TRUE(std::isnan(found));
    } else if (std::isinf(x)) {
      EXPECT_EQ(found, x);
    } else if (x > -80) {
      EXPECT_NEAR(found, Silu(x), 3e-7 * std::abs(Silu(x)));
    } else {
      EXPECT_NEAR(found, 0, 1e-6);
    }
  }
}

TEST(SiluKernelsTest, OtherStepsAreLeftToOneDnn) {
  std::mt19937 random(1);
  const Shape from = {16, 8, 8, 0};
  FoldedStep relu = SiluStep(from, 16, 1, 1, 1, &random);
  relu.activation = Activation::kRelu;
  EXPECT_FALSE(SiluConvolution::Fits(relu, from));
  FoldedStep sum = SiluStep(from, 16, 1, 1, 1, &random);
  sum.inputs = {0, 0};
  EXPECT_FALSE(SiluConvolution::Fits(sum, from));
  EXPECT_FALSE(SiluConvolution::Fits(SiluStep(from, 20, 1, 1, 1, &random), from));
  EXPECT_FALSE(SiluConvolution::Fits(SiluStep(from, 32, 3, 1, 1, &random), from));
  EXPECT_FALSE(SiluConvolution::Fits(SiluStep({16, 1, 1, 0}, 16, 1, 1, 1, &random), {16, 1, 1, 0}));
}

}  // namespace
}  // namespace seam

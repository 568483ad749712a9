#include "models/networks/silu_kernels.h"

#include <algorithm>

#include <oneapi/dnnl/dnnl.hpp>

#if defined(__x86_64__)
// GCC 12's own header begins some of them with a vector of any value (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#endif

namespace seam {
namespace {

constexpr int kLanes = 16;

bool IsPixelwise(const ConvSpec& conv) {
  return conv.kernel == 1 && conv.stride == 1 && conv.groups == 1 && conv.pad_before == 0 &&
         conv.pad_after == 0;
}

// Answers side by side of a depthwise block, and the most of a pixelwise one.
constexpr int kAcross = 4, kMostPixels = 12;

bool IsDepthwise(const FoldedStep& step, const Shape& from) {
  const ConvSpec& conv = step.conv;
  return conv.groups == from.channels && conv.groups == step.shape.channels && conv.dilation == 1 &&
         (conv.kernel == 3 || conv.kernel == 5) && (conv.stride == 1 || conv.stride == 2) &&
         step.shape.width >= kAcross;
}

}  // namespace

#if defined(__x86_64__)

#define SEAM_AVX512 __attribute__((target("avx512f")))

namespace {

// Note [Exponential]: e^-x = 2^n e^r with n the nearest whole number to -x / ln 2, so that |r| <= ln(2) / 2.
// There the polynomial, which meets e^r at Chebyshev's six points of that interval, is right to 1e-7 of its
// value. ln 2 is taken off in two parts, the first of few digits, so that r is exact (Cody, Waite, "Software
// Manual for the Elementary Functions", 1980). Beyond 87 and -87 x is taken as these, so that nothing
// overflows: SiLU is then x, and zero but for 1e-37 times x.
constexpr float kExponential[] = {1.00000012F,  1.0F,          0.499988705F,
                                  0.166665047F, 0.0419175066F, 0.00836914871F};

SEAM_AVX512 inline __m512 Silu(__m512 x) {
  // The second operands, which NaN stays in.
  const __m512 above = _mm512_min_ps(_mm512_set1_ps(87.0F), _mm512_sub_ps(_mm512_setzero_ps(), x));
  const __m512 minus = _mm512_max_ps(_mm512_set1_ps(-87.0F), above);
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(minus, _mm512_set1_ps(1.44269504F)),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375F), minus);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4F), r);
  __m512 e = _mm512_set1_ps(kExponential[5]);
#pragma GCC unroll 16
  for (int i = 4; i >= 0; --i) e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(kExponential[i]));
  const __m512 below = _mm512_add_ps(_mm512_set1_ps(1.0F), _mm512_scalef_ps(e, n));
  // The reciprocal to 14 bits, and one of Newton's steps.
  const __m512 rough = _mm512_rcp14_ps(below);
  const __m512 twice = _mm512_fnmadd_ps(below, rough, _mm512_set1_ps(2.0F));
  return _mm512_mul_ps(x, _mm512_mul_ps(rough, twice));
}

// Of kPixels pixels in a row the sums of 16 * kVectors channels: so many that the products of one do not wait
// for the other's, and so few that all stay in registers.
template <int kPixels, int kVectors>
SEAM_AVX512 void PixelwiseBlock(const float* from, std::size_t in, const float* weights, const float* bias,
                                float* to, std::size_t out) {
  __m512 sums[kPixels][kVectors];
#pragma GCC unroll 16
  for (std::size_t p = 0; p < kPixels; ++p) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) sums[p][v] = _mm512_load_ps(bias + v * kLanes);
  }
  for (std::size_t c = 0; c < in; ++c, weights += kVectors * kLanes) {
    __m512 weight[kVectors];
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) weight[v] = _mm512_load_ps(weights + v * kLanes);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kPixels; ++p) {
      const __m512 value = _mm512_set1_ps(from[p * in + c]);
#pragma GCC unroll 16
      for (std::size_t v = 0; v < kVectors; ++v) sums[p][v] = _mm512_fmadd_ps(value, weight[v], sums[p][v]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t p = 0; p < kPixels; ++p) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < kVectors; ++v) _mm512_store_ps(to + p * out + v * kLanes, Silu(sums[p][v]));
  }
}

// The last block begins so much earlier that it ends with the map.
template <int kPixels, int kVectors>
SEAM_AVX512 void Pixelwise(const float* from, std::size_t pixels, std::size_t in, const float* weights,
                           const float* bias, float* to, std::size_t out) {
  constexpr std::size_t kChunk = 84;  // pixels that stay in the cache while all channels of theirs are made
  for (std::size_t chunk = 0; chunk < pixels; chunk += kChunk) {
    const std::size_t end = std::min(pixels, chunk + kChunk);
    for (std::size_t block = 0; block * kVectors * kLanes < out; ++block) {
      const std::size_t first = block * kVectors * kLanes;
      for (std::size_t p = chunk; p < end; p += kPixels) {
        const std::size_t pixel = std::min(p, pixels - kPixels);
        PixelwiseBlock<kPixels, kVectors>(from + pixel * in, in, weights + first * in, bias + first,
                                          to + pixel * out + first, out);
      }
    }
  }
}

// What a depthwise convolution of one picture reads and writes.
struct DepthwiseMap {
  const float* from;
  float* to;
  std::ptrdiff_t height, width, channels, pad;
};

// kAcross answers of 16 channels, beginning at (row, column).
template <int kKernel, int kStride, bool kInside>
SEAM_AVX512 inline void DepthwiseBlock(const DepthwiseMap& map, std::ptrdiff_t row, std::ptrdiff_t column,
                                       std::ptrdiff_t channel, const float* weights, __m512 bias, float* to) {
  constexpr int kReach = (kAcross - 1) * kStride + kKernel;
  __m512 sums[kAcross];
#pragma GCC unroll 16
  for (int x = 0; x < kAcross; ++x) sums[x] = bias;
  const std::ptrdiff_t left = column * kStride - map.pad;
  for (int ky = 0; ky < kKernel; ++ky) {
    const std::ptrdiff_t y = row * kStride - map.pad + ky;
    if (y < 0 || y >= map.height) continue;
    const float* line = map.from + (y * map.width + left) * map.channels + channel;
    __m512 values[kReach];
#pragma GCC unroll 16
    for (int i = 0; i < kReach; ++i) {
      const bool there = kInside || (left + i >= 0 && left + i < map.width);
      values[i] = there ? _mm512_load_ps(line + i * map.channels) : _mm512_setzero_ps();
    }
#pragma GCC unroll 16
    for (int kx = 0; kx < kKernel; ++kx) {
      const __m512 weight = _mm512_load_ps(weights + (ky * kKernel + kx) * kLanes);
#pragma GCC unroll 16
      for (int x = 0; x < kAcross; ++x) sums[x] = _mm512_fmadd_ps(values[x * kStride + kx], weight, sums[x]);
    }
  }
#pragma GCC unroll 16
  for (int x = 0; x < kAcross; ++x) _mm512_store_ps(to + x * map.channels, Silu(sums[x]));
}

template <int kKernel, int kStride>
SEAM_AVX512 void Depthwise(const DepthwiseMap& map, const Shape& answer, const float* weights,
                           const float* bias) {
  constexpr std::ptrdiff_t kReach = (kAcross - 1) * kStride + kKernel;
  const std::ptrdiff_t width = answer.width;
  for (std::ptrdiff_t y = 0; y < answer.height; ++y) {
    for (std::ptrdiff_t channel = 0; channel < map.channels; channel += kLanes) {
      const float* own = weights + channel * kKernel * kKernel;
      const __m512 summand = _mm512_load_ps(bias + channel);
      for (std::ptrdiff_t x = 0; x < width; x += kAcross) {
        const std::ptrdiff_t column = std::min(x, width - kAcross), left = column * kStride - map.pad;
        float* to = map.to + (y * width + column) * map.channels + channel;
        if (left >= 0 && left + kReach <= map.width) {
          DepthwiseBlock<kKernel, kStride, true>(map, y, column, channel, own, summand, to);
        } else {
          DepthwiseBlock<kKernel, kStride, false>(map, y, column, channel, own, summand, to);
        }
      }
    }
  }
}

}  // namespace

bool SiluConvolution::Fits(const FoldedStep& step, const Shape& from) {
  if (step.op != Op::kConv || step.activation != Activation::kSilu || step.inputs.size() != 1 ||
      step.shape.channels % kLanes != 0)
    return false;
  const auto has = static_cast<unsigned>(dnnl::get_effective_cpu_isa()),
             needs = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
  if ((has & needs) != needs) return false;
  return IsPixelwise(step.conv) ? step.shape.height * step.shape.width >= kMostPixels
                                : IsDepthwise(step, from);
}

void SiluConvolution::Run(const float* from, float* to) const {
  const auto in = static_cast<std::size_t>(from_.channels), out = static_cast<std::size_t>(to_.channels);
  const float *weights = weights_.front().values, *bias = bias_.front().values;
  if (IsPixelwise(conv_)) {
    const auto pixels = static_cast<std::size_t>(batch_ * to_.height * to_.width);
    switch (vectors_) {
      case 4:
        return Pixelwise<6, 4>(from, pixels, in, weights, bias, to, out);
      case 3:
        return Pixelwise<7, 3>(from, pixels, in, weights, bias, to, out);
      case 2:
        return Pixelwise<12, 2>(from, pixels, in, weights, bias, to, out);
      default:
        return Pixelwise<12, 1>(from, pixels, in, weights, bias, to, out);
    }
  }
  for (int i = 0; i < batch_; ++i, from += from_.numbers(), to += to_.numbers()) {
    const DepthwiseMap map = {from, to, from_.height, from_.width, from_.channels, conv_.pad_before};
    if (conv_.kernel == 3) {
      conv_.stride == 1 ? Depthwise<3, 1>(map, to_, weights, bias) : Depthwise<3, 2>(map, to_, weights, bias);
    } else {
      conv_.stride == 1 ? Depthwise<5, 1>(map, to_, weights, bias) : Depthwise<5, 2>(map, to_, weights, bias);
    }
  }
}

#else

bool SiluConvolution::Fits(const FoldedStep&, const Shape&) { return false; }

void SiluConvolution::Run(const float*, float*) const {}

#endif

SiluConvolution::SiluConvolution(const FoldedStep& step, const Shape& from, int batch)
    : batch_(batch), from_(from), to_(step.shape), conv_(step.conv) {
  bias_.resize(static_cast<std::size_t>(to_.channels / kLanes));
  for (std::size_t c = 0; c < step.bias.size(); ++c) bias_[c / kLanes].values[c % kLanes] = step.bias[c];
  IsPixelwise(conv_) ? PackPixelwise(step) : PackDepthwise(step);
}

void SiluConvolution::PackPixelwise(const FoldedStep& step) {
  const auto in = static_cast<std::size_t>(from_.channels), out = static_cast<std::size_t>(to_.channels);
  const int all = to_.channels / kLanes;
  vectors_ = all % 3 == 0 ? 3 : (all % 4 == 0 ? 4 : (all % 2 == 0 ? 2 : 1));
  const auto vectors = static_cast<std::size_t>(vectors_);
  weights_.resize(in * out / kLanes);
  for (std::size_t o = 0; o < out; ++o) {
    const std::size_t vector = o / kLanes, block = vector / vectors;
    for (std::size_t c = 0; c < in; ++c) {
      const std::size_t place = (block * in + c) * vectors + vector % vectors;
      weights_[place].values[o % kLanes] = step.weight[o * in + c];
    }
  }
}

void SiluConvolution::PackDepthwise(const FoldedStep& step) {
  const auto kernel = static_cast<std::size_t>(conv_.kernel * conv_.kernel);
  weights_.resize(kernel * static_cast<std::size_t>(to_.channels / kLanes));
  for (std::size_t i = 0; i < step.weight.size(); ++i) {
    const std::size_t channel = i / kernel;
    weights_[channel / kLanes * kernel + i % kernel].values[channel % kLanes] = step.weight[i];
  }
}

}  // namespace seam

#include "models/networks/binary_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#if defined(__x86_64__)
// GCC 12's own header begins some of them with a vector of any value (its bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#define SEAM_AVX2 __attribute__((target("avx2,popcnt")))
#define SEAM_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512vpopcntdq,popcnt")))
#endif

namespace seam {
namespace {

constexpr std::size_t kAnswers = 16;  // of a block
constexpr std::size_t kBits = 64;

std::size_t Size(int number) { return static_cast<std::size_t>(number); }

// Answers side by side, of kAnswers channels: where they begin in the packed map, in the weights and in the
// result, and what becomes of their sums.
struct Block {
  const std::uint64_t* from;     // the first's first word
  std::size_t step;              // words from one to the next
  std::size_t row;               // words of a row of the packed map
  std::size_t rows, run;         // of the kernel: its rows, and the words of one
  const std::uint64_t* weights;  // [rows][run][kAnswers]
  std::int32_t total;            // products of a sum
  const std::int32_t* const* edges;
  const float *factors, *bias, *slopes;
  float* to;
  std::size_t out;  // numbers from one answer to the next
};

inline void Finish(const std::int32_t* counts, std::size_t pixel, const Block& block) {
  float* to = block.to + pixel * block.out;
  const std::int32_t* edges = block.edges[pixel];
  for (std::size_t o = 0; o < kAnswers; ++o) {
    const auto sum = static_cast<float>(block.total - 2 * counts[o] - edges[o]);
    const float y = sum * block.factors[o] + block.bias[o];
    to[o] = y < 0 ? y * block.slopes[o] : y;
  }
}

void RunPortable(const Block& block, std::size_t pixels) {
  for (std::size_t p = 0; p < pixels; ++p) {
    std::int32_t counts[kAnswers] = {};
    const std::uint64_t* weights = block.weights;
    for (std::size_t row = 0; row < block.rows; ++row) {
      const std::uint64_t* from = block.from + p * block.step + row * block.row;
      for (std::size_t i = 0; i < block.run; ++i, weights += kAnswers) {
        for (std::size_t o = 0; o < kAnswers; ++o) counts[o] += std::popcount(from[i] ^ weights[o]);
      }
    }
    Finish(counts, p, block);
  }
}

std::uint64_t PackPortable(const float* from, const float* bias, std::size_t count, std::uint64_t* zeros) {
  std::uint64_t bits = 0;
  for (std::size_t c = 0; c < count; ++c) {
    const float sum = from[c] + bias[c];
    bits |= std::uint64_t{sum > 0 ? 1U : 0U} << c;
    *zeros += sum == 0 ? 1 : 0;
  }
  return bits;
}

#if defined(__x86_64__)

// Bits of bytes by a table of the bits of half a byte (Mula, Kurz, Lemire, "Faster Population Counts Using
// AVX2 Instructions", 2018). Bytes hold the sums of 31 such counts at most.
SEAM_AVX2 void RunAvx2(const Block& block, std::size_t pixels) {
  constexpr std::size_t kVectors = 4, kLanes = 4, kMost = 31;
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2,
                                         3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low = _mm256_set1_epi8(15);
  for (std::size_t p = 0; p < pixels; ++p) {
    __m256i sums[kVectors], bytes[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) sums[v] = bytes[v] = _mm256_setzero_si256();
    const std::uint64_t* weights = block.weights;
    std::size_t waiting = 0;
    const auto collect = [&]() SEAM_AVX2 {
      for (std::size_t v = 0; v < kVectors; ++v) {
        sums[v] = _mm256_add_epi64(sums[v], _mm256_sad_epu8(bytes[v], _mm256_setzero_si256()));
        bytes[v] = _mm256_setzero_si256();
      }
      waiting = 0;
    };
    for (std::size_t row = 0; row < block.rows; ++row) {
      const std::uint64_t* from = block.from + p * block.step + row * block.row;
      for (std::size_t i = 0; i < block.run; ++i, weights += kAnswers) {
        const __m256i word = _mm256_set1_epi64x(static_cast<long long>(from[i]));
        for (std::size_t v = 0; v < kVectors; ++v) {
          const auto* place = reinterpret_cast<const __m256i*>(weights + v * kLanes);
          const __m256i differ = _mm256_xor_si256(word, _mm256_loadu_si256(place));
          const __m256i right = _mm256_and_si256(differ, low),
                        left = _mm256_and_si256(_mm256_srli_epi16(differ, 4), low);
          bytes[v] = _mm256_add_epi8(
              bytes[v], _mm256_add_epi8(_mm256_shuffle_epi8(table, right), _mm256_shuffle_epi8(table, left)));
        }
        if (++waiting == kMost) collect();
      }
    }
    collect();
    std::int32_t counts[kAnswers];
    for (std::size_t v = 0; v < kVectors; ++v) {
      alignas(32) std::int64_t lanes[kLanes];
      _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sums[v]);
      for (std::size_t l = 0; l < kLanes; ++l) counts[v * kLanes + l] = static_cast<std::int32_t>(lanes[l]);
    }
    Finish(counts, p, block);
  }
}

SEAM_AVX2 std::uint64_t PackAvx2(const float* from, const float* bias, std::size_t count,
                                 std::uint64_t* zeros) {
  std::uint64_t bits = 0;
  for (std::size_t c = 0; c < count; c += 8) {
    const __m256 sum = _mm256_add_ps(_mm256_loadu_ps(from + c), _mm256_loadu_ps(bias + c));
    const __m256 zero = _mm256_setzero_ps();
    const auto above = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(sum, zero, _CMP_GT_OQ)));
    const auto equal = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(sum, zero, _CMP_EQ_OQ)));
    bits |= std::uint64_t{above} << c;
    *zeros += static_cast<std::uint64_t>(std::popcount(equal));
  }
  return bits;
}

constexpr std::size_t kAcross = 7;  // pixels of a block: sides of 224, halved, are multiples of it

template <std::size_t kPixels>
SEAM_AVX512 void Avx512Block(const Block& block) {
  __m512i sums[kPixels][2];
#pragma GCC unroll 8
  for (std::size_t p = 0; p < kPixels; ++p) sums[p][0] = sums[p][1] = _mm512_setzero_si512();
  const std::uint64_t* weights = block.weights;
  for (std::size_t row = 0; row < block.rows; ++row) {
    const std::uint64_t* from = block.from + row * block.row;
    for (std::size_t i = 0; i < block.run; ++i, weights += kAnswers) {
      const __m512i first = _mm512_loadu_si512(weights), second = _mm512_loadu_si512(weights + 8);
#pragma GCC unroll 8
      for (std::size_t p = 0; p < kPixels; ++p) {
        const __m512i word = _mm512_set1_epi64(static_cast<long long>(from[p * block.step + i]));
        sums[p][0] = _mm512_add_epi64(sums[p][0], _mm512_popcnt_epi64(_mm512_xor_si512(word, first)));
        sums[p][1] = _mm512_add_epi64(sums[p][1], _mm512_popcnt_epi64(_mm512_xor_si512(word, second)));
      }
    }
  }
  const __m512i total = _mm512_set1_epi32(block.total);
  const __m512 factors = _mm512_loadu_ps(block.factors), bias = _mm512_loadu_ps(block.bias),
               slopes = _mm512_loadu_ps(block.slopes);
#pragma GCC unroll 8
  for (std::size_t p = 0; p < kPixels; ++p) {
    const __m512i counts = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi64_epi32(sums[p][0])),
                                              _mm512_cvtepi64_epi32(sums[p][1]), 1);
    const __m512i edges = _mm512_loadu_si512(block.edges[p]);
    const __m512i sum = _mm512_sub_epi32(_mm512_sub_epi32(total, _mm512_slli_epi32(counts, 1)), edges);
    const __m512 y = _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), factors), bias);
    const __mmask16 below = _mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_LT_OQ);
    _mm512_storeu_ps(block.to + p * block.out, _mm512_mask_mul_ps(y, below, y, slopes));
  }
}

void RunAvx512(const Block& block, std::size_t pixels) {
  std::size_t p = 0;
  const auto from = [&](std::size_t pixel) {
    Block part = block;
    part.from += pixel * block.step;
    part.edges += pixel;
    part.to += pixel * block.out;
    return part;
  };
  for (; p + kAcross <= pixels; p += kAcross) Avx512Block<kAcross>(from(p));
  for (; p + 2 <= pixels; p += 2) Avx512Block<2>(from(p));
  if (p < pixels) Avx512Block<1>(from(p));
}

SEAM_AVX512 std::uint64_t PackAvx512(const float* from, const float* bias, std::size_t count,
                                     std::uint64_t* zeros) {
  std::uint64_t bits = 0;
  unsigned equal = 0;
  for (std::size_t c = 0; c < count; c += 16) {
    const __m512 sum = _mm512_add_ps(_mm512_loadu_ps(from + c), _mm512_loadu_ps(bias + c));
    const __m512 zero = _mm512_setzero_ps();
    bits |= std::uint64_t{_mm512_cmp_ps_mask(sum, zero, _CMP_GT_OQ)} << c;
    equal += static_cast<unsigned>(std::popcount(unsigned{_mm512_cmp_ps_mask(sum, zero, _CMP_EQ_OQ)}));
  }
  *zeros += equal;
  return bits;
}

#endif

using RunBlocks = void (*)(const Block&, std::size_t pixels);
using PackWord = std::uint64_t (*)(const float*, const float*, std::size_t, std::uint64_t*);

RunBlocks RunBy(BinaryKernel kernel) {
#if defined(__x86_64__)
  if (kernel == BinaryKernel::kAvx512) return &RunAvx512;
  if (kernel == BinaryKernel::kAvx2) return &RunAvx2;
#endif
  return kernel == BinaryKernel::kPortable ? &RunPortable : nullptr;
}

PackWord PackBy(BinaryKernel kernel) {
#if defined(__x86_64__)
  if (kernel == BinaryKernel::kAvx512) return &PackAvx512;
  if (kernel == BinaryKernel::kAvx2) return &PackAvx2;
#endif
  return kernel == BinaryKernel::kPortable ? &PackPortable : nullptr;
}

std::vector<float> OrAll(const std::vector<float>& numbers, std::size_t count, float otherwise) {
  return numbers.empty() ? std::vector<float>(count, otherwise) : numbers;
}

}  // namespace

const std::vector<BinaryKernel>& BinaryKernels() {
  static const std::vector<BinaryKernel> kernels = [] {
    std::vector<BinaryKernel> found = {BinaryKernel::kPortable};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") != 0) found.push_back(BinaryKernel::kAvx2);
    if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
        __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
        __builtin_cpu_supports("avx512vpopcntdq") != 0)
      found.push_back(BinaryKernel::kAvx512);
#endif
    return found;
  }();
  return kernels;
}

const char* GetName(BinaryKernel kernel) {
  switch (kernel) {
    case BinaryKernel::kPortable:
      return "portable";
    case BinaryKernel::kAvx2:
      return "AVX2";
    case BinaryKernel::kAvx512:
      return "AVX-512 VPOPCNTDQ";
  }
  return "";
}

PackedSigns::PackedSigns(const Shape& shape, int pad, int batch)
    : shape_(shape), pad_(pad), batch_(batch), words_((shape.channels + 63) / 64) {}

std::size_t PackedSigns::plane() const { return Size(rows()) * Size(columns()) * Size(words_); }

std::size_t PackedSigns::bytes() const {
  return (kHeader + 2 * Size(batch_) * plane()) * sizeof(std::uint64_t);
}

void PackedSigns::Pack(const float* maps, const float* bias, BinaryKernel kernel, std::uint64_t* to) const {
  const std::size_t channels = Size(shape_.channels), words = Size(words_), side = Size(pad_) * words,
                    row = Size(columns()) * words, inside = Size(shape_.width) * words;
  const PackWord pack = PackBy(kernel);
  std::uint64_t zeros = 0;
  const auto each = [&](const auto& make) {
    const float* from = maps;
    std::uint64_t* place = to + kHeader;
    for (int picture = 0; picture < batch_; ++picture) {
      std::fill_n(place, Size(pad_) * row, 0);
      place += Size(pad_) * row;
      for (int y = 0; y < shape_.height; ++y, place += row) {
        std::fill_n(place, side, 0);
        std::uint64_t* word = place + side;
        for (int x = 0; x < shape_.width; ++x, from += channels) {
          for (std::size_t c = 0; c < channels; c += kBits)
            *word++ = make(from + c, bias + c, std::min(kBits, channels - c));
        }
        std::fill_n(place + side + inside, side, 0);
      }
      std::fill_n(place, Size(pad_) * row, 0);
      place += Size(pad_) * row;
    }
  };
  each([&](const float* from, const float* summand, std::size_t count) {
    return pack(from, summand, count, &zeros);
  });
  to[0] = zeros;
  if (zeros == 0) return;
  to += Size(batch_) * plane();
  each([](const float* from, const float* summand, std::size_t count) {
    std::uint64_t known = 0;
    for (std::size_t c = 0; c < count; ++c) known |= std::uint64_t{from[c] + summand[c] != 0 ? 1U : 0U} << c;
    return known;
  });
}

bool BinaryConvolution::Fits(const FoldedStep& step, const Shape& from) {
  const ConvSpec& conv = step.conv;
  const bool usual = (conv.kernel == 1 && conv.pad_before == 0) || (conv.kernel == 3 && conv.pad_before == 1);
  if (step.op != Op::kBinaryConv || !usual || conv.pad_after != conv.pad_before || conv.groups != 1 ||
      conv.dilation != 1 || step.shape.channels % static_cast<int>(kAnswers) != 0 ||
      from.channels % static_cast<int>(kAnswers) != 0)
    return false;
  // More fractions than this cost more than a convolution of floats.
  constexpr std::size_t kMostFractions = 256;
  const auto fractions = static_cast<std::size_t>(std::count_if(
      step.weight.begin(), step.weight.end(), [](float weight) { return std::abs(weight) != 1; }));
  return fractions * kMostFractions <= step.weight.size();
}

BinaryConvolution::BinaryConvolution(const FoldedStep& step, const Shape& from, int batch,
                                     BinaryKernel kernel)
    : from_(from),
      to_(step.shape),
      conv_(step.conv),
      signs_(from, step.conv.pad_before, batch),
      kernel_(kernel) {
  const std::size_t out = Size(to_.channels);
  factors_ = OrAll(step.factors, out, 1);
  bias_ = OrAll(step.bias, out, 0);
  slopes_ = OrAll(step.slopes, out, 1);
  ones_.assign(out, 1);
  zeros_.assign(out, 0);
  PackWeights(step);
  FindEdges();
}

void BinaryConvolution::PackWeights(const FoldedStep& step) {
  const int kernel = conv_.kernel, channels = from_.channels;
  const std::size_t words = Size(signs_.words()), taps = Size(kernel * kernel);
  weights_.assign(Size(to_.channels) * taps * words, 0);
  std::size_t at = 0;
  for (int o = 0; o < to_.channels; ++o) {
    const std::size_t group = Size(o) / kAnswers * taps * words * kAnswers + Size(o) % kAnswers;
    for (int c = 0; c < channels; ++c) {
      for (int y = 0; y < kernel; ++y) {
        for (int x = 0; x < kernel; ++x, ++at) {
          const float weight = step.weight[at];
          const std::size_t word = Size(y * kernel + x) * words + Size(c) / kBits;
          if (weight > 0) weights_[group + word * kAnswers] |= std::uint64_t{1} << (Size(c) % kBits);
          const float sign = weight > 0 ? 1.0F : -1.0F;
          if (weight != sign) mends_.push_back({o, y, x, c, weight - sign});
        }
      }
    }
  }
}

bool BinaryConvolution::FindSign(int out, int row, int column, int channel) const {
  const std::size_t words = Size(signs_.words()), o = Size(out), taps = Size(conv_.kernel * conv_.kernel);
  const std::size_t word = Size(row * conv_.kernel + column) * words + Size(channel) / kBits;
  const std::uint64_t bits = weights_[(o / kAnswers * taps * words + word) * kAnswers + o % kAnswers];
  return ((bits >> (Size(channel) % kBits)) & 1) != 0;
}

void BinaryConvolution::FindEdges() {
  const int kernel = conv_.kernel;
  const std::size_t words = Size(signs_.words()), taps = Size(kernel * kernel), out = Size(to_.channels);
  const auto missing = [&](int place, int side) {
    const int first = place * conv_.stride - conv_.pad_before;
    return (first < 0 ? std::size_t{1} : 0) + (first + kernel > side ? std::size_t{2} : 0);
  };
  for (int y = 0; y < to_.height; ++y) row_edges_.push_back(missing(y, from_.height));
  for (int x = 0; x < to_.width; ++x) column_edges_.push_back(missing(x, from_.width));
  const auto lacks = [&](std::size_t edge, int tap) {
    return ((edge & 1) != 0 && tap == 0) || ((edge & 2) != 0 && tap == kernel - 1);
  };
  edges_.assign(16 * out, 0);
  if (conv_.pad_before == 0) return;
  for (std::size_t o = 0; o < out; ++o) {
    const std::uint64_t* weights = weights_.data() + o / kAnswers * taps * words * kAnswers + o % kAnswers;
    for (int y = 0; y < kernel; ++y) {
      for (int x = 0; x < kernel; ++x) {
        std::int32_t added = from_.channels;
        for (std::size_t w = 0; w < words; ++w)
          added -= 2 * std::popcount(weights[(Size(y * kernel + x) * words + w) * kAnswers]);
        for (std::size_t edge = 0; edge < 16; ++edge)
          edges_[edge * out + o] += lacks(edge / 4, y) || lacks(edge % 4, x) ? added : 0;
      }
    }
  }
}

void BinaryConvolution::Run(const std::uint64_t* packed, float* to) const {
  const std::size_t plane = signs_.plane(), numbers = static_cast<std::size_t>(to_.numbers());
  const bool zeros = packed[0] != 0, raw = zeros || !mends_.empty();
  for (std::size_t i = 0; i < Size(signs_.batch()); ++i) {
    const std::uint64_t* bits = packed + PackedSigns::kHeader + i * plane;
    const std::uint64_t* known = zeros ? bits + Size(signs_.batch()) * plane : nullptr;
    float* answer = to + i * numbers;
    RunPicture(bits, raw, answer);
    if (!raw) continue;
    if (zeros) MendZeros(known, answer);
    MendFractions(bits, known, answer);
    FinishSums(answer, factors_.data(), bias_.data(), slopes_.data(), Size(to_.height * to_.width),
               Size(to_.channels), answer);
  }
}

void BinaryConvolution::RunPicture(const std::uint64_t* bits, bool raw, float* to) const {
  const std::size_t words = Size(signs_.words()), out = Size(to_.channels), kernel = Size(conv_.kernel),
                    stride = Size(conv_.stride), row = Size(signs_.columns()) * words;
  const RunBlocks run = RunBy(kernel_);
  const std::size_t height = Size(to_.height), width = Size(to_.width);
  std::vector<const std::int32_t*> edges(width);
  for (std::size_t first = 0; first < out; first += kAnswers) {
    for (std::size_t y = 0; y < height; ++y) {
      for (std::size_t x = 0; x < width; ++x)
        edges[x] = edges_.data() + (row_edges_[y] * 4 + column_edges_[x]) * out + first;
      run({.from = bits + y * stride * row,
           .step = stride * words,
           .row = row,
           .rows = kernel,
           .run = kernel * words,
           .weights = weights_.data() + first * kernel * kernel * words,
           .total = static_cast<std::int32_t>(kernel * kernel) * from_.channels,
           .edges = edges.data(),
           .factors = (raw ? ones_ : factors_).data() + first,
           .bias = (raw ? zeros_ : bias_).data() + first,
           .slopes = (raw ? ones_ : slopes_).data() + first,
           .to = to + y * width * out + first,
           .out = out},
          width);
    }
  }
}

// Each was counted as -1: what it multiplies with is given back.
void BinaryConvolution::MendZeros(const std::uint64_t* known, float* to) const {
  const int pad = signs_.pad(), words = signs_.words();
  for (int y = 0; y < from_.height; ++y) {
    for (int x = 0; x < from_.width; ++x) {
      const std::uint64_t* pixel = known + Size(((y + pad) * signs_.columns() + x + pad) * words);
      for (int c = 0; c < from_.channels; ++c) {
        if (((pixel[Size(c) / kBits] >> (Size(c) % kBits)) & 1) != 0) continue;
        for (int row = 0; row < conv_.kernel; ++row) {
          for (int column = 0; column < conv_.kernel; ++column) {
            const int down = y + pad - row, across = x + pad - column;
            if (down < 0 || across < 0 || down % conv_.stride != 0 || across % conv_.stride != 0) continue;
            if (down / conv_.stride >= to_.height || across / conv_.stride >= to_.width) continue;
            float* answer =
                to + Size((down / conv_.stride * to_.width + across / conv_.stride) * to_.channels);
            for (int o = 0; o < to_.channels; ++o) answer[o] += FindSign(o, row, column, c) ? 1.0F : -1.0F;
          }
        }
      }
    }
  }
}

void BinaryConvolution::MendFractions(const std::uint64_t* bits, const std::uint64_t* known,
                                      float* to) const {
  const int pad = signs_.pad();
  for (const Mend& mend : mends_) {
    const std::size_t word = Size(mend.channel) / kBits, bit = Size(mend.channel) % kBits;
    for (int y = 0; y < to_.height; ++y) {
      const int row = y * conv_.stride + mend.row - pad;
      if (row < 0 || row >= from_.height) continue;
      for (int x = 0; x < to_.width; ++x) {
        const int column = x * conv_.stride + mend.column - pad;
        if (column < 0 || column >= from_.width) continue;
        const std::size_t place =
            Size(((row + pad) * signs_.columns() + column + pad) * signs_.words()) + word;
        if (known != nullptr && ((known[place] >> bit) & 1) == 0) continue;
        const bool above = ((bits[place] >> bit) & 1) != 0;
        to[Size((y * to_.width + x) * to_.channels + mend.out)] += above ? mend.more : -mend.more;
      }
    }
  }
}

void FindSigns(const float* from, const float* bias, std::size_t pixels, std::size_t channels, float* to) {
  for (std::size_t p = 0; p < pixels; ++p) {
    for (std::size_t c = 0; c < channels; ++c, ++from, ++to) {
      const float sum = *from + bias[c];
      *to = static_cast<float>((sum > 0 ? 1 : 0) - (sum < 0 ? 1 : 0));
    }
  }
}

void FinishSums(const float* from, const float* factors, const float* bias, const float* slopes,
                std::size_t pixels, std::size_t channels, float* to) {
  for (std::size_t p = 0; p < pixels; ++p, from += channels, to += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      const float y = from[c] * factors[c] + bias[c];
      to[c] = y < 0 ? y * slopes[c] : y;
    }
  }
}

void AddGated(const float* a, const float* b, const float* gate, bool multiplies, const float* factors,
              const float* bias, std::size_t pixels, std::size_t channels, float* to) {
  for (std::size_t p = 0; p < pixels; ++p, a += channels, b += channels, to += channels) {
    for (std::size_t c = 0; c < channels; ++c) {
      const float gated = b[c] * gate[c];
      to[c] = (multiplies ? gated * a[c] : gated) * factors[c] + bias[c] + a[c];
    }
  }
}

}  // namespace seam

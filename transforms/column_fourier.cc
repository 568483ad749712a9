#include "transforms/column_fourier.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <numbers>
#include <utility>

#define SEAM_INLINE [[gnu::always_inline]] inline
#if defined(__x86_64__)
#define SEAM_AVX2 [[gnu::target("avx2")]]
#define SEAM_AVX512 [[gnu::target("avx512f")]]
#endif

namespace seam {
namespace {

constexpr int kLanes = ColumnFourier::kLanes;

// A row of the columns.
using Row [[gnu::vector_size(sizeof(double) * kLanes)]] = double;

// What one stage does to the columns.
struct Pass {
  Row* real;
  Row* imaginary;
  int length, radix, done;
  const double *cosine, *sine;
  const double *root_cosine, *root_sine;
  Row* scratch;  // [2 radix], of radices other than 2 and 4
};

SEAM_INLINE void PassByTwo(const Pass& pass) {
  for (int from = 0; from < pass.length; from += 2 * pass.done) {
    for (int j = 0; j < pass.done; ++j) {
      Row* re = pass.real + from + j;
      Row* im = pass.imaginary + from + j;
      const double c = pass.cosine[j], s = pass.sine[j];
      const int d = pass.done;
      const Row turned_re = re[d] * c + im[d] * s, turned_im = im[d] * c - re[d] * s;
      re[d] = re[0] - turned_re;
      im[d] = im[0] - turned_im;
      re[0] += turned_re;
      im[0] += turned_im;
    }
  }
}

SEAM_INLINE void PassByFour(const Pass& pass) {
  for (int from = 0; from < pass.length; from += 4 * pass.done) {
    for (int j = 0; j < pass.done; ++j) {
      Row* re = pass.real + from + j;
      Row* im = pass.imaginary + from + j;
      const double* c = pass.cosine + std::ptrdiff_t{3} * j;
      const double* s = pass.sine + std::ptrdiff_t{3} * j;
      const int d = pass.done;
      const Row re1 = re[d] * c[0] + im[d] * s[0], im1 = im[d] * c[0] - re[d] * s[0];
      const Row re2 = re[2 * d] * c[1] + im[2 * d] * s[1], im2 = im[2 * d] * c[1] - re[2 * d] * s[1];
      const Row re3 = re[3 * d] * c[2] + im[3 * d] * s[2], im3 = im[3 * d] * c[2] - re[3 * d] * s[2];
      const Row even_re = re[0] + re2, even_im = im[0] + im2, less_re = re[0] - re2, less_im = im[0] - im2;
      const Row odd_re = re1 + re3, odd_im = im1 + im3, turned_re = im1 - im3, turned_im = re3 - re1;
      re[0] = even_re + odd_re;
      im[0] = even_im + odd_im;
      re[d] = less_re + turned_re;
      im[d] = less_im + turned_im;
      re[2 * d] = even_re - odd_re;
      im[2 * d] = even_im - odd_im;
      re[3 * d] = less_re - turned_re;
      im[3 * d] = less_im - turned_im;
    }
  }
}

// By the transform's definition.
SEAM_INLINE void PassByAny(const Pass& pass) {
  const int radix = pass.radix, d = pass.done;
  for (int from = 0; from < pass.length; from += radix * d) {
    for (int j = 0; j < d; ++j) {
      Row* re = pass.real + from + j;
      Row* im = pass.imaginary + from + j;
      const double* c = pass.cosine + std::ptrdiff_t{radix - 1} * j;
      const double* s = pass.sine + std::ptrdiff_t{radix - 1} * j;
      Row* part = pass.scratch;
      part[0] = re[0];
      part[1] = im[0];
      for (int q = 1; q < radix; ++q) {
        part[2 * q] = re[q * d] * c[q - 1] + im[q * d] * s[q - 1];
        part[2 * q + 1] = im[q * d] * c[q - 1] - re[q * d] * s[q - 1];
      }
      for (int k = 0; k < radix; ++k) {
        Row sum_re = part[0], sum_im = part[1];
        int root = 0;
        for (int q = 1; q < radix; ++q) {
          root = root + k < radix ? root + k : root + k - radix;
          const double cosine = pass.root_cosine[root], sine = pass.root_sine[root];
          sum_re += part[2 * q] * cosine + part[2 * q + 1] * sine;
          sum_im += part[2 * q + 1] * cosine - part[2 * q] * sine;
        }
        re[k * d] = sum_re;
        im[k * d] = sum_im;
      }
    }
  }
}

SEAM_INLINE void RunPass(const Pass& pass) {
  if (pass.radix == 2) {
    PassByTwo(pass);
  } else if (pass.radix == 4) {
    PassByFour(pass);
  } else {
    PassByAny(pass);
  }
}

// Z = A + iB, of which A[k] = (Z[k] + conj Z[-k]) / 2 and B[k] = (Z[k] - conj Z[-k]) / 2i.
SEAM_INLINE void Rotate(Row* real, Row* imaginary, int length, const double* cosine, const double* sine) {
  for (int k = 0; k <= length / 2; ++k) {
    const int m = k == 0 ? 0 : length - k;
    const Row a_re = real[k] + real[m], a_im = imaginary[k] - imaginary[m];
    const Row b_re = imaginary[k] + imaginary[m], b_im = real[m] - real[k];
    real[m] = a_re * cosine[m] - a_im * sine[m];
    imaginary[m] = b_re * cosine[m] - b_im * sine[m];
    real[k] = a_re * cosine[k] + a_im * sine[k];
    imaginary[k] = b_re * cosine[k] + b_im * sine[k];
  }
}

// The same code, compiled for different processors.
struct Kernels {
  void (*pass)(const Pass&);
  void (*rotate)(Row*, Row*, int, const double*, const double*);
};

void PassPlain(const Pass& pass) { RunPass(pass); }
void RotatePlain(Row* real, Row* imaginary, int length, const double* cosine, const double* sine) {
  Rotate(real, imaginary, length, cosine, sine);
}

#if defined(__x86_64__)
SEAM_AVX2 void PassAvx2(const Pass& pass) { RunPass(pass); }
SEAM_AVX2 void RotateAvx2(Row* real, Row* imaginary, int length, const double* cosine, const double* sine) {
  Rotate(real, imaginary, length, cosine, sine);
}
SEAM_AVX512 void PassAvx512(const Pass& pass) { RunPass(pass); }
SEAM_AVX512 void RotateAvx512(Row* real, Row* imaginary, int length, const double* cosine,
                              const double* sine) {
  Rotate(real, imaginary, length, cosine, sine);
}
#endif

Kernels ChooseKernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") != 0) return {PassAvx512, RotateAvx512};
  if (__builtin_cpu_supports("avx2") != 0) return {PassAvx2, RotateAvx2};
#endif
  return {PassPlain, RotatePlain};
}

const Kernels& BestKernels() {
  static const Kernels kernels = ChooseKernels();
  return kernels;
}

std::vector<int> Factors(int n) {
  std::vector<int> factors;
  for (; n % 4 == 0; n /= 4) factors.push_back(4);
  for (int p = 2; p * p <= n; ++p) {
    for (; n % p == 0; n /= p) factors.push_back(p);
  }
  if (n > 1) factors.push_back(n);
  return factors;
}

// Appends the cosine and the sine of 2 pi k / n; at quarters they are exact.
void AppendTurn(std::int64_t k, std::int64_t n, std::vector<double>* cosine, std::vector<double>* sine) {
  k %= n;
  const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
  cosine->push_back(4 * k == n || 4 * k == 3 * n ? 0 : std::cos(angle));
  sine->push_back(2 * k == n ? 0 : std::sin(angle));
}

Row* Rows(double* numbers) { return reinterpret_cast<Row*>(numbers); }

}  // namespace

ColumnFourier::ColumnFourier(int length) : length_(length), slots_(static_cast<std::size_t>(length)) {
  std::vector<int> order = {0};  // which input stands in each slot
  int done = 1;
  for (const int radix : Factors(length)) {
    Stage stage{radix, done, {}, {}, {}, {}};
    for (int j = 0; j < done; ++j) {
      for (int q = 1; q < radix; ++q)
        AppendTurn(std::int64_t{j} * q, std::int64_t{done} * radix, &stage.cosine, &stage.sine);
    }
    for (int q = 0; q < radix; ++q) AppendTurn(q, radix, &stage.root_cosine, &stage.root_sine);
    stages_.push_back(std::move(stage));
    // The shorter transform q is of the inputs q, q + radix, ...
    std::vector<int> longer;
    for (int q = 0; q < radix; ++q) {
      for (const int i : order) longer.push_back(i * radix + q);
    }
    order = std::move(longer);
    done *= radix;
  }
  for (int i = 0; i < length; ++i) slots_[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] = i;
}

std::shared_ptr<const ColumnFourier> ColumnFourier::ForLength(int length) {
  static std::mutex mutex;
  static std::map<int, std::shared_ptr<const ColumnFourier>> made;
  constexpr std::size_t kMostLengths = 64;
  const std::lock_guard lock(mutex);
  if (const auto found = made.find(length); found != made.end()) return found->second;
  if (made.size() >= kMostLengths) made.clear();
  return made[length] = std::make_shared<const ColumnFourier>(length);
}

void ColumnFourier::Run(double* real, double* imaginary) const {
  thread_local std::vector<double> memory;
  for (const Stage& stage : stages_) {
    // Two rows a number, and room to begin at a multiple of 64 bytes.
    memory.resize(static_cast<std::size_t>(2 * stage.radix + 1) * kLanes);
    const auto address = (reinterpret_cast<std::uintptr_t>(memory.data()) + sizeof(Row) - 1) / sizeof(Row);
    BestKernels().pass({Rows(real), Rows(imaginary), length_, stage.radix, stage.done, stage.cosine.data(),
                        stage.sine.data(), stage.root_cosine.data(), stage.root_sine.data(),
                        reinterpret_cast<Row*>(address * sizeof(Row))});
  }
}

void ColumnFourier::RotatePairs(const std::vector<double>& cosine, const std::vector<double>& sine,
                                double* real, double* imaginary) const {
  BestKernels().rotate(Rows(real), Rows(imaginary), length_, cosine.data(), sine.data());
}

}  // namespace seam

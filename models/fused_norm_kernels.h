#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

// The loops of fused_norm.cc, over maps that lie channels last: rows of `channels` numbers. Everything here
// must be inlined into the function that WithVectors() calls, which is compiled for the processor's vectors.
#define SEAM_INLINE inline __attribute__((always_inline))

namespace seam {

#if defined(__x86_64__) && defined(__GNUC__)
template <class Body>
__attribute__((target("avx2,fma"))) void RunWithAvx2(const Body& body) {
  body();
}
#endif

// Runs `body`, a lambda that is always inlined, with AVX2 where the processor has it; Seam itself is built for
// any x86-64.
template <class Body>
void WithVectors(const Body& body) {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (avx2) return RunWithAvx2(body);
#endif
  body();
}

// e^x for |x| < 87, to 2 units in the last place: 2^n times a polynomial on +-ln(2)/2, in a form that
// compilers turn into vectors (Cephes' expf).
SEAM_INLINE float Exp(float x) {
  const float n = std::floor(x * 1.44269504F + 0.5F);
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1;
  const std::int32_t bits = (static_cast<std::int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return p * power;
}
SEAM_INLINE double Exp(double x) { return std::exp(x); }

template <class T>
SEAM_INLINE T Logistic(T x) {
  const T clamped = x < T(-80) ? T(-80) : (x > T(80) ? T(80) : x);
  return 1 / (1 + Exp(-clamped));
}

template <class T>
SEAM_INLINE T Activate(T z, int activation) {
  if (activation == 1) return z > 0 ? z : T(0);
  if (activation == 2) return z * Logistic(z);
  return z;
}

// The derivative of Activate() at z.
template <class T>
SEAM_INLINE T Slope(T z, int activation) {
  if (activation == 1) return z > 0 ? T(1) : T(0);
  if (activation == 2) {
    const T s = Logistic(z);
    return s * (1 + z * (1 - s));
  }
  return T(1);
}

template <bool kRelu, class T>
SEAM_INLINE T Before(T x) {
  return kRelu ? (x > 0 ? x : T(0)) : x;
}

// Numbers of one channel, repeated until they fill a stretch of whole rows that is worth a loop of its own.
template <class T>
struct Stretch {
  Stretch(const double* of_channels, std::int64_t channels, std::int64_t rows)
      : numbers(static_cast<std::size_t>(channels * rows)) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<T>(of_channels[i % static_cast<std::size_t>(channels)]);
    }
  }
  const T* data() const { return numbers.data(); }
  std::vector<T> numbers;
};

// sums[i] += a - centre, products[i] += (a - centre)^2, a = Before(x).
template <bool kRelu, class T>
SEAM_INLINE void AddMoments(const T* __restrict x, const T* __restrict centre, std::int64_t count,
                            T* __restrict sums, T* __restrict products) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T distance = Before<kRelu>(x[i]) - centre[i];
    sums[i] += distance;
    products[i] += distance * distance;
  }
}

// sums[i] += d, products[i] += d * (a - mean).
template <bool kRelu, class T>
SEAM_INLINE void AddProducts(const T* __restrict d, const T* __restrict x, const T* __restrict mean,
                             std::int64_t count, T* __restrict sums, T* __restrict products) {
  for (std::int64_t i = 0; i < count; ++i) {
    sums[i] += d[i];
    products[i] += d[i] * (Before<kRelu>(x[i]) - mean[i]);
  }
}

template <bool kRelu, int kActivation, class T>
SEAM_INLINE void Apply(const T* __restrict x, const T* __restrict scale, const T* __restrict shift,
                       std::int64_t count, T* __restrict y) {
  for (std::int64_t i = 0; i < count; ++i) {
    y[i] = Activate(Before<kRelu>(x[i]) * scale[i] + shift[i], kActivation);
  }
}

// d = dy * slope of the activation.
template <bool kRelu, int kActivation, class T>
SEAM_INLINE void ApplySlope(const T* __restrict dy, const T* __restrict x, const T* __restrict scale,
                            const T* __restrict shift, std::int64_t count, T* __restrict d) {
  for (std::int64_t i = 0; i < count; ++i) {
    d[i] = dy[i] * Slope(Before<kRelu>(x[i]) * scale[i] + shift[i], kActivation);
  }
}

// dx = of_d * d + constant + of_x * a, nothing where the ReLU before was shut. d and dx may be the
// same.
template <bool kRelu, class T>
SEAM_INLINE void Differentiate(const T* d, const T* __restrict x, const T* __restrict of_d,
                               const T* __restrict constant, const T* __restrict of_x, std::int64_t count,
                               T* dx) {
  for (std::int64_t i = 0; i < count; ++i) {
    const T slope = of_d[i] * d[i] + constant[i] + of_x[i] * Before<kRelu>(x[i]);
    dx[i] = kRelu && !(x[i] > 0) ? T(0) : slope;
  }
}

// 32 bytes of numbers, which the compiler makes one register, or two where the processor has smaller ones.
template <class T>
struct Vector {
  using Numbers __attribute__((vector_size(32), aligned(sizeof(T)), may_alias)) = T;
  static constexpr std::int64_t kLanes = 32 / sizeof(T);
  static SEAM_INLINE Numbers* At(T* at) { return reinterpret_cast<Numbers*>(at); }
  static SEAM_INLINE const Numbers* At(const T* at) { return reinterpret_cast<const Numbers*>(at); }
};

// A row of `width` windows of `pool` times `pool` places; the channels are whole vectors.
struct PoolShape {
  std::int64_t width, channels, pool;
};

// x: the first of `pool` rows of the map. best: the a that the pooling takes, the greatest where the norm's
// scale is positive, the least where it is negative.
template <bool kRelu, class T>
SEAM_INLINE void PoolRow(const PoolShape& shape, const T* x, const T* scale, const T* shift, T* best, T* y) {
  using V = Vector<T>;
  using Numbers = typename V::Numbers;
  const Numbers zero = {}, one = zero + 1;
  for (std::int64_t window = 0; window < shape.width; ++window) {
    for (std::int64_t c = 0; c < shape.channels; c += V::kLanes) {
      const T* corner = x + window * shape.pool * shape.channels + c;
      const Numbers factor = *V::At(scale + c);
      const Numbers sign = factor < zero ? -one : one;
      Numbers greatest = *V::At(corner);
      greatest = sign * (kRelu ? (greatest > zero ? greatest : zero) : greatest);
      for (std::int64_t i = 0; i < shape.pool; ++i) {
        for (std::int64_t j = 0; j < shape.pool; ++j) {
          Numbers a = *V::At(corner + (i * shape.width * shape.pool + j) * shape.channels);
          if (kRelu) a = a > zero ? a : zero;
          a *= sign;
          greatest = a > greatest ? a : greatest;
        }
      }
      greatest *= sign;
      *V::At(best + window * shape.channels + c) = greatest;
      *V::At(y + window * shape.channels + c) = greatest * factor + *V::At(shift + c);
    }
  }
}

// The gradient of PoolRow(), through the norm: dy goes to the first place of the window that holds `best`.
template <bool kRelu, class T>
SEAM_INLINE void UnpoolRow(const PoolShape& shape, const T* dy, const T* best, const T* x, const T* of_d,
                           const T* constant, const T* of_x, T* dx) {
  using V = Vector<T>;
  using Numbers = typename V::Numbers;
  const Numbers zero = {};
  for (std::int64_t window = 0; window < shape.width; ++window) {
    for (std::int64_t c = 0; c < shape.channels; c += V::kLanes) {
      const std::int64_t corner = window * shape.pool * shape.channels + c;
      Numbers left = *V::At(dy + window * shape.channels + c);
      const Numbers taken = *V::At(best + window * shape.channels + c);
      const Numbers by_d = *V::At(of_d + c), fixed = *V::At(constant + c), by_x = *V::At(of_x + c);
      for (std::int64_t i = 0; i < shape.pool; ++i) {
        for (std::int64_t j = 0; j < shape.pool; ++j) {
          const std::int64_t at = corner + (i * shape.width * shape.pool + j) * shape.channels;
          const Numbers before = *V::At(x + at);
          const Numbers a = kRelu ? (before > zero ? before : zero) : before;
          const Numbers d = a == taken ? left : zero;
          left -= d;
          const Numbers slope = by_d * d + fixed + by_x * a;
          *V::At(dx + at) = kRelu ? (before > zero ? slope : zero) : slope;
        }
      }
    }
  }
}

}  // namespace seam

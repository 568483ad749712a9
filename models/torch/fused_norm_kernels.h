#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "models/networks/activation.h"

// The loops of fused_norm.cc, over maps that lie channels last: rows of `channels` numbers. Everything here
// must be inlined into the function that WithVectors() calls, which is compiled for the processor's vectors.
#define SEAM_ALWAYS_INLINE __attribute__((always_inline))
#define SEAM_INLINE inline SEAM_ALWAYS_INLINE
// Functions that take vectors are never called, always inlined.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace seam {

#if defined(__x86_64__) && defined(__GNUC__)
template <class Body>
__attribute__((target("avx2,fma"))) void RunWithAvx2(const Body& body) {
  body();
}
#endif

// Runs `body`, a lambda that is always inlined, with AVX2 where the processor has it; Seam itself is built
// for any x86-64.
template <class Body>
void WithVectors(const Body& body) {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (avx2) return RunWithAvx2(body);
#endif
  body();
}

// 32 bytes of numbers, which the compiler makes one register, or two where the processor has smaller ones.
template <class T>
struct Vector {
  using Numbers __attribute__((vector_size(32))) = T;
  static constexpr std::int64_t kLanes = 32 / sizeof(T);
};

// The numbers at an address, of any alignment: N is one T, or a vector of them.
template <class N, class T>
SEAM_INLINE N Load(const T* address) {
  N numbers;
  std::memcpy(&numbers, address, sizeof numbers);
  return numbers;
}
template <class N, class T>
SEAM_INLINE void Store(const N& numbers, T* address) {
  std::memcpy(address, &numbers, sizeof numbers);
}
template <class N, class T>
SEAM_INLINE void AddTo(T* address, const N& numbers) {
  Store<N>(Load<N>(address) + numbers, address);
}

// each<N>(i) for the numbers i to i + lanes of N, from 0 to `count`: vectors first, then what is left.
template <class T, class Each>
SEAM_INLINE void ForNumbers(std::int64_t count, const Each& each) {
  constexpr std::int64_t kLanes = Vector<T>::kLanes;
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) each.template operator()<typename Vector<T>::Numbers>(i);
  for (; i < count; ++i) each.template operator()<T>(i);
}

// e^x for |x| <= 80: of doubles the library's; of floats to 2 units of the last digit, 2^n times Cephes'
// polynomial on +-ln(2)/2.
template <class N>
SEAM_INLINE N Exp(const N& x) {
  using Double = Vector<double>::Numbers;
  if constexpr (std::is_same_v<N, double>) {
    return std::exp(x);
  } else if constexpr (std::is_same_v<N, Double>) {
    return Double{std::exp(x[0]), std::exp(x[1]), std::exp(x[2]), std::exp(x[3])};
  } else {
    constexpr float kRounds = 12582912;  // 1.5 * 2^23: what is added to it loses its fraction
    const N n = (x * 1.44269504F + kRounds) - kRounds;
    const N r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
    N p = r * 1.9875691500e-4F + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    N power;
    if constexpr (std::is_same_v<N, float>) {
      const std::int32_t bits = (static_cast<std::int32_t>(n) + 127) << 23;
      std::memcpy(&power, &bits, sizeof power);
    } else {
      using Whole __attribute__((vector_size(32))) = std::int32_t;
      const Whole bits = (__builtin_convertvector(n, Whole) + 127) << 23;
      std::memcpy(&power, &bits, sizeof power);
    }
    return p * power;
  }
}

template <class N>
SEAM_INLINE N Logistic(const N& x) {
  const N low = N{} - 80, high = N{} + 80;
  const N some = x < low ? low : x;
  return 1 / (1 + Exp<N>(-(some > high ? high : some)));
}

// What an activation makes of z.
template <Activation kActivation, class N>
SEAM_INLINE N Activate(const N& z) {
  if constexpr (kActivation == Activation::kRelu) return z > N{} ? z : N{};
  if constexpr (kActivation == Activation::kSilu) return z * Logistic<N>(z);
  return z;
}

// d times the derivative of Activate() at z.
template <Activation kActivation, class N>
SEAM_INLINE N Differentiated(const N& d, const N& z) {
  if constexpr (kActivation == Activation::kRelu) return z > N{} ? d : N{};
  if constexpr (kActivation == Activation::kSilu) {
    const N s = Logistic<N>(z);
    return d * s * (1 + z * (1 - s));
  }
  return d;
}

template <bool kRelu, class N>
SEAM_INLINE N Before(const N& x) {
  if constexpr (kRelu) return x > N{} ? x : N{};
  return x;
}

// Numbers of the channels, repeated until they fill a stretch of whole rows that is worth a loop of its own.
template <class T>
struct Stretch {
  Stretch(const std::vector<double>& of_channels, std::int64_t size)
      : numbers(static_cast<std::size_t>(size)) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      numbers[i] = static_cast<T>(of_channels[i % of_channels.size()]);
    }
  }
  operator const T*() const { return numbers.data(); }
  std::vector<T> numbers;
};

// sums += a - centre, squares += (a - centre)^2, a = Before(x).
template <bool kRelu, class T>
SEAM_INLINE void AddMoments(const T* x, const T* centre, std::int64_t count, T* sums, T* squares) {
  ForNumbers<T>(count, [&]<class N>(std::int64_t i) SEAM_ALWAYS_INLINE {
    const N distance = Before<kRelu, N>(Load<N>(x + i)) - Load<N>(centre + i);
    AddTo<N>(sums + i, distance);
    AddTo<N>(squares + i, distance * distance);
  });
}

template <bool kRelu, Activation kActivation, class T>
SEAM_INLINE void Apply(const T* x, const T* scale, const T* shift, std::int64_t count, T* y) {
  ForNumbers<T>(count, [&]<class N>(std::int64_t i) SEAM_ALWAYS_INLINE {
    const N z = Before<kRelu, N>(Load<N>(x + i)) * Load<N>(scale + i) + Load<N>(shift + i);
    Store<N>(Activate<kActivation, N>(z), y + i);
  });
}

// d = dy times the slope of the activation; sums += d, products += d * (a - mean).
template <bool kRelu, Activation kActivation, class T>
SEAM_INLINE void AddProducts(const T* dy, const T* x, const T* mean, const T* scale, const T* shift,
                             std::int64_t count, T* d, T* sums, T* products) {
  ForNumbers<T>(count, [&]<class N>(std::int64_t i) SEAM_ALWAYS_INLINE {
    const N a = Before<kRelu, N>(Load<N>(x + i));
    N slope = Load<N>(dy + i);
    if constexpr (kActivation != Activation::kNone) {
      slope = Differentiated<kActivation, N>(slope, a * Load<N>(scale + i) + Load<N>(shift + i));
      Store<N>(slope, d + i);
    }
    AddTo<N>(sums + i, slope);
    AddTo<N>(products + i, slope * (a - Load<N>(mean + i)));
  });
}

// dx = of_d * d + constant + of_x * a, nothing where the ReLU before was shut. d and dx may be the same.
template <bool kRelu, class T>
SEAM_INLINE void Differentiate(const T* d, const T* x, const T* of_d, const T* constant, const T* of_x,
                               std::int64_t count, T* dx) {
  ForNumbers<T>(count, [&]<class N>(std::int64_t i) SEAM_ALWAYS_INLINE {
    const N before = Load<N>(x + i);
    const N slope = Load<N>(of_d + i) * Load<N>(d + i) + Load<N>(constant + i) +
                    Load<N>(of_x + i) * Before<kRelu, N>(before);
    Store<N>(kRelu ? (before > N{} ? slope : N{}) : slope, dx + i);
  });
}

// A row of `width` windows of `pool` times `pool` cells.
struct PoolShape {
  std::int64_t width, channels, pool;
};

// x: the first of `pool` rows of the map. best: the a that the pooling takes, the greatest where the norm's
// scale is positive, the least where it is negative.
template <bool kRelu, class T>
SEAM_INLINE void PoolRow(const PoolShape& shape, const T* x, const T* scale, const T* shift, T* best, T* y) {
  for (std::int64_t window = 0; window < shape.width; ++window) {
    const T* corner = x + window * shape.pool * shape.channels;
    ForNumbers<T>(shape.channels, [&]<class N>(std::int64_t c) SEAM_ALWAYS_INLINE {
      const N one = N{} + 1, factor = Load<N>(scale + c);
      const N sign = factor < N{} ? -one : one;
      N greatest = sign * Before<kRelu, N>(Load<N>(corner + c));
      for (std::int64_t i = 0; i < shape.pool; ++i) {
        for (std::int64_t j = 0; j < shape.pool; ++j) {
          const N there = Load<N>(corner + (i * shape.width * shape.pool + j) * shape.channels + c);
          const N a = sign * Before<kRelu, N>(there);
          greatest = a > greatest ? a : greatest;
        }
      }
      greatest *= sign;
      Store<N>(greatest, best + window * shape.channels + c);
      Store<N>(greatest * factor + Load<N>(shift + c), y + window * shape.channels + c);
    });
  }
}

// The gradient of PoolRow(), through the norm: dy goes to the first cell of the window that holds `best`.
template <bool kRelu, class T>
SEAM_INLINE void UnpoolRow(const PoolShape& shape, const T* dy, const T* best, const T* x, const T* of_d,
                           const T* constant, const T* of_x, T* dx) {
  for (std::int64_t window = 0; window < shape.width; ++window) {
    const std::int64_t corner = window * shape.pool * shape.channels;
    ForNumbers<T>(shape.channels, [&]<class N>(std::int64_t c) SEAM_ALWAYS_INLINE {
      N left = Load<N>(dy + window * shape.channels + c);
      const N taken = Load<N>(best + window * shape.channels + c);
      const N by_d = Load<N>(of_d + c), fixed = Load<N>(constant + c), by_x = Load<N>(of_x + c);
      for (std::int64_t i = 0; i < shape.pool; ++i) {
        for (std::int64_t j = 0; j < shape.pool; ++j) {
          const std::int64_t at = corner + (i * shape.width * shape.pool + j) * shape.channels + c;
          const N before = Load<N>(x + at);
          const N a = Before<kRelu, N>(before);
          const N d = a == taken ? left : N{};
          left -= d;
          const N slope = by_d * d + fixed + by_x * a;
          Store<N>(kRelu ? (before > N{} ? slope : N{}) : slope, dx + at);
        }
      }
    });
  }
}

}  // namespace seam

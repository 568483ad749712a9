#pragma once

#include <memory>
#include <vector>

namespace seam {

// The discrete Fourier transform of columns that stand side by side, of any length and without a scale:
// X[k] = sum_n x[n] exp(-2 pi i k n / N). It is the mixed radix transform, decimation in time (Cooley and
// Tukey 1965), with vector instructions where the processor has them. Results are the same on every
// processor.
class ColumnFourier {
 public:
  // How many columns are transformed at a time.
  static constexpr int kLanes = 8;

  // `length`: 1 or more.
  explicit ColumnFourier(int length);
  // The same, made once for each length.
  static std::shared_ptr<const ColumnFourier> ForLength(int length);

  int length() const { return length_; }
  // Where Run() wants row `i` of its input.
  int slot(int i) const { return slots_[static_cast<std::size_t>(i)]; }

  // Real and imaginary parts, each [length, kLanes] and aligned to 64 bytes. Takes rows at their slots;
  // leaves the results in order.
  void Run(double* real, double* imaginary) const;

  // After Run() of pairs of real columns, a in `real` and b in `imaginary`: replaces them by
  // 2 (cosine[k] Re A[k] + sine[k] Im A[k]) of their transforms A and B. `cosine`, `sine`: [length].
  void RotatePairs(const std::vector<double>& cosine, const std::vector<double>& sine, double* real,
                   double* imaginary) const;

 private:
  // One radix after the other makes longer transforms of shorter ones.
  struct Stage {
    int radix = 2;
    int done = 1;                                // the length of the shorter ones
    std::vector<double> cosine, sine;            // [done, radix - 1]: turns of the shorter ones' results
    std::vector<double> root_cosine, root_sine;  // [radix]: the roots of unity
  };

  int length_;
  std::vector<Stage> stages_;
  std::vector<int> slots_;
};

}  // namespace seam

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "models/networks/fold.h"

namespace seam {

// Note [Convolutions of signs]
//
// Here a convolution's weights and its inputs are signs. The product of two signs is whether their bits are
// equal. So a sum of K products is K - 2 popcount(a XOR w) (Rastegari et al., "XNOR-Net", ECCV 2016). The
// zeros around a map have no sign. Their bits are 0, and what these add is subtracted again: it depends on
// the position at the edge alone. Two things are corrected afterwards in sums of floats: numbers that are
// exactly 0 inside a map, and the few weights between -1 and 1 that training leaves (Note [Binary weights]).
// All sums of signs are whole numbers below 2^24. So the outputs are bit for bit those of a convolution of
// floats.

// The instructions that they are counted by. They all give the same bits.
enum class BinaryKernel : std::uint8_t { kPortable, kAvx2, kAvx512 };
// Those that this processor has, the fastest last. kAvx512 needs VPOPCNTDQ.
const std::vector<BinaryKernel>& BinaryKernels();
const char* GetName(BinaryKernel kernel);

// Signs of maps [B, H, W, C], packed: words of 64 channels, pixel by pixel, with `pad` empty pixels on each
// side.
class PackedSigns {
 public:
  PackedSigns(const Shape& shape, int pad, int batch);

  std::size_t bytes() const;
  int words() const { return words_; }  // of a pixel
  int columns() const { return shape_.width + 2 * pad_; }
  int rows() const { return shape_.height + 2 * pad_; }
  int pad() const { return pad_; }
  const Shape& shape() const { return shape_; }
  int batch() const { return batch_; }
  // The words of one picture's bits.
  std::size_t plane() const;

  // Packs maps + bias [C]. `to`: bytes() bytes. First the count of numbers that are exactly 0, then each
  // picture's bits, 1 where a number is above 0. If the count is not 0, as many bits follow that are 1 where
  // a number is not 0.
  void Pack(const float* maps, const float* bias, BinaryKernel kernel, std::uint64_t* to) const;
  static constexpr std::size_t kHeader = 8;  // words before the bits

 private:
  Shape shape_;
  int pad_, batch_, words_;
};

// A step kBinaryConv, with its factors, bias and slopes, on packed signs.
class BinaryConvolution {
 public:
  // Whether it can be done: `from` is the shape of what it sees.
  static bool Fits(const FoldedStep& step, const Shape& from);

  BinaryConvolution(const FoldedStep& step, const Shape& from, int batch, BinaryKernel kernel);

  const PackedSigns& signs() const { return signs_; }
  // `to`: [B, H, W, O]. Any number of threads may call it at once.
  void Run(const std::uint64_t* packed, float* to) const;

 private:
  // A weight that is no sign: what it is more than its bit says.
  struct Mend {
    int out, row, column, channel;
    float more;
  };

  void PackWeights(const FoldedStep& step);
  void FindEdges();
  void RunPicture(const std::uint64_t* bits, bool raw, float* to) const;
  void MendFractions(const std::uint64_t* bits, const std::uint64_t* known, float* to) const;
  void MendZeros(const std::uint64_t* known, float* to) const;
  bool FindSign(int out, int row, int column, int channel) const;

  Shape from_, to_;
  ConvSpec conv_;
  PackedSigns signs_;
  BinaryKernel kernel_;
  // [O / 16][K][K * words][16]: bits of 64 channels; each 16 words are those of 16 outputs.
  std::vector<std::uint64_t> weights_;
  // What the zeros around the map have added: [16][O], by the missing rows and columns.
  std::vector<std::int32_t> edges_;
  std::vector<std::size_t> row_edges_, column_edges_;  // of each output: 1 the first is missing, 2 the last
  std::vector<float> factors_, bias_, slopes_, ones_, zeros_;
  std::vector<Mend> mends_;
};

// sign(x + bias) of each number: -1, 0 or 1.
void FindSigns(const float* from, const float* bias, std::size_t pixels, std::size_t channels, float* to);

// y = x * factor + bias of each channel, and below 0 that times the slope. `from` may be `to`.
void FinishSums(const float* from, const float* factors, const float* bias, const float* slopes,
                std::size_t pixels, std::size_t channels, float* to);

// to = a + (b * gate [* a]) * factor + bias; gate, factors and bias of each channel.
void AddGated(const float* a, const float* b, const float* gate, bool multiplies, const float* factors,
              const float* bias, std::size_t pixels, std::size_t channels, float* to);

}  // namespace seam

// The steps of OneDnnLowering that work on maps and are no layers of oneDNN.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "models/networks/onednn_lowering.h"

namespace seam {
namespace {

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

// `count` numbers, each `stride` from the one before, become v |v| / (1 + |v|^2).
void SquashInPlace(float* numbers, std::size_t count, std::size_t stride) {
  double square = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double number = numbers[i * stride];
    square += number * number;
  }
  const auto factor = static_cast<float>(std::sqrt(square) / (1 + square));
  for (std::size_t i = 0; i < count; ++i) numbers[i * stride] *= factor;
}

// Softmax of the squares of one map [height, width, channels].
struct Squares {
  std::size_t side, height, width, channels;

  void Run(const float* from, float* to) const {
    for (std::size_t y = 0; y < height; y += side) {
      for (std::size_t x = 0; x < width; x += side) {
        for (std::size_t c = 0; c < channels; ++c) RunOne(from, (y * width + x) * channels + c, to);
      }
    }
  }

 private:
  void RunOne(const float* from, std::size_t corner, float* to) const {
    const auto each = [&](const auto& work) {
      for (std::size_t i = 0; i < side * side; ++i) work(corner + ((i / side) * width + i % side) * channels);
    };
    float greatest = from[corner], total = 0;
    each([&](std::size_t at) { greatest = std::max(greatest, from[at]); });
    each([&](std::size_t at) { total += to[at] = std::exp(from[at] - greatest); });
    each([&](std::size_t at) { to[at] /= total; });
  }
};

// RoutingSpec, of one picture.
struct Router {
  std::size_t capsules, classes, numbers;
  int iterations;

  void Run(const float* predictions, float* to) const {
    const std::size_t row = classes * numbers;
    std::vector<float> agreement(capsules * row, 0), shares(capsules);
    for (int i = 0; i < iterations; ++i) {
      for (std::size_t k = 0; k < row; ++k) {
        float greatest = agreement[k], total = 0, sum = 0;
        for (std::size_t c = 0; c < capsules; ++c) greatest = std::max(greatest, agreement[c * row + k]);
        for (std::size_t c = 0; c < capsules; ++c)
          total += shares[c] = std::exp(agreement[c * row + k] - greatest);
        for (std::size_t c = 0; c < capsules; ++c) sum += shares[c] / total * predictions[c * row + k];
        to[k] = sum;
      }
      for (std::size_t one = 0; one < classes; ++one) SquashInPlace(to + one * numbers, numbers, 1);
      for (std::size_t k = 0; k < agreement.size(); ++k) agreement[k] += predictions[k] * to[k % row];
    }
  }
};

std::size_t Size(int number) { return static_cast<std::size_t>(number); }

}  // namespace

void OneDnnLowering::AnswerWithMap(int step, const Value& value) {
  values_[Size(step)] = type_ == Type::f32 ? value : Reordered(value, MapDesc(At(step).shape));
}

void OneDnnLowering::LowerByKernel(int step, OneDnnProgram::JoiningKernel kernel) {
  const FoldedStep& it = At(step);
  std::vector<int> from;
  for (const int input : it.inputs) from.push_back(Floats(input).storage);
  memory::desc desc = MapDesc(it.shape);
  desc.data.data_type = dnnl_f32;
  const Value made = {program_.NewStorage(desc.get_size()), desc};
  program_.AddKernel(std::move(kernel), std::move(from), made.storage);
  AnswerWithMap(step, made);
}

// Channel by channel: first the rows by `across`, then the columns by `down`.
void OneDnnLowering::LowerTransform(int step) {
  const FoldedStep& it = At(step);
  const Shape& in = At(it.inputs[0]).shape;
  const std::int64_t maps = std::int64_t{batch_} * in.channels, height = it.shape.height,
                     width = it.shape.width;
  const Value from =
      Reordered(GetValue(it.inputs[0]), {{batch_, in.channels, in.height, in.width}, Type::f32, Tag::nchw});
  const memory::desc rows = RowsDesc(maps * in.height, in.width), wide = RowsDesc(maps * in.height, width),
                     across({in.width, width}, Type::f32, memory::dims{1, in.width}),
                     down = RowsDesc(height, in.height), one = RowsDesc(in.height, width),
                     made_one = RowsDesc(height, width);
  const int between = program_.NewStorage(wide.get_size());
  const dnnl::matmul::primitive_desc first(dnnl::matmul::desc(rows, across, wide), PrimitiveAttributes(),
                                           engine_),
      second(dnnl::matmul::desc(down, one, made_one), PrimitiveAttributes(), engine_);
  program_.Add(dnnl::matmul(first), first.scratchpad_desc(),
               {{DNNL_ARG_SRC, rows, from.storage, 0, {}},
                Weights(DNNL_ARG_WEIGHTS, it.matrices.across, across, across),
                {DNNL_ARG_DST, wide, between, 0, {}}});
  const memory::desc planes({batch_, it.shape.channels, height, width}, Type::f32, Tag::nchw);
  const Value made = {program_.NewStorage(planes.get_size()), planes};
  const Operand left = Weights(DNNL_ARG_SRC, it.matrices.down, down, down);
  for (std::int64_t map = 0; map < maps; ++map) {
    const auto offset = [&](const memory::desc& desc) {
      return static_cast<std::size_t>(map) * desc.get_size();
    };
    program_.Add(dnnl::matmul(second), second.scratchpad_desc(),
                 {left,
                  {DNNL_ARG_WEIGHTS, one, between, offset(one), {}},
                  {DNNL_ARG_DST, made_one, made.storage, offset(made_one), {}}});
  }
  values_[Size(step)] = Reordered(made, MapDesc(it.shape));
}

void OneDnnLowering::LowerBandFilter(int step) {
  const FoldedStep& it = At(step);
  LowerByKernel(step, [factors = it.weight, channels = Size(it.shape.channels), batch = batch_](
                          const std::vector<const float*>& from, float* to) {
    const float* x = from[0];
    for (int picture = 0; picture < batch; ++picture) {
      for (const float factor : factors) {
        for (std::size_t c = 0; c < channels; ++c) *to++ = *x++ * factor;
      }
    }
  });
}

void OneDnnLowering::LowerChannelMax(int step) {
  const Shape& in = At(At(step).inputs[0]).shape;
  const std::size_t pixels = Size(batch_) * Size(in.height) * Size(in.width), channels = Size(in.channels);
  LowerByKernel(step, [pixels, channels](const std::vector<const float*>& from, float* to) {
    const float* x = from[0];
    for (std::size_t i = 0; i < pixels; ++i, x += channels) to[i] = *std::max_element(x, x + channels);
  });
}

// One factor a pixel.
void OneDnnLowering::LowerPixelScale(int step) {
  const Shape& shape = At(step).shape;
  const std::size_t pixels = Size(batch_) * Size(shape.height) * Size(shape.width),
                    channels = Size(shape.channels);
  LowerByKernel(step, [pixels, channels](const std::vector<const float*>& from, float* to) {
    const float* x = from[0];
    for (std::size_t i = 0; i < pixels; ++i) {
      const float factor = from[1][i];
      for (std::size_t c = 0; c < channels; ++c) *to++ = *x++ * factor;
    }
  });
}

void OneDnnLowering::LowerGlobalDeviation(int step) {
  const Shape& in = At(At(step).inputs[0]).shape;
  const std::size_t pixels = Size(in.height) * Size(in.width), channels = Size(in.channels);
  LowerByKernel(step, [pixels, channels, batch = batch_](const std::vector<const float*>& from, float* to) {
    for (int picture = 0; picture < batch; ++picture) {
      const float* x = from[0] + Size(picture) * pixels * channels;
      std::vector<double> means(channels, 0), squares(channels, 0);
      for (std::size_t i = 0; i < pixels * channels; ++i)
        means[i % channels] += static_cast<double>(x[i]) / static_cast<double>(pixels);
      for (std::size_t i = 0; i < pixels * channels; ++i) {
        const double off = x[i] - means[i % channels];
        squares[i % channels] += off * off;
      }
      for (const double square : squares)
        *to++ = static_cast<float>(std::sqrt(square / static_cast<double>(pixels - 1)));
    }
  });
}

void OneDnnLowering::LowerWindowSoftmax(int step) {
  const FoldedStep& it = At(step);
  const Squares squares{Size(it.conv.kernel), Size(it.shape.height), Size(it.shape.width),
                        Size(it.shape.channels)};
  const auto numbers = static_cast<std::size_t>(it.shape.numbers());
  LowerByKernel(step, [squares, numbers, batch = batch_](const std::vector<const float*>& from, float* to) {
    for (int picture = 0; picture < batch; ++picture)
      squares.Run(from[0] + Size(picture) * numbers, to + Size(picture) * numbers);
  });
}

void OneDnnLowering::LowerSquash(int step) {
  const FoldedStep& it = At(step);
  const std::size_t numbers = Size(it.shape.channels), rows = Size(it.rows), columns = numbers / rows;
  LowerByKernel(step, [=, batch = batch_](const std::vector<const float*>& from, float* to) {
    std::copy_n(from[0], Size(batch) * numbers, to);
    for (int picture = 0; picture < batch; ++picture, to += numbers) {
      for (std::size_t column = 0; column < columns; ++column) SquashInPlace(to + column, rows, columns);
    }
  });
}

void OneDnnLowering::LowerRouting(int step) {
  const FoldedStep& it = At(step);
  const RoutingSpec& spec = it.routing;
  const std::size_t numbers = Size(it.shape.channels);
  const Router router{Size(spec.capsules), Size(spec.classes), numbers / Size(spec.classes), spec.iterations};
  LowerByKernel(step, [=, batch = batch_](const std::vector<const float*>& from, float* to) {
    for (int picture = 0; picture < batch; ++picture)
      router.Run(from[0] + Size(picture) * router.capsules * numbers, to + Size(picture) * numbers);
  });
}

}  // namespace seam

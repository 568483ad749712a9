// The steps of OneDnnLowering that work on sequences of tokens.

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/error.h"
#include "models/networks/onednn_lowering.h"

namespace seam {
namespace {

using dnnl::memory;
using Type = memory::data_type;
using Tag = memory::format_tag;

std::size_t GetBytes(const memory::desc& desc) { return dnnl::memory::data_type_size(desc.data_type()); }

// Rows of a matrix that lies within a wider one.
memory::desc Within(std::int64_t rows, std::int64_t columns, Type type, std::int64_t stride) {
  return {memory::dims{rows, columns}, type, memory::dims{stride, 1}};
}

// Turns queries and keys, [rows, 3 * channels], in place: a pair of neighbours by the angle of its row.
struct Rotation {
  std::size_t rows, channels, heads;
  std::vector<float> cosines, sines;  // [rows, channels / heads / 2]

  void Run(float* numbers) const {
    constexpr std::size_t kTurned = 2, kParts = 3;
    const std::size_t pairs = channels / heads / 2;
    for (std::size_t row = 0; row < rows; ++row) {
      const float* c = &cosines[row * pairs];
      const float* s = &sines[row * pairs];
      for (std::size_t part = 0; part < kTurned * heads; ++part) {
        float* x = numbers + row * kParts * channels + part * 2 * pairs;
        for (std::size_t i = 0; i < pairs; ++i) {
          const float even = x[2 * i], odd = x[2 * i + 1];
          x[2 * i] = even * c[i] - odd * s[i];
          x[2 * i + 1] = odd * c[i] + even * s[i];
        }
      }
    }
  }
};

// One query attends to all keys: keys and values [rows, 2 * channels] -> [channels].
struct Pool {
  std::size_t rows, channels, heads;
  std::vector<float> query;

  void Run(const float* from, float* to) const {
    const std::size_t width = channels / heads;
    const float scale = 1 / std::sqrt(static_cast<float>(width));
    std::vector<float> weights(rows);
    for (std::size_t head = 0; head < heads; ++head) {
      const float* q = &query[head * width];
      const float* keys = from + head * width;
      for (std::size_t row = 0; row < rows; ++row) {
        float sum = 0;
        for (std::size_t i = 0; i < width; ++i) sum += q[i] * keys[row * 2 * channels + i];
        weights[row] = sum * scale;
      }
      const float greatest = *std::max_element(weights.begin(), weights.end());
      float total = 0;
      for (float& weight : weights) total += weight = std::exp(weight - greatest);
      float* out = to + head * width;
      std::fill_n(out, width, 0.0F);
      for (std::size_t row = 0; row < rows; ++row) {
        const float* value = keys + channels + row * 2 * channels;
        for (std::size_t i = 0; i < width; ++i) out[i] += weights[row] / total * value[i];
      }
    }
  }
};

}  // namespace

bool OneDnnLowering::FeedsProducts(int step) const {
  if (step == graph_.features) return false;
  const auto named = [&](const FoldedOutput& output) { return output.step == step; };
  if (std::any_of(graph_.outputs.begin(), graph_.outputs.end(), named)) return false;
  bool read = false;
  for (int reader = step + 1; reader < static_cast<int>(graph_.steps.size()); ++reader) {
    const FoldedStep& it = At(reader);
    if (std::find(it.inputs.begin(), it.inputs.end(), step) == it.inputs.end()) continue;
    const bool multiplies = (it.op == Op::kLinear && (it.inputs.size() == 1 || it.inputs[1] != step)) ||
                            (it.op == Op::kAttention && it.attention.angles.empty()) ||
                            (it.op == Op::kFirstStep && FeedsProducts(reader));
    if (!multiplies) return false;
    read = true;
  }
  return read;
}

OneDnnLowering::Value OneDnnLowering::Floats(int step) {
  const Value& value = GetValue(step);
  if (value.desc.data_type() == Type::f32) return value;
  memory::desc floats = value.desc;
  floats.data.data_type = dnnl_f32;
  return Reordered(value, floats);
}

void OneDnnLowering::AnswerWith(int step, const Value& value) {
  const bool as_it_is = type_ == value.desc.data_type() || !FeedsProducts(step);
  values_[static_cast<std::size_t>(step)] =
      as_it_is ? value : Reordered(value, RowsDesc(value.desc.dims()[0], value.desc.dims()[1], type_));
}

// A map lies channels last, so its places are the rows already.
void OneDnnLowering::LowerTokens(int step) {
  const FoldedStep& it = At(step);
  if (batch_ != 1) throw Error("network", "sequences of several pictures at once are not known here");
  const Value& map = GetValue(it.inputs[0]);
  values_[static_cast<std::size_t>(step)] = {
      map.storage, RowsDesc(it.shape.steps, it.shape.channels, map.desc.data_type())};
}

void OneDnnLowering::LowerPrepend(int step) {
  const FoldedStep& it = At(step);
  const Value& from = GetValue(it.inputs[0]);
  const std::int64_t channels = it.shape.channels, rows = from.desc.dims()[0], first = it.shape.steps - rows;
  Answer(step, RowsDesc(it.shape.steps, channels));
  const auto copy = [&](const Operand& source, std::int64_t count, std::size_t offset) {
    const memory::desc target = RowsDesc(count, channels);
    const dnnl::reorder::primitive_desc made(engine_, source.desc, engine_, target, PrimitiveAttributes());
    program_.Add(dnnl::reorder(made), made.scratchpad_desc(),
                 {source, {DNNL_ARG_TO, target, GetValue(step).storage, offset, {}}});
  };
  const memory::desc lead = RowsDesc(first, channels);
  copy(Weights(DNNL_ARG_FROM, it.weight, lead, lead), first, 0);
  copy(InArena(DNNL_ARG_FROM, it.inputs[0]), rows, lead.get_size());
}

void OneDnnLowering::LowerPositions(int step) {
  const FoldedStep& it = At(step);
  const Value from = Floats(it.inputs[0]);
  const dnnl::binary::primitive_desc made(
      dnnl::binary::desc(dnnl::algorithm::binary_add, from.desc, from.desc, from.desc), PrimitiveAttributes(),
      engine_);
  Answer(step, from.desc);
  program_.Add(dnnl::binary(made), made.scratchpad_desc(),
               {{DNNL_ARG_SRC_0, from.desc, from.storage, 0, {}},
                Weights(DNNL_ARG_SRC_1, it.weight, from.desc, from.desc),
                InArena(DNNL_ARG_DST, step)});
}

void OneDnnLowering::LowerLayerNorm(int step) {
  const FoldedStep& it = At(step);
  const Value from = Floats(it.inputs[0]);
  const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
  const dnnl::layer_normalization_forward::primitive_desc made(
      dnnl::layer_normalization_forward::desc(kInference, from.desc, static_cast<float>(it.norm.eps), flags),
      PrimitiveAttributes(), engine_);
  const Value made_value = {program_.NewStorage(from.desc.get_size()), from.desc};
  program_.Add(dnnl::layer_normalization_forward(made), made.scratchpad_desc(),
               {{DNNL_ARG_SRC, from.desc, from.storage, 0, {}},
                {DNNL_ARG_DST, from.desc, made_value.storage, 0, {}},
                Vector(DNNL_ARG_SCALE, it.weight),
                Vector(DNNL_ARG_SHIFT, it.bias)});
  AnswerWith(step, made_value);
}

// Head by head, and by no more than so many queries, so that the weights of a head stay in the cache between
// the products.
void OneDnnLowering::LowerAttention(int step) {
  constexpr std::int64_t kParts = 3, kMostQueries = 512;
  const FoldedStep& it = At(step);
  const std::int64_t channels = it.shape.channels, heads = it.attention.heads, width = channels / heads,
                     rows = it.shape.steps, stride = kParts * channels;
  Value from = GetValue(it.inputs[0]);
  if (!it.attention.angles.empty()) {
    from = Floats(it.inputs[0]);
    if (from.storage == GetValue(it.inputs[0]).storage && !DiesAt(it.inputs[0], step))
      from = Reordered(from, from.desc);
    auto rotation = std::make_shared<Rotation>();
    rotation->rows = static_cast<std::size_t>(rows);
    rotation->channels = static_cast<std::size_t>(channels);
    rotation->heads = static_cast<std::size_t>(heads);
    for (const float angle : it.attention.angles) {
      rotation->cosines.push_back(std::cos(angle));
      rotation->sines.push_back(std::sin(angle));
    }
    program_.AddKernel([rotation](const float* /*numbers*/, float* numbers) { rotation->Run(numbers); },
                       from.storage, from.storage);
  }
  const Type type = from.desc.data_type();
  // Of floats come floats; of bfloat16 what is wanted.
  const Type answered = type == Type::f32 || !FeedsProducts(step) ? Type::f32 : type;
  const Value made = {program_.NewStorage(RowsDesc(rows, channels, answered).get_size()),
                      RowsDesc(rows, channels, answered)};
  const std::int64_t blocks = (rows + kMostQueries - 1) / kMostQueries, block = (rows + blocks - 1) / blocks;
  const int scores = program_.NewStorage(RowsDesc(block, rows).get_size()),
            weights =
                type == Type::f32 ? scores : program_.NewStorage(RowsDesc(block, rows, type).get_size());
  const std::size_t number = GetBytes(from.desc), answer_number = GetBytes(made.desc);
  for (std::int64_t head = 0; head < heads; ++head) {
    const auto column = static_cast<std::size_t>(head * width);
    for (std::int64_t first = 0; first < rows; first += block) {
      const std::int64_t queries = std::min(block, rows - first);
      const memory::desc query = Within(queries, width, type, stride),
                         key({width, rows}, type, memory::dims{1, stride}),
                         value = Within(rows, width, type, stride), score = RowsDesc(queries, rows),
                         weight = RowsDesc(queries, rows, type),
                         target = Within(queries, width, answered, channels);
      dnnl::primitive_attr scaled = PrimitiveAttributes();
      scaled.set_output_scales(0, {1 / std::sqrt(static_cast<float>(width))});
      const dnnl::matmul::primitive_desc product(dnnl::matmul::desc(query, key, score), scaled, engine_);
      const dnnl::softmax_v2_forward::primitive_desc softmax(
          dnnl::softmax_v2_forward::desc(kInference, dnnl::algorithm::softmax_accurate, score, weight, 1),
          PrimitiveAttributes(), engine_);
      const dnnl::matmul::primitive_desc sum(dnnl::matmul::desc(weight, value, target), PrimitiveAttributes(),
                                             engine_);
      const auto row = static_cast<std::size_t>(first);
      const auto part = [&](std::size_t which, std::size_t at) {
        return (at * static_cast<std::size_t>(stride) + which * static_cast<std::size_t>(channels) + column) *
               number;
      };
      program_.Add(dnnl::matmul(product), product.scratchpad_desc(),
                   {{DNNL_ARG_SRC, query, from.storage, part(0, row), {}},
                    {DNNL_ARG_WEIGHTS, key, from.storage, part(1, 0), {}},
                    {DNNL_ARG_DST, score, scores, 0, {}}});
      program_.Add(dnnl::softmax_v2_forward(softmax), softmax.scratchpad_desc(),
                   {{DNNL_ARG_SRC, score, scores, 0, {}}, {DNNL_ARG_DST, weight, weights, 0, {}}});
      program_.Add(dnnl::matmul(sum), sum.scratchpad_desc(),
                   {{DNNL_ARG_SRC, weight, weights, 0, {}},
                    {DNNL_ARG_WEIGHTS, value, from.storage, part(2, 0), {}},
                    {DNNL_ARG_DST,
                     target,
                     made.storage,
                     (row * static_cast<std::size_t>(channels) + column) * answer_number,
                     {}}});
    }
  }
  AnswerWith(step, made);
}

void OneDnnLowering::LowerAttentionPool(int step) {
  const FoldedStep& it = At(step);
  const Value from = Floats(it.inputs[0]);
  auto pool = std::make_shared<Pool>();
  pool->rows = static_cast<std::size_t>(from.desc.dims()[0]);
  pool->channels = static_cast<std::size_t>(it.shape.channels);
  pool->heads = static_cast<std::size_t>(it.attention.heads);
  pool->query = it.weight;
  Answer(step, RowsDesc(1, it.shape.channels));
  program_.AddKernel([pool](const float* source, float* target) { pool->Run(source, target); }, from.storage,
                     GetValue(step).storage);
}

void OneDnnLowering::LowerFirstStep(int step) {
  const FoldedStep& it = At(step);
  const memory::desc row = RowsDesc(1, it.shape.channels, GetValue(it.inputs[0]).desc.data_type());
  const dnnl::reorder::primitive_desc made(engine_, row, engine_, row, PrimitiveAttributes());
  Answer(step, row);
  Operand from = InArena(DNNL_ARG_FROM, it.inputs[0]);
  from.desc = row;
  program_.Add(dnnl::reorder(made), made.scratchpad_desc(), {from, InArena(DNNL_ARG_TO, step)});
}

void OneDnnLowering::LowerChannelScale(int step) {
  const FoldedStep& it = At(step);
  const Value from = Floats(it.inputs[0]);
  const memory::desc channels = RowsDesc(1, it.shape.channels);
  const dnnl::binary::primitive_desc made(
      dnnl::binary::desc(dnnl::algorithm::binary_mul, from.desc, channels, from.desc), PrimitiveAttributes(),
      engine_);
  Answer(step, from.desc);
  program_.Add(dnnl::binary(made), made.scratchpad_desc(),
               {{DNNL_ARG_SRC_0, from.desc, from.storage, 0, {}},
                Weights(DNNL_ARG_SRC_1, it.weight, channels, channels),
                InArena(DNNL_ARG_DST, step)});
}

// The rows of a sequence are the pixels of a map that lies channels last.
void OneDnnLowering::LowerMap(int step) {
  const FoldedStep& it = At(step);
  const Value from = Floats(it.inputs[0]);
  AnswerWithMap(
      step, {from.storage, {{1, it.shape.channels, it.shape.height, it.shape.width}, Type::f32, Tag::nhwc}});
}

void OneDnnLowering::LowerProduct(int step) {
  const FoldedStep& it = At(step);
  const Value left = Floats(it.inputs[0]), right = Floats(it.inputs[1]);
  const std::int64_t rows = left.desc.dims()[0], inner = left.desc.dims()[1], columns = it.shape.channels;
  const memory::desc target = RowsDesc(rows, columns),
                     weights({inner, columns}, Type::f32,
                             it.transposed ? memory::dims{1, inner} : memory::dims{columns, 1});
  const dnnl::matmul::primitive_desc made(dnnl::matmul::desc(left.desc, weights, target),
                                          PrimitiveAttributes(), engine_);
  Answer(step, target);
  program_.Add(dnnl::matmul(made), made.scratchpad_desc(),
               {{DNNL_ARG_SRC, left.desc, left.storage, 0, {}},
                {DNNL_ARG_WEIGHTS, weights, right.storage, 0, {}},
                InArena(DNNL_ARG_DST, step)});
}

void OneDnnLowering::LowerSoftmax(int step) {
  const Value from = Floats(At(step).inputs[0]);
  const dnnl::softmax_v2_forward::primitive_desc made(
      dnnl::softmax_v2_forward::desc(kInference, dnnl::algorithm::softmax_accurate, from.desc, from.desc, 1),
      PrimitiveAttributes(), engine_);
  Answer(step, from.desc);
  program_.Add(dnnl::softmax_v2_forward(made), made.scratchpad_desc(),
               {{DNNL_ARG_SRC, from.desc, from.storage, 0, {}}, InArena(DNNL_ARG_DST, step)});
}

void OneDnnLowering::LowerUnitLength(int step) {
  const FoldedStep& it = At(step);
  const Value from = Floats(it.inputs[0]);
  const auto channels = static_cast<std::size_t>(it.shape.channels),
             rows = static_cast<std::size_t>(from.desc.dims()[0]);
  Answer(step, from.desc);
  program_.AddKernel(
      [channels, rows](const float* source, float* target) {
        constexpr double kLeast = 1e-12;
        for (std::size_t row = 0; row < rows; ++row, source += channels, target += channels) {
          double sum = 0;
          for (std::size_t i = 0; i < channels; ++i) sum += static_cast<double>(source[i]) * source[i];
          const auto factor = static_cast<float>(1 / std::max(std::sqrt(sum), kLeast));
          for (std::size_t i = 0; i < channels; ++i) target[i] = source[i] * factor;
        }
      },
      from.storage, GetValue(step).storage);
}

}  // namespace seam

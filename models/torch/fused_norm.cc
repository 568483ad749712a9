#include "models/torch/fused_norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "models/torch/fused_norm_kernels.h"

namespace seam {
namespace {

constexpr std::int64_t kStretch = 64;       // numbers at least in a stretch of rows
constexpr std::int64_t kBlock = 16 * 1024;  // numbers, about, in a block that one thread adds up

// A map's numbers as stretches of whole rows, and blocks of those.
struct Blocks {
  Blocks(std::int64_t numbers, std::int64_t row)
      : stretch(row * ((kStretch + row - 1) / row)), size(stretch * ((kBlock + stretch - 1) / stretch)) {
    total = numbers;
    count = (numbers + size - 1) / size;
  }
  std::int64_t stretch, size, total, count;
};

// work(begin, length) for the stretches of block `block`.
template <class Work>
SEAM_INLINE void ForStretches(const Blocks& blocks, std::int64_t block, const Work& work) {
  const std::int64_t end = std::min(blocks.total, (block + 1) * blocks.size);
  for (std::int64_t at = block * blocks.size; at < end; at += blocks.stretch) {
    work(at, std::min(blocks.stretch, end - at));
  }
}

// work(begin, length) for all of them, on all threads.
template <class Work>
void OverStretches(const Blocks& blocks, const Work& work) {
  at::parallel_for(0, blocks.count, 1, [&](std::int64_t begin, std::int64_t end) {
    WithVectors([&]() SEAM_ALWAYS_INLINE {
      for (std::int64_t block = begin; block < end; ++block) ForStretches(blocks, block, work);
    });
  });
}

// For each channel the sums of two numbers that add(begin, length, sums, products) adds up along a stretch:
// by the thousands in T, and these in double in a fixed order.
template <class T, class Add>
std::vector<double> TwoSums(const Blocks& blocks, std::int64_t channels, const Add& add) {
  const auto width = static_cast<std::size_t>(2 * blocks.stretch);
  std::vector<T> partial(width * static_cast<std::size_t>(blocks.count));
  at::parallel_for(0, blocks.count, 1, [&](std::int64_t begin, std::int64_t end) {
    WithVectors([&]() SEAM_ALWAYS_INLINE {
      for (std::int64_t block = begin; block < end; ++block) {
        T* sums = partial.data() + block * 2 * blocks.stretch;
        ForStretches(blocks, block, [&](std::int64_t at, std::int64_t length) SEAM_ALWAYS_INLINE {
          add(at, length, sums, sums + blocks.stretch);
        });
      }
    });
  });
  std::vector<double> whole(static_cast<std::size_t>(2 * channels));
  for (std::size_t i = 0; i < partial.size(); ++i) {
    const auto place = static_cast<std::int64_t>(i % width);
    const std::int64_t channel = place % blocks.stretch % channels;
    whole[static_cast<std::size_t>(place < blocks.stretch ? channel : channels + channel)] += partial[i];
  }
  return whole;
}

struct Settings : torch::CustomClassHolder {
  Settings(const NormChain& of_chain, const NormSpec& of_norm, bool tracks, SumOverProcesses over)
      : chain(of_chain), norm(of_norm), track(tracks), sum(std::move(over)) {}
  NormChain chain;
  NormSpec norm;
  bool track;
  SumOverProcesses sum;
};

// Sums over the processes, where there are several.
void SumUp(const SumOverProcesses& sum, std::vector<double>* numbers) {
  if (!sum) return;
  torch::Tensor tensor =
      torch::from_blob(numbers->data(), {static_cast<std::int64_t>(numbers->size())}, torch::kDouble);
  sum(&tensor);
}

// Of the batch: its numbers a channel, over all processes, and each channel's mean and variance.
struct Moments {
  double count = 0;
  std::vector<double> mean, variance;
};

std::vector<double> Doubles(const torch::Tensor& tensor) {
  const torch::Tensor wide = tensor.detach().to(torch::kDouble).contiguous();
  return {wide.data_ptr<double>(), wide.data_ptr<double>() + wide.numel()};
}

// Channels last, whatever came.
torch::Tensor ChannelsLast(const torch::Tensor& x) { return x.contiguous(torch::MemoryFormat::ChannelsLast); }

// The distances are taken from the mean of a few rows, so that the squares lose nothing when the mean is far
// from 0.
template <bool kRelu, class T>
Moments ComputeMoments(const torch::Tensor& x, const SumOverProcesses& sum) {
  const std::int64_t channels = x.size(1), rows = x.numel() / channels;
  const T* data = x.data_ptr<T>();
  std::vector<double> centre(static_cast<std::size_t>(channels));
  constexpr std::int64_t kSome = 64;
  const std::int64_t some = std::min(rows, kSome);
  for (std::int64_t i = 0; i < some; ++i) {
    const T* row = data + rows * i / some * channels;
    for (std::int64_t c = 0; c < channels; ++c)
      centre[static_cast<std::size_t>(c)] += Before<kRelu>(row[c]) / some;
  }
  const Blocks blocks(x.numel(), channels);
  const Stretch<T> centres(centre, blocks.stretch);
  auto sums = TwoSums<T>(blocks, channels,
                         [&](std::int64_t at, std::int64_t length, T* one, T* two) SEAM_ALWAYS_INLINE {
                           AddMoments<kRelu, T>(data + at, centres, length, one, two);
                         });
  // Of several processes: counts, sums and sums of squares, in doubles.
  const auto own = static_cast<double>(rows);
  std::vector<double> all = {own};
  for (std::int64_t c = 0; c < 2 * channels; ++c) {
    const auto i = static_cast<std::size_t>(c % channels);
    const double shift = sums[i] / own;
    const double mean = static_cast<double>(static_cast<T>(centre[i])) + shift;
    if (c < channels)
      all.push_back(own * mean);
    else
      all.push_back(sums[static_cast<std::size_t>(c)] - own * shift * shift + own * mean * mean);
  }
  SumUp(sum, &all);
  Moments moments;
  moments.count = all[0];
  for (std::size_t c = 1; c <= static_cast<std::size_t>(channels); ++c) {
    const double mean = all[c] / all[0];
    moments.mean.push_back(mean);
    moments.variance.push_back(
        std::max(0.0, all[c + static_cast<std::size_t>(channels)] / all[0] - mean * mean));
  }
  return moments;
}

// running = (1 - momentum) * running + momentum * factor * values
void Move(const torch::Tensor& running, const std::vector<double>& values, double factor, double momentum) {
  const torch::NoGradGuard no_grad;
  running.detach().mul_(1 - momentum).add_(torch::tensor(values, running.options()), momentum * factor);
}

// What one step of training needs of a norm: z = scale * a + shift.
struct Affine {
  std::vector<double> mean, inverse, scale, shift;
};

Affine MakeAffine(const Moments& moments, double eps, const torch::Tensor& weight,
                  const torch::Tensor& bias) {
  Affine affine{moments.mean, {}, Doubles(weight), Doubles(bias)};
  for (std::size_t c = 0; c < affine.mean.size(); ++c) {
    affine.inverse.push_back(1 / std::sqrt(moments.variance[c] + eps));
    affine.scale[c] *= affine.inverse[c];
    affine.shift[c] -= affine.mean[c] * affine.scale[c];
  }
  return affine;
}

torch::Tensor AsTensor(const std::vector<double>& numbers, const torch::Tensor& like) {
  return torch::tensor(numbers, torch::kDouble).to(like.scalar_type());
}

template <bool kRelu, Activation kActivation, class T>
torch::Tensor Forward(const torch::Tensor& x, const Affine& affine) {
  torch::Tensor y = torch::empty_like(x);
  const Blocks blocks(x.numel(), x.size(1));
  const Stretch<T> scale(affine.scale, blocks.stretch), shift(affine.shift, blocks.stretch);
  const T* from = x.data_ptr<T>();
  T* to = y.data_ptr<T>();
  OverStretches(blocks, [&](std::int64_t at, std::int64_t length) SEAM_ALWAYS_INLINE {
    Apply<kRelu, kActivation, T>(from + at, scale, shift, length, to + at);
  });
  return y;
}

// Calls row(n, i) for the rows of windows of all pictures, on all threads.
template <class Row>
void OverRows(std::int64_t rows, const Row& row) {
  at::parallel_for(0, rows, 1, [&](std::int64_t begin, std::int64_t end) {
    WithVectors([&]() SEAM_ALWAYS_INLINE {
      for (std::int64_t i = begin; i < end; ++i) row(i);
    });
  });
}

// -> what the windows take, and z there: both [B, C, H / pool, W / pool].
template <bool kRelu, class T>
std::pair<torch::Tensor, torch::Tensor> ForwardPooled(const torch::Tensor& x, const Affine& affine,
                                                      int pool) {
  torch::Tensor y = torch::empty({x.size(0), x.size(1), x.size(2) / pool, x.size(3) / pool}, x.options(),
                                 torch::MemoryFormat::ChannelsLast);
  torch::Tensor best = torch::empty_like(y);
  const PoolShape shape{y.size(3), x.size(1), pool};
  const std::int64_t out = shape.width * shape.channels, in = out * pool * pool;
  const Stretch<T> scale(affine.scale, shape.channels), shift(affine.shift, shape.channels);
  const T* from = x.data_ptr<T>();
  T *to = y.data_ptr<T>(), *kept = best.data_ptr<T>();
  OverRows(y.size(0) * y.size(2), [&](std::int64_t row) SEAM_ALWAYS_INLINE {
    PoolRow<kRelu, T>(shape, from + row * in, scale, shift, kept + row * out, to + row * out);
  });
  return {best, y};
}

// The coefficients of dx = of_d * d + constant + of_x * a; the paper's algorithm's gradient, sorted by them.
struct Slopes {
  std::vector<double> of_d, constant, of_x;
};

Slopes ComputeSlopes(const Affine& affine, const std::vector<double>& sums, double count) {
  Slopes slopes;
  const std::size_t channels = affine.scale.size();
  for (std::size_t c = 0; c < channels; ++c) {
    const double of_x = -affine.scale[c] * affine.inverse[c] * affine.inverse[c] * sums[channels + c] / count;
    slopes.of_d.push_back(affine.scale[c]);
    slopes.of_x.push_back(of_x);
    slopes.constant.push_back(-affine.scale[c] * sums[c] / count - of_x * affine.mean[c]);
  }
  return slopes;
}

// The gradients of weight and bias are of this process's batch alone: they are summed with all others.
struct Gradients {
  torch::Tensor x;
  std::vector<double> weight, bias;
};

Gradients WithWeights(torch::Tensor dx, const Affine& affine, const std::vector<double>& sums) {
  const std::size_t channels = affine.scale.size();
  Gradients gradients{std::move(dx), {}, {}};
  for (std::size_t c = 0; c < channels; ++c) {
    gradients.bias.push_back(sums[c]);
    gradients.weight.push_back(sums[channels + c] * affine.inverse[c]);
  }
  return gradients;
}

// Of d and d * (a - mean), where d = dy times the slope of the activation, which is written down.
template <bool kRelu, Activation kActivation, class T>
std::vector<double> ComputeSums(const T* dy, const T* x, const Affine& affine, const Blocks& blocks, T* d) {
  const auto channels = static_cast<std::int64_t>(affine.mean.size());
  const Stretch<T> mean(affine.mean, blocks.stretch), scale(affine.scale, blocks.stretch),
      shift(affine.shift, blocks.stretch);
  return TwoSums<T>(
      blocks, channels, [&](std::int64_t at, std::int64_t length, T* one, T* two) SEAM_ALWAYS_INLINE {
        AddProducts<kRelu, kActivation, T>(dy + at, x + at, mean, scale, shift, length, d + at, one, two);
      });
}

template <bool kRelu, Activation kActivation, class T>
Gradients Backward(const torch::Tensor& dy, const torch::Tensor& x, const Affine& affine, double count,
                   const SumOverProcesses& sum) {
  torch::Tensor dx = torch::empty_like(x);
  const Blocks blocks(x.numel(), x.size(1));
  const T* from = x.data_ptr<T>();
  T* to = dx.data_ptr<T>();
  const auto own = ComputeSums<kRelu, kActivation, T>(dy.data_ptr<T>(), from, affine, blocks, to);
  auto sums = own;
  SumUp(sum, &sums);
  const Slopes slopes = ComputeSlopes(affine, sums, count);
  const Stretch<T> of_d(slopes.of_d, blocks.stretch), constant(slopes.constant, blocks.stretch),
      of_x(slopes.of_x, blocks.stretch);
  const T* d = kActivation != Activation::kNone ? to : dy.data_ptr<T>();
  OverStretches(blocks, [&](std::int64_t at, std::int64_t length) SEAM_ALWAYS_INLINE {
    Differentiate<kRelu, T>(d + at, from + at, of_d, constant, of_x, length, to + at);
  });
  return WithWeights(std::move(dx), affine, own);
}

template <bool kRelu, class T>
Gradients BackwardPooled(const torch::Tensor& dy, const torch::Tensor& x, const torch::Tensor& best,
                         const Affine& affine, double count, int pool, const SumOverProcesses& sum) {
  torch::Tensor dx = torch::empty_like(x);
  const PoolShape shape{best.size(3), x.size(1), pool};
  // `best` is behind the ReLU already.
  const auto own = ComputeSums<false, Activation::kNone, T>(dy.data_ptr<T>(), best.data_ptr<T>(), affine,
                                                            Blocks(best.numel(), shape.channels), nullptr);
  auto sums = own;
  SumUp(sum, &sums);
  const Slopes slopes = ComputeSlopes(affine, sums, count);
  const Stretch<T> of_d(slopes.of_d, shape.channels), constant(slopes.constant, shape.channels),
      of_x(slopes.of_x, shape.channels);
  const std::int64_t out = shape.width * shape.channels, in = out * pool * pool;
  const T *given = dy.data_ptr<T>(), *kept = best.data_ptr<T>(), *from = x.data_ptr<T>();
  T* to = dx.data_ptr<T>();
  OverRows(best.size(0) * best.size(2), [&](std::int64_t row) SEAM_ALWAYS_INLINE {
    UnpoolRow<kRelu, T>(shape, given + row * out, kept + row * out, from + row * in, of_d, constant, of_x,
                        to + row * in);
  });
  return WithWeights(std::move(dx), affine, own);
}

// Calls use with what the compiler must know: whether a ReLU stands before, and the type.
template <class Use>
auto Choose(bool relu, torch::ScalarType type, const Use& use) {
  if (type == torch::kDouble)
    return relu ? use(std::true_type(), double()) : use(std::false_type(), double());
  return relu ? use(std::true_type(), float()) : use(std::false_type(), float());
}

template <class Use>
auto ChooseActivation(Activation activation, const Use& use) {
  if (activation == Activation::kRelu) return use(std::integral_constant<Activation, Activation::kRelu>());
  if (activation == Activation::kSilu) return use(std::integral_constant<Activation, Activation::kSilu>());
  return use(std::integral_constant<Activation, Activation::kNone>());
}

class NormFunction : public torch::autograd::Function<NormFunction> {
 public:
  using Context = torch::autograd::AutogradContext;
  using List = torch::autograd::variable_list;

  static torch::Tensor forward(Context* context, const torch::Tensor& given, const torch::Tensor& weight,
                               const torch::Tensor& bias, const torch::Tensor& running_mean,
                               const torch::Tensor& running_var,
                               const c10::intrusive_ptr<Settings>& settings) {
    const torch::Tensor x = ChannelsLast(given);
    const NormChain& chain = settings->chain;
    return Choose(chain.relu_before, x.scalar_type(), [&](auto relu, auto number) {
      using T = decltype(number);
      const Moments moments = ComputeMoments<relu, T>(x, settings->sum);
      if (settings->track) {
        Move(running_mean, moments.mean, 1, settings->norm.momentum);
        Move(running_var, moments.variance, moments.count > 1 ? moments.count / (moments.count - 1) : 1,
             settings->norm.momentum);
      }
      const Affine affine = MakeAffine(moments, settings->norm.eps, weight, bias);
      torch::Tensor best, y;
      if (chain.pool > 1) {
        std::tie(best, y) = ForwardPooled<relu, T>(x, affine, chain.pool);
      } else {
        y = ChooseActivation(chain.after, [&](auto after) { return Forward<relu, after, T>(x, affine); });
      }
      context->save_for_backward({x, weight, bias, best, torch::tensor(moments.mean, torch::kDouble),
                                  torch::tensor(moments.variance, torch::kDouble)});
      context->saved_data["count"] = moments.count;
      context->saved_data["settings"] = c10::IValue::make_capsule(settings);
      return y;
    });
  }

  static List backward(Context* context, const List& of_answer) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor& x = saved[0];
    const auto holder = context->saved_data["settings"].toCapsule();
    const auto& settings = static_cast<const Settings&>(*holder);
    const double count = context->saved_data["count"].toDouble();
    const Affine affine =
        MakeAffine({count, Doubles(saved[4]), Doubles(saved[5])}, settings.norm.eps, saved[1], saved[2]);
    const torch::Tensor dy = ChannelsLast(of_answer[0]);
    const NormChain& chain = settings.chain;
    const Gradients gradients = Choose(chain.relu_before, x.scalar_type(), [&](auto relu, auto number) {
      using T = decltype(number);
      if (chain.pool > 1)
        return BackwardPooled<relu, T>(dy, x, saved[3], affine, count, chain.pool, settings.sum);
      return ChooseActivation(chain.after, [&](auto after) {
        return Backward<relu, after, T>(dy, x, affine, count, settings.sum);
      });
    });
    return {gradients.x, AsTensor(gradients.weight, x), AsTensor(gradients.bias, x), {}, {}, {}};
  }
};

}  // namespace

bool CanFuse(const torch::Tensor& x) {
  return x.device().is_cpu() && x.dim() == 4 &&
         (x.scalar_type() == torch::kFloat || x.scalar_type() == torch::kDouble);
}

torch::Tensor FusedNorm(const NormChain& chain, const NormSpec& spec, const torch::Tensor& x,
                        const torch::Tensor& weight, const torch::Tensor& bias,
                        const torch::Tensor& running_mean, const torch::Tensor& running_var, bool track,
                        const SumOverProcesses& sum) {
  return NormFunction::apply(x, weight, bias, running_mean, running_var,
                             c10::make_intrusive<Settings>(chain, spec, track, sum));
}

}  // namespace seam

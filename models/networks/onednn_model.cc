#include "models/networks/onednn_model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "models/networks/compiled_model.h"
#include "models/networks/onednn_lowering.h"
#include "models/networks/onednn_program.h"

namespace seam {
namespace {

using Type = dnnl::memory::data_type;

// The nearest bfloat16, ties to even; not for NaN.
std::uint16_t ToBf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// Bytes as the first convolution wants them: scaled as the network scales its pictures.
template <class T>
using ByteTable = std::array<std::array<T, 256>, 3>;

ByteTable<float> FloatTable(const FoldedGraph& graph) {
  ByteTable<float> table;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      table[c][byte] = (static_cast<float>(byte) - graph.mean[c]) / graph.std[c];
    }
  }
  return table;
}

template <class T>
void Scale(const ByteTable<T>& table, const std::uint8_t* from, std::size_t pixels, T* to) {
  for (std::size_t i = 0; i < pixels; ++i) {
    for (std::size_t c = 0; c < 3; ++c) to[3 * i + c] = table[c][from[3 * i + c]];
  }
}

class OneDnnModel : public CompiledModel {
 public:
  OneDnnModel(const FoldedGraph& graph, const InputSpec& input, bool bf16, bool winograd, bool packed)
      : CompiledModel(graph),
        engine_(dnnl::engine::kind::cpu, 0),
        input_(input),
        pixels_(static_cast<std::size_t>(input.size) * static_cast<std::size_t>(input.width)),
        numbers_(graph.numbers ? static_cast<std::size_t>(graph.steps[0].shape.numbers()) : 0),
        bf16_(bf16),
        floats_(FloatTable(graph)) {
    for (std::size_t c = 0; c < 3; ++c)
      std::transform(floats_[c].begin(), floats_[c].end(), halves_[c].begin(), ToBf16);
    const OneThread one;
    OneDnnLowering body(graph, bf16 ? Type::bf16 : Type::f32, winograd, packed, engine_, &body_);
    body.LowerBody();
    pictures_ = body.input();
    for (const OneDnnLowering::ComputedInput& computed : body.computed())
      computed_.push_back({graph.steps[static_cast<std::size_t>(computed.step)].channels, computed.storage});
    named_ = body.outputs();
    if (graph.features < 0) return;
    OneDnnLowering head(graph, Type::f32, winograd, packed, engine_, &head_);
    head.LowerHead();
    features_ = body.answer();
    rows_ = head.input();
    logit_ = head.answer();
    answer_count_ = static_cast<std::size_t>(graph.steps.back().shape.channels);
    feature_count_ =
        static_cast<std::size_t>(graph.steps[static_cast<std::size_t>(graph.features)].shape.channels);
  }

  std::vector<double> Logits(const std::uint8_t* clips, std::int64_t n) const override {
    NeedsHead();
    const OneThread one;
    const auto frames = static_cast<std::size_t>(input_.frames);
    std::unique_ptr<Replica> replica = Take();
    std::vector<double> logits;
    for (std::int64_t clip = 0; clip < n; ++clip) {
      for (std::size_t frame = 0; frame < frames; ++frame, clips += pixels_ * 3) {
        RunBody(clips, replica.get());
        std::copy_n(replica->body.At<float>(features_), feature_count_,
                    replica->head.At<float>(rows_) + frame * feature_count_);
      }
      replica->head.Run(replica->stream);
      logits.push_back(*replica->head.At<float>(logit_));
    }
    Return(std::move(replica));
    return logits;
  }

  std::vector<float> Answers(const float* maps, std::int64_t n) const override {
    if (numbers_ == 0) return CompiledModel::Answers(maps, n);
    const OneThread one;
    std::unique_ptr<Replica> replica = Take();
    std::vector<float> answers;
    for (std::int64_t i = 0; i < n; ++i, maps += numbers_) {
      float* input = replica->body.At<float>(pictures_);
      std::copy_n(maps, numbers_, input);
      replica->body.Run(replica->stream);
      std::copy_n(replica->body.At<float>(features_), feature_count_, replica->head.At<float>(rows_));
      replica->head.Run(replica->stream);
      const auto* first = replica->head.At<float>(logit_);
      answers.insert(answers.end(), first, first + answer_count_);
    }
    Return(std::move(replica));
    return answers;
  }

  std::vector<float> Features(const std::uint8_t* pictures, std::int64_t n) const override {
    NeedsHead();
    const OneThread one;
    std::unique_ptr<Replica> replica = Take();
    std::vector<float> features;
    for (std::int64_t i = 0; i < n; ++i, pictures += pixels_ * 3) {
      RunBody(pictures, replica.get());
      const auto* first = replica->body.At<float>(features_);
      features.insert(features.end(), first, first + feature_count_);
    }
    Return(std::move(replica));
    return features;
  }

  std::vector<std::vector<float>> Outputs(const std::uint8_t* pictures, std::int64_t n) const override {
    const OneThread one;
    std::unique_ptr<Replica> replica = Take();
    std::vector<std::vector<float>> found(named_.size());
    for (std::int64_t i = 0; i < n; ++i, pictures += pixels_ * 3) {
      RunBody(pictures, replica.get());
      for (std::size_t k = 0; k < named_.size(); ++k) {
        const auto* first = replica->body.At<float>(named_[k]);
        found[k].insert(found[k].end(), first, first + outputs()[k].shape.numbers());
      }
    }
    Return(std::move(replica));
    return found;
  }

  InputSpec input() const override { return input_; }
  bool OneByOne() const override { return true; }
  std::string description() const override {
    return bf16_ ? "bf16 on the CPU (oneDNN)" : "fp32 on the CPU (oneDNN)";
  }

 private:
  struct Computed {
    std::vector<PictureChannel> channels;
    int storage = -1;
  };

  // What one thread works with.
  struct Replica {
    Replica(const OneDnnProgram& body_program, const OneDnnProgram& head_program, const dnnl::engine& engine)
        : body(body_program, engine), head(head_program, engine), stream(engine) {}
    OneDnnProgram::Replica body, head;
    dnnl::stream stream;
  };

  void NeedsHead() const {
    if (features_ < 0) throw Error("network", "it has no head: it answers its named outputs alone");
  }

  void RunBody(const std::uint8_t* picture, const Replica* replica) const {
    if (numbers_ > 0) throw Error("network", "it takes features, not pictures");
    if (bf16_) {
      Scale(halves_, picture, pixels_, replica->body.At<std::uint16_t>(pictures_));
    } else {
      Scale(floats_, picture, pixels_, replica->body.At<float>(pictures_));
    }
    for (const Computed& computed : computed_) {
      std::vector<float> numbers(pixels_ * static_cast<std::size_t>(CountNumbers(computed.channels)));
      ComputeChannels(picture, input_.size, input_.width, computed.channels, numbers.data());
      if (bf16_) {
        std::transform(numbers.begin(), numbers.end(), replica->body.At<std::uint16_t>(computed.storage),
                       ToBf16);
      } else {
        std::copy(numbers.begin(), numbers.end(), replica->body.At<float>(computed.storage));
      }
    }
    replica->body.Run(replica->stream);
  }

  // One that is idle, or a new one.
  std::unique_ptr<Replica> Take() const {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Replica> replica = std::move(idle_.back());
        idle_.pop_back();
        return replica;
      }
    }
    return std::make_unique<Replica>(body_, head_, engine_);
  }

  void Return(std::unique_ptr<Replica> replica) const {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(replica));
  }

  dnnl::engine engine_;
  InputSpec input_;
  std::size_t pixels_;   // of a picture
  std::size_t numbers_;  // of a map; 0: it takes pictures
  bool bf16_;
  ByteTable<float> floats_;
  ByteTable<std::uint16_t> halves_;
  OneDnnProgram body_, head_;
  int pictures_ = -1, features_ = -1, rows_ = -1, logit_ = -1;  // storages
  std::vector<int> named_;                                      // storages of outputs()
  std::vector<Computed> computed_;
  std::size_t feature_count_ = 0, answer_count_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Replica>> idle_;
};

}  // namespace

bool HasNativeBf16() {
  const auto has = static_cast<unsigned>(dnnl::get_effective_cpu_isa()),
             needs = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (has & needs) == needs;
}

std::unique_ptr<CompiledModel> CompileForCpu(const FoldedGraph& graph, const InputSpec& input,
                                             const CompileOptions& options) {
  if (options.device == "cuda")
    throw Error("--device", "cuda needs LibTorch's part of Seam", "--device cpu works everywhere");
  if (graph.numbers && options.precision == "bf16")
    throw Error("--precision", "networks of features are fp32", "--precision fp32");
  if (options.precision == "bf16" && !HasNativeBf16()) {
    throw Error("--precision", "bf16 is not native to this processor",
                "--precision auto, which is fp32, works everywhere");
  }
  return std::make_unique<OneDnnModel>(graph, input, options.precision == "bf16", options.winograd,
                                       options.packed);
}

}  // namespace seam

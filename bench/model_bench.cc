// How fast networks score, each form of them in turn, on the same number of threads:
//
//   model_bench [--model efficientnet_b0] [--onnx FILE] [--peer COMMAND] [--threads 2] [--rounds 5]
//
// --onnx is the same network as a file, for OpenCV's DNN. --peer is a command whose last line is a number of
// pictures a second, such as "node bench/onnx_runtime.js FILE 2". Every form works for --seconds in every
// round; the table gives medians. Ratios hold on a noisy machine, single figures do not.

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/types.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>

#include <fmt/format.h>
#include <opencv2/dnn.hpp>

#include "base/error.h"
#include "base/program.h"
#include "models/networks/binary_kernels.h"
#include "models/networks/graph.h"
#include "models/torch/checkpoint.h"
#include "models/torch/compile.h"
#include "models/torch/folded_torch_model.h"
#include "transforms/picture_channels.h"

namespace seam {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  ModelOptions model;
  std::string onnx, peer;
  int threads = 2, rounds = 5, batch = 16;
  double seconds = 2;
  bool libtorch = true;

  void Register(Options* options) {
    model.Register(options);
    options->Add("onnx", &onnx, "the same network as a file, for OpenCV's DNN");
    options->Add("peer", &peer, "a command whose last line is a number of pictures a second");
    options->Add("threads", &threads, "threads at work");
    options->Add("rounds", &rounds, "rounds; the table gives medians");
    options->Add("batch", &batch, "pictures a call");
    options->Add("seconds", &seconds, "for each form in each round");
    options->Add("libtorch", &libtorch, "LibTorch's forms, too");
  }
};

// One form of the network: answers pictures a second.
struct Form {
  std::string name;
  std::function<double()> measure;
  std::vector<double> found;
};

// Threads that call `work` again and again, each of them for `batch` pictures a call.
double PicturesPerSecond(int threads, int batch, double seconds, const std::function<void()>& work) {
  std::atomic<std::int64_t> pictures = 0;
  const auto start = Clock::now();
  const auto past = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  {
    std::vector<std::jthread> at_work;
    for (int i = 0; i < threads; ++i) {
      at_work.emplace_back([&] {
        at::set_num_threads(1);
        while (past() < seconds) {
          work();
          pictures += batch;
        }
      });
    }
  }
  return static_cast<double>(pictures) / past();
}

class Bench {
 public:
  explicit Bench(const Settings& settings) : settings_(settings), model_(MakeModel(settings.model)) {
    model_->eval();
    const InputSpec input = model_->input();
    clips_ = torch::randint(0, 256, {settings.batch / input.frames, input.frames, input.size, input.size, 3},
                            torch::kByte);
    const bool binary = MakeSigns();
    AddCompiled("fp32");
    if (binary) AddBinary();
    AddChannels();
    AddCompiled("bf16");
    if (settings.libtorch) AddLibTorch();
    if (!settings.onnx.empty()) Add("OpenCV DNN", [this] { return OpenCv(); });
    if (!settings.peer.empty()) Add(settings.peer, [this] { return Peer(); });
  }

  void AddLibTorch() {
    const InputSpec input = model_->input();
    const std::shared_ptr<CompiledModel> folded =
        MakeFoldedTorchModel(FoldModel(*model_), input, torch::kCPU, false);
    Add("LibTorch, folded, channels last", [this, folded] { return Replicas(*folded); });
    Add("LibTorch eager, a replica a thread", [this] {
      return PicturesPerSecond(settings_.threads, Pictures(), settings_.seconds, [this] { Eager(); });
    });
    Add("LibTorch eager, threads together", [this] { return EagerTogether(); });
  }

  void Run() {
    for (int round = 0; round < settings_.rounds; ++round) {
      for (Form& form : forms_) form.found.push_back(form.measure());
    }
    fmt::print("{:40} {:>12} {:>8}\n", settings_.model.model, "pictures/s", "ratio");
    for (Form& form : forms_) {
      std::sort(form.found.begin(), form.found.end());
      const double median = form.found[form.found.size() / 2],
                   first = forms_[0].found[forms_[0].found.size() / 2];
      fmt::print("{:40} {:12.1f} {:8.2f}\n", form.name, median, median / first);
    }
  }

 private:
  void Add(const std::string& name, std::function<double()> measure) {
    forms_.push_back({name, std::move(measure), {}});
    forms_.back().measure();  // caches and clocks are warm from here on
  }

  void AddCompiled(const std::string& precision) {
    try {
      const std::shared_ptr<CompiledModel> compiled =
          Compile(*model_, {.precision = precision, .device = "cpu"});
      Add("Seam, " + compiled->description(), [this, compiled] { return Replicas(*compiled); });
    } catch (const Error& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
  }

  // Binary weights become signs, as training leaves them. False where there are none.
  bool MakeSigns() const {
    const torch::NoGradGuard no_grad;
    bool found = false;
    for (auto& [name, weight] : ListWeights(*model_)) {
      if (!IsTemperature(name)) continue;
      torch::Tensor(weight).fill_(0);
      found = true;
    }
    return found;
  }

  // The form that convolves signs as floats, and the packed convolutions of signs alone.
  void AddBinary() {
    const FoldedGraph folded = FoldModel(*model_);
    const std::shared_ptr<CompiledModel> floats =
        Compile(folded, model_->input(), {.precision = "fp32", .device = "cpu", .packed = false});
    Add("Seam, signs as floats", [this, floats] { return Replicas(*floats); });
    const auto parts = std::make_shared<std::vector<BinaryConvolution>>();
    const auto biases = std::make_shared<std::vector<std::vector<float>>>();
    for (const FoldedStep& step : folded.steps) {
      if (step.op != Op::kBinaryConv) continue;
      const FoldedStep& signs = folded.steps[static_cast<std::size_t>(step.inputs[0])];
      if (!BinaryConvolution::Fits(step, signs.shape)) continue;
      parts->emplace_back(step, signs.shape, 1, BinaryKernels().back());
      biases->push_back(signs.bias);
    }
    Add(fmt::format("of it {} convolutions of signs, {}", parts->size(), GetName(BinaryKernels().back())),
        [this, parts, biases] {
          return PicturesPerSecond(settings_.threads, 1, settings_.seconds, [&] {
            constexpr std::size_t kNumbers = 1 << 21;  // of the greatest map
            thread_local std::vector<float> from(kNumbers, 0.5F), to(kNumbers);
            thread_local std::vector<std::uint64_t> packed(kNumbers);
            for (std::size_t i = 0; i < parts->size(); ++i) {
              (*parts)[i].signs().Pack(from.data(), (*biases)[i].data(), BinaryKernels().back(),
                                       packed.data());
              packed[0] = 0;
              (*parts)[i].Run(packed.data(), to.data());
            }
          });
        });
  }

  // What a network sees besides the colours.
  void AddChannels() {
    for (const Node& node : model_->graph().nodes()) {
      if (node.op != Op::kChannels) continue;
      const InputSpec input = model_->input();
      Add("of it its computed channels", [this, node, input] {
        return PicturesPerSecond(settings_.threads, 1, settings_.seconds, [&] {
          thread_local std::vector<float> to(static_cast<std::size_t>(node.shape.numbers()));
          ComputeChannels(clips_.data_ptr<std::uint8_t>(), input.size, input.width, node.channels, to.data());
        });
      });
    }
  }

  int Pictures() const { return static_cast<int>(clips_.size(0) * clips_.size(1)); }

  double Replicas(const CompiledModel& compiled) const {
    return PicturesPerSecond(settings_.threads, Pictures(), settings_.seconds,
                             [&] { compiled.Logits(clips_.data_ptr<std::uint8_t>(), clips_.size(0)); });
  }

  void Eager() const {
    const torch::NoGradGuard no_grad;
    model_->forward(clips_.permute({0, 1, 4, 2, 3}));
  }

  double EagerTogether() const {
    const auto start = Clock::now();
    const auto past = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    at::set_num_threads(settings_.threads);
    double pictures = 0;
    for (; past() < settings_.seconds; pictures += Pictures()) Eager();
    at::set_num_threads(1);
    return pictures / past();
  }

  // The file takes one clip at a time, as floats.
  double OpenCv() const {
    cv::setNumThreads(1);
    std::vector<std::jthread> at_work;
    std::atomic<std::int64_t> pictures = 0;
    const torch::Tensor clip = clips_[0].permute({0, 3, 1, 2}).to(torch::kFloat).contiguous();
    const std::vector<int> shape(clip.sizes().begin(), clip.sizes().end());
    const auto start = Clock::now();
    const auto past = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
    for (int i = 0; i < settings_.threads; ++i) {
      at_work.emplace_back([&] {
        cv::dnn::Net net = cv::dnn::readNetFromONNX(settings_.onnx);
        const cv::Mat input(shape, CV_32F, clip.data_ptr<float>());
        while (past() < settings_.seconds) {
          net.setInput(input);
          net.forward();
          pictures += clips_.size(1);
        }
      });
    }
    at_work.clear();
    return static_cast<double>(pictures) / past();
  }

  double Peer() const {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(settings_.peer.c_str(), "r"), &pclose);
    if (!pipe) throw Error(settings_.peer, "cannot be run");
    char line[256];
    double last = 0;
    while (std::fgets(line, sizeof line, pipe.get()) != nullptr) last = std::strtod(line, nullptr);
    return last;
  }

  const Settings& settings_;
  std::shared_ptr<Model> model_;
  torch::Tensor clips_;  // [N, T, S, S, 3]
  std::vector<Form> forms_;
};

int ModelBench(const std::vector<std::string>& arguments) {
  KeepLargeBlocks();
  Options options("model_bench", "[options]", "how fast does each form of a network score?",
                  "model_bench --model meso4");
  Settings settings;
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.model.Check();
  if (settings.threads < 1 || settings.rounds < 1 || settings.batch < 1 || settings.seconds <= 0)
    throw UsageError("model_bench", "numbers must be positive");
  at::set_num_threads(1);
  Bench(settings).Run();
  return kExitGood;
}

}  // namespace
}  // namespace seam

int main(int argc, char** argv) { return seam::RunProgram(argc, argv, seam::ModelBench); }

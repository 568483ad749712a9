#include "train/data_parallel.h"

#include <torch/cuda.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fnv.h"
#include "base/progress.h"

#ifdef SEAM_DISTRIBUTED
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <gloo/common/error.h>
#include <torch/version.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>
#endif

namespace seam {

#ifdef SEAM_DISTRIBUTED

namespace {

using Group = c10::intrusive_ptr<c10d::ProcessGroup>;
using Store = c10::intrusive_ptr<c10d::Store>;

// The first line of what LibTorch says, without the lines of code it passed through.
std::string FirstLine(const std::exception& failure) {
  const std::string text = failure.what();
  return text.substr(0, text.find('\n'));
}

// "[...pair.cc:598] Connection closed by peer [127.0.0.1]:24539"
Error ContactLost(const ProcessPlace& place, const std::exception& failure) {
  return Error(place.Name(), fmt::format("contact with the others was lost ({})", FirstLine(failure)),
               "the line of the process that ended first says why");
}

Store MakeStore(const ProcessPlace& place, std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(place.port);
  options.isServer = place.leads() && !place.agent_prefix;
  options.numWorkers = static_cast<std::size_t>(place.world);
  options.waitWorkers = !place.agent_prefix;
  options.timeout = timeout;
  Store store = c10::make_intrusive<c10d::TCPStore>(place.master, options);
  if (place.agent_prefix) store = c10::make_intrusive<c10d::PrefixStore>(*place.agent_prefix, store);
  store->setTimeout(timeout);
  return store;
}

auto MakeGloo(const Store& store, const ProcessPlace& place, std::chrono::milliseconds timeout) {
  const auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
  const bool local = place.master == "localhost" || place.master.starts_with("127.");
  if (interface != nullptr && *interface != '\0') {
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(interface));
  } else if (local) {
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
  } else {
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
  }
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, place.rank, place.world, options);
}

#ifdef USE_C10D_NCCL
auto MakeNccl(const Store& store, const ProcessPlace& place, std::chrono::milliseconds timeout) {
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, place.rank, place.world, options);
}
#endif

// LibTorch 1.x has a process group of each kind; from 2.0 a group holds its backends.
template <class Backend>
Group AsGroup(const Backend& backend, [[maybe_unused]] const Store& store,
              [[maybe_unused]] const ProcessPlace& place, [[maybe_unused]] bool nccl) {
#if TORCH_VERSION_MAJOR >= 2
  const auto group = c10::make_intrusive<c10d::ProcessGroup>(store, place.rank, place.world);
  group->setBackend(nccl ? c10::DeviceType::CUDA : c10::DeviceType::CPU,
                    nccl ? c10d::ProcessGroup::BackendType::NCCL : c10d::ProcessGroup::BackendType::GLOO,
                    backend);
  return group;
#else
  return backend;
#endif
}

Group MakeGroup(const Store& store, const ProcessPlace& place, std::chrono::milliseconds timeout,
                torch::DeviceType device) {
  if (device == torch::kCPU) return AsGroup(MakeGloo(store, place, timeout), store, place, false);
#ifdef USE_C10D_NCCL
  return AsGroup(MakeNccl(store, place, timeout), store, place, true);
#else
  throw Error(place.Name(), "this Seam was built without NCCL, so several processes cannot train on GPUs",
              "train on CPUs with --device cpu, or with one process");
#endif
}

}  // namespace

struct DataParallel::Impl {
  Group group;
  torch::Device device = torch::kCPU;
  std::unique_ptr<c10d::Reducer> reducer;

  void Broadcast(torch::Tensor tensor) {
    torch::Tensor whole = tensor.detach().contiguous().to(device);
    std::vector<at::Tensor> tensors = {whole};
    group->broadcast(tensors)->wait();
    const torch::NoGradGuard no_grad;
    tensor.detach().copy_(whole);
  }
};

DataParallel::DataParallel(const ProcessPlace& place, std::chrono::seconds timeout, torch::DeviceType device)
    : place_(place) {
  if (place.world == 1) return;
  const std::chrono::milliseconds wait = timeout;
  impl_ = std::make_unique<Impl>();
  if (device == torch::kCUDA) impl_->device = ChooseGpu(place);
  if (place.leads())
    Say(fmt::format("{} waits for the others at {}:{}", place.Name(), place.master, place.port));
  try {
    impl_->group = MakeGroup(MakeStore(place, wait), place, wait, device);
    Wait();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& failure) {
    throw Error(
        place.Name(),
        fmt::format("the others were not met at {}:{} ({})", place.master, place.port, FirstLine(failure)),
        "start as many processes as WORLD_SIZE (srun: --ntasks) says, each with a rank of its own, and a "
        "free MASTER_PORT");
  }
}

DataParallel::~DataParallel() = default;

void DataParallel::CopyWeights(Model* model) {
  if (!impl_) return;
  for (const auto& parameter : model->parameters()) impl_->Broadcast(parameter);
  for (const auto& buffer : model->buffers()) impl_->Broadcast(buffer);
}

void DataParallel::MeanBuffers(Model* model) {
  if (!impl_) return;
  for (auto& buffer : model->buffers()) {
    if (!buffer.is_floating_point()) continue;
    torch::Tensor whole = buffer.clone();
    Sum(&whole);
    buffer.copy_(whole / place_.world);
  }
}

void DataParallel::SetParameters(const std::vector<torch::Tensor>& parameters) {
  if (!impl_) return;
  impl_->reducer.reset();
  if (parameters.empty()) return;
  const std::vector<bool> sparse(parameters.size(), false);
  auto [buckets, limits] = c10d::compute_bucket_assignment_by_size(
      parameters, {c10d::kDefaultFirstBucketBytes, c10d::kDefaultBucketBytesCap}, sparse);
  // Gradients come in about the opposite order of the parameters.
  std::reverse(buckets.begin(), buckets.end());
  std::reverse(limits.begin(), limits.end());
  impl_->reducer = std::make_unique<c10d::Reducer>(
      parameters, buckets, limits, impl_->group, sparse, c10d::kDefaultBucketBytesCap, false, false,
      std::unordered_map<std::size_t, std::string>(), c10d::kDefaultFirstBucketBytes);
}

// The buckets are made anew once, in the order in which the first gradients came.
void DataParallel::BeforeBackward(const torch::Tensor& /*loss*/, bool sync) {
  if (!sync || !impl_ || !impl_->reducer) return;
  impl_->reducer->rebuild_buckets();
  impl_->reducer->prepare_for_backward({});
}

void DataParallel::Sum(torch::Tensor* tensor) {
  if (!impl_) return;
  const torch::NoGradGuard no_grad;
  const torch::Tensor whole = tensor->detach().contiguous().to(impl_->device);
  std::vector<at::Tensor> tensors = {whole};
  impl_->group->allreduce(tensors)->wait();
  if (!whole.is_same(*tensor)) tensor->detach().copy_(whole);
}

void DataParallel::Wait() {
  std::vector<double> nothing(1);
  Sum(&nothing);
}

#else

struct DataParallel::Impl {};

DataParallel::DataParallel(const ProcessPlace& place, std::chrono::seconds, torch::DeviceType)
    : place_(place) {
  if (place.world == 1) return;
  throw Error(place.Name(),
              "this Seam was built without SEAM_DISTRIBUTED, so it trains with one process only",
              "build with -DSEAM_DISTRIBUTED=ON, or unset RANK, WORLD_SIZE and SLURM_PROCID");
}

DataParallel::~DataParallel() = default;
void DataParallel::CopyWeights(Model*) {}
void DataParallel::MeanBuffers(Model*) {}
void DataParallel::SetParameters(const std::vector<torch::Tensor>&) {}
void DataParallel::BeforeBackward(const torch::Tensor&, bool) {}
void DataParallel::Sum(torch::Tensor*) {}
void DataParallel::Wait() {}

#endif

torch::Device ChooseGpu(const ProcessPlace& place) {
  const int gpus = static_cast<int>(torch::cuda::device_count());
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(place.Gpu(gpus))};
}

std::int64_t DataParallel::CountSamples(std::int64_t own) {
  std::vector<double> clips = {static_cast<double>(own)};
  Sum(&clips);
  return static_cast<std::int64_t>(clips[0]);
}

void DataParallel::Sum(std::vector<double>* numbers) {
  if (!impl_ || numbers->empty()) return;
  torch::Tensor tensor =
      torch::from_blob(numbers->data(), {static_cast<std::int64_t>(numbers->size())}, torch::kDouble);
  Sum(&tensor);
}

// A sum of 32-bit parts of a digest times the number of processes, which no double rounds.
void DataParallel::CheckSame(const std::string& text, const std::string& what) {
  if (!impl_) return;
  const std::uint64_t digest = Fnv1a().Add(text).hash();
  const std::vector<double> own = {static_cast<double>(digest >> 32U),
                                   static_cast<double>(digest & 0xffffffffU)};
  std::vector<double> sums = own;
  Sum(&sums);
  double differ = 0;
  for (std::size_t i = 0; i < own.size(); ++i) differ += sums[i] != own[i] * world() ? 1 : 0;
  std::vector<double> any = {differ};
  Sum(&any);  // all of them learn it
  if (any[0] == 0) return;
  throw Error(place_.Name(), fmt::format("the processes differ in {}", what),
              "start each of them with the same program, options and data");
}

void DataParallel::Explain(const std::exception_ptr& failure) const {
  if (!impl_) std::rethrow_exception(failure);
  try {
    std::rethrow_exception(failure);
  } catch (const Error&) {
    throw;  // of this process itself
#ifdef SEAM_DISTRIBUTED
  } catch (const gloo::Exception& lost) {
    throw ContactLost(place_, lost);
#ifdef USE_C10D_NCCL
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& lost) {  // NCCL has no type of its own
    throw ContactLost(place_, lost);
#endif
#endif
  }
}

}  // namespace seam

#include "models/networks/onednn_program.h"

#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>

namespace seam {
namespace {

constexpr std::size_t kLargePage = std::size_t{1} << 21, kLine = 64;

std::size_t RoundedUp(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

OneThread::OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }

OneThread::~OneThread() { omp_set_num_threads(before_); }

AlignedBuffer::AlignedBuffer(std::size_t bytes)
    : data_(static_cast<std::byte*>(std::aligned_alloc(kLargePage, RoundedUp(bytes + 1, kLargePage)))) {
  if (!data_) throw std::bad_alloc();
  std::memset(data_.get(), 0, bytes);
}

void AlignedBuffer::Free::operator()(std::byte* pointer) const { std::free(pointer); }

int OneDnnProgram::NewStorage(std::size_t bytes) {
  const int now = static_cast<int>(works_.size());
  storages_.push_back({RoundedUp(bytes, kLine), 0, now, now});
  return static_cast<int>(storages_.size()) - 1;
}

void OneDnnProgram::Add(dnnl::primitive primitive, const dnnl::memory::desc& scratch,
                        std::vector<Operand> operands) {
  const int now = static_cast<int>(works_.size());
  if (scratch.get_size() > 0) {
    operands.push_back({DNNL_ARG_SCRATCHPAD, scratch, NewStorage(scratch.get_size()), 0, {}});
  }
  for (const Operand& operand : operands) {
    if (operand.storage >= 0) storages_[static_cast<std::size_t>(operand.storage)].last = now;
  }
  works_.push_back({std::move(primitive), std::move(operands), nullptr, {}, -1});
}

void OneDnnProgram::AddKernel(const Kernel& kernel, int from, int to) {
  AddKernel([kernel](const std::vector<const float*>& sources, float* target) { kernel(sources[0], target); },
            std::vector{from}, to);
}

void OneDnnProgram::AddKernel(JoiningKernel kernel, std::vector<int> from, int to) {
  const int now = static_cast<int>(works_.size());
  for (const int storage : from) storages_[static_cast<std::size_t>(storage)].last = now;
  storages_[static_cast<std::size_t>(to)].last = now;
  works_.push_back({dnnl::primitive(), {}, std::move(kernel), std::move(from), to});
}

void OneDnnProgram::Keep(int storage) {
  storages_[static_cast<std::size_t>(storage)].last = static_cast<int>(works_.size());
}

// The greatest first, each at the lowest place that is free while it lives.
void OneDnnProgram::Place() {
  std::vector<std::size_t> order(storages_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return storages_[a].bytes > storages_[b].bytes; });
  std::vector<const Storage*> placed;  // by offset
  for (const std::size_t i : order) {
    Storage& storage = storages_[i];
    for (const Storage* other : placed) {
      if (other->last < storage.first || storage.last < other->first) continue;
      if (other->offset >= storage.offset + storage.bytes) break;
      storage.offset = std::max(storage.offset, other->offset + other->bytes);
    }
    const auto after =
        std::upper_bound(placed.begin(), placed.end(), storage.offset,
                         [](std::size_t offset, const Storage* other) { return offset < other->offset; });
    placed.insert(after, &storage);
    arena_bytes_ = std::max(arena_bytes_, storage.offset + storage.bytes);
  }
}

OneDnnProgram::Replica::Replica(const OneDnnProgram& program, const dnnl::engine& engine)
    : program_(program), arena_(program.arena_bytes()) {
  for (const Work& work : program.works_) {
    Call& call = calls_.emplace_back();
    if (work.kernel) {
      call.kernel = &work.kernel;
      for (const int from : work.from) call.from.push_back(At<float>(from));
      call.to = At<float>(work.to);
      continue;
    }
    call.primitive = &work.primitive;
    for (const Operand& operand : work.operands) {
      const bool fixed = operand.storage < 0;
      call.arguments.emplace(
          operand.argument,
          fixed ? operand.fixed
                : dnnl::memory(operand.desc, engine,
                               arena_.data() + program.offset(operand.storage) + operand.offset));
    }
  }
}

void OneDnnProgram::Replica::Run(const dnnl::stream& stream) const {
  for (const Call& call : calls_) {
    if (call.kernel != nullptr) {
      (*call.kernel)(call.from, call.to);
    } else {
      call.primitive->execute(stream, call.arguments);
    }
  }
}

}  // namespace seam

#include "train/classifier/loader.h"

#include <tbb/concurrent_queue.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <exception>
#include <stop_token>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "train/data/clip_maker.h"

namespace seam {
namespace {

constexpr int kBatchesAhead = 3;
// So many batches are made before the shards' pages are dropped, or the process would seem to grow until it
// holds every shard.
constexpr std::size_t kBatchesInMemory = 64;

}  // namespace

struct BatchLoader::Impl {
  struct Item {
    Batch batch;
    std::exception_ptr failure;
  };

  Impl(const ClipDataset& clips, EpochPlan epoch_plan, int workers)
      : dataset(clips),
        plan(std::move(epoch_plan)),
        arena(workers > 0 ? std::min(workers, tbb::info::default_concurrency())
                          : tbb::info::default_concurrency()),
        makers([this] { return ClipMaker(dataset, plan); }) {
    if (plan.frames <= 0) plan.frames = dataset.frames();
    queue.set_capacity(kBatchesAhead);
    producer = std::jthread([this](const std::stop_token& stop) { Produce(stop); });
  }

  // The producer looks for a stop before each push, so after the request it pushes once at most; the emptied
  // queue has room for that, and the wait for the thread ends.
  ~Impl() {
    producer.request_stop();
    Item ignored;
    while (queue.try_pop(ignored)) continue;
  }

  void Produce(const std::stop_token& stop) {
    for (std::size_t i = 0; i < plan.batches && !stop.stop_requested(); ++i) {
      Item item;
      try {
        item.batch = Load(i);
      } catch (...) {
        item.failure = std::current_exception();
      }
      const bool failed = item.failure != nullptr;
      if (!stop.stop_requested()) queue.push(std::move(item));
      if (failed) return;
    }
  }

  Batch Load(std::size_t number) {
    const auto own = plan.Own(number);
    const auto count = static_cast<std::int64_t>(own.size());
    const std::int64_t side = dataset.crop().size(), clip_bytes = plan.frames * side * side * 3;
    auto pixels = torch::empty({count, plan.frames, side, side, 3}, torch::kUInt8);
    auto* data = pixels.data_ptr<std::uint8_t>();
    torch::Tensor xray;
    if (plan.xray_side > 0) xray = torch::empty({count, plan.frames, plan.xray_side, plan.xray_side});
    auto* edges = xray.defined() ? xray.data_ptr<float>() : nullptr;
    const std::int64_t cells = std::int64_t{plan.frames} * plan.xray_side * plan.xray_side;
    std::vector<char> whole(own.size());
    arena.execute([&] {
      tbb::parallel_for(std::size_t{0}, own.size(), [&](std::size_t i) {
        const auto& sample = plan.samples[own.begin + i];
        const auto problem =
            makers.local().Make(sample, data + static_cast<std::int64_t>(i) * clip_bytes,
                                edges == nullptr ? nullptr : edges + static_cast<std::int64_t>(i) * cells);
        whole[i] = problem.empty() ? 1 : 0;
        if (!problem.empty()) dataset.NoteBadPicture(sample.index, problem);
      });
    });
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < count; ++i) {
      if (whole[static_cast<std::size_t>(i)] != 0) rows.push_back(i);
    }
    if (rows.size() < own.size()) {
      const auto kept = torch::tensor(rows, torch::kLong);
      pixels = pixels.index_select(0, kept);
      if (xray.defined()) xray = xray.index_select(0, kept);
    }
    if (number % kBatchesInMemory == kBatchesInMemory - 1) dataset.DropPages();
    Batch batch = Labelled(pixels, rows, number);
    batch.xray = xray;
    return batch;
  }

  // The batch of `rows` of this process's samples; `pixels` are theirs.
  Batch Labelled(const torch::Tensor& pixels, const std::vector<std::int64_t>& rows, std::size_t number) {
    Batch batch{pixels.permute({0, 1, 4, 2, 3}), torch::empty({pixels.size(0)}, torch::kFloat), {}};
    batch.planned = plan.Whole(number).size();
    for (const std::int64_t row : rows) {
      const auto& sample = plan.samples[plan.Own(number).begin + static_cast<std::size_t>(row)];
      batch.labels.data_ptr<float>()[batch.indices.size()] = static_cast<float>(FindLabel(dataset, sample));
      batch.indices.push_back(sample.index);
    }
    return batch;
  }

  const ClipDataset& dataset;
  EpochPlan plan;
  tbb::task_arena arena;
  tbb::enumerable_thread_specific<ClipMaker> makers;
  tbb::concurrent_bounded_queue<Item> queue;
  std::size_t taken = 0;  // from the queue
  bool any = false;       // clip was delivered
  std::jthread producer;  // last: it uses all the others
};

BatchLoader::BatchLoader(const ClipDataset& dataset, EpochPlan plan, int workers)
    : impl_(std::make_unique<Impl>(dataset, std::move(plan), workers)) {}

BatchLoader::~BatchLoader() = default;

std::optional<Batch> BatchLoader::Next() {
  while (impl_->taken < impl_->plan.batches) {
    Impl::Item item;
    impl_->queue.pop(item);
    ++impl_->taken;
    if (item.failure) {
      impl_->taken = impl_->plan.batches;
      std::rethrow_exception(item.failure);
    }
    impl_->any = impl_->any || !item.batch.indices.empty();
    // Of several processes each must take part in every batch, even with nothing.
    if (!item.batch.indices.empty() || impl_->plan.world > 1) return std::move(item.batch);
  }
  if (!impl_->any && impl_->plan.batches > 0 && impl_->plan.world == 1) {
    throw Error(impl_->dataset.folder().string(),
                fmt::format("not one of the {} clips of '{}' can be decoded", impl_->dataset.size(),
                            impl_->dataset.split()),
                "extract the dataset again");
  }
  return std::nullopt;
}

}  // namespace seam

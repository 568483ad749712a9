#include "train/loader.h"

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
#include "proto/picture.h"
#include "train/random.h"

namespace seam {
namespace {

constexpr int kBatchesAhead = 3;

void Shuffle(std::vector<std::size_t>* indices, std::mt19937_64* engine) {
  for (std::size_t i = indices->size(); i > 1; --i) std::swap((*indices)[i - 1], (*indices)[Draw(engine, i)]);
}

// Every clip of the larger class once, those of the smaller in shuffled rounds.
std::vector<std::size_t> BalancedIndices(const ClipDataset& dataset, std::mt19937_64* engine) {
  std::vector<std::size_t> classes[2];
  for (std::size_t i = 0; i < dataset.size(); ++i) classes[dataset.label(i)].push_back(i);
  const std::size_t count = std::max(classes[0].size(), classes[1].size());
  std::vector<std::size_t> indices;
  for (auto& members : classes) {
    if (members.empty()) continue;
    for (std::size_t i = 0; i < count; ++i) {
      if (i % members.size() == 0) Shuffle(&members, engine);
      indices.push_back(members[i % members.size()]);
    }
  }
  return indices;
}

int WindowOf(const ClipDataset& dataset, int frames) {
  return frames > 0 && frames < dataset.frames() ? frames : dataset.frames();
}

std::size_t BatchesOf(std::size_t samples, int batch) {
  const auto size = static_cast<std::size_t>(batch);
  return (samples + size - 1) / size;
}

}  // namespace

void LoaderOptions::Register(Options* options) {
  options->Add("batch", &batch, "clips in a batch");
  options->Add("workers", &workers, "threads that decode pictures, at most as many as cores; 0: as many");
  options->Add("balance", &balance, "show both classes equally often");
  augment.Register(options);
}

void LoaderOptions::Check() const {
  if (batch < 1 || batch > 65536)
    throw UsageError("--batch", fmt::format("{} is not 1 to 65536", batch), "64 is usual");
  if (workers < 0 || workers > 1024)
    throw UsageError("--workers", fmt::format("{} is not 0 to 1024", workers), "0 takes one for each core");
  augment.Check();
}

EpochPlan PlanTraining(const ClipDataset& dataset, const LoaderOptions& options, std::uint64_t seed,
                       std::uint64_t epoch, int frames) {
  auto engine = MakeEngine(seed, Stream::kOrder, epoch);
  std::vector<std::size_t> indices;
  if (options.balance) {
    indices = BalancedIndices(dataset, &engine);
  } else {
    for (std::size_t i = 0; i < dataset.size(); ++i) indices.push_back(i);
  }
  Shuffle(&indices, &engine);
  const Augmenter augmenter(options.augment);
  EpochPlan plan;
  plan.batches = BatchesOf(indices.size(), options.batch);
  plan.frames = WindowOf(dataset, frames);
  const auto starts = static_cast<std::uint64_t>(dataset.frames() - plan.frames + 1);
  for (std::size_t position = 0; position < indices.size(); ++position) {
    auto drawn = MakeEngine(seed, Stream::kAugmentation, epoch, position);
    Augmentation augmentation = augmenter.Draw(&drawn);
    plan.samples.push_back(
        {indices[position], std::move(augmentation), static_cast<int>(Draw(&drawn, starts))});
  }
  return plan;
}

EpochPlan PlanInOrder(const ClipDataset& dataset, const LoaderOptions& options, int frames) {
  EpochPlan plan;
  plan.batches = BatchesOf(dataset.size(), options.batch);
  plan.frames = WindowOf(dataset, frames);
  const int first = (dataset.frames() - plan.frames) / 2;
  for (std::size_t i = 0; i < dataset.size(); ++i) plan.samples.push_back({i, {}, first});
  return plan;
}

struct BatchLoader::Impl {
  struct Item {
    Batch batch;
    std::exception_ptr failure;
  };

  Impl(const ClipDataset& clips, EpochPlan epoch_plan, int workers)
      : dataset(clips),
        plan(std::move(epoch_plan)),
        frames(WindowOf(clips, plan.frames)),
        arena(workers > 0 ? std::min(workers, tbb::info::default_concurrency())
                          : tbb::info::default_concurrency()) {
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
    const std::size_t begin = plan.samples.size() * number / plan.batches;
    const std::size_t end = plan.samples.size() * (number + 1) / plan.batches;
    const auto count = static_cast<std::int64_t>(end - begin);
    const std::int64_t side = dataset.crop().size();
    const auto pixels = torch::empty({count, frames, side, side, 3}, torch::kUInt8);
    Batch batch{pixels.permute({0, 1, 4, 2, 3}), torch::empty({count}, torch::kFloat), {}};
    for (std::size_t i = begin; i < end; ++i) {
      batch.indices.push_back(plan.samples[i].index);
      batch.labels.data_ptr<float>()[i - begin] = static_cast<float>(dataset.label(plan.samples[i].index));
    }
    const std::int64_t clip_bytes = frames * side * side * 3;
    auto* data = pixels.data_ptr<std::uint8_t>();
    arena.execute([&] {
      tbb::parallel_for(std::int64_t{0}, count, [&](std::int64_t i) {
        DecodeClip(plan.samples[begin + static_cast<std::size_t>(i)], data + i * clip_bytes);
      });
    });
    return batch;
  }

  // pixels: [T, S, S, 3]
  void DecodeClip(const EpochPlan::Sample& sample, std::uint8_t* pixels) {
    const Clip clip = dataset.Read(sample.index);
    const int side = static_cast<int>(dataset.crop().size());
    for (int i = 0; i < frames; ++i) {
      const int frame = sample.first + i;
      cv::Mat picture(side, side, CV_8UC3, pixels + std::int64_t{3} * i * side * side);
      const auto problem = decoders.local().Decode(clip.frames(frame).image(), dataset.crop(), picture.data);
      if (problem.empty()) {
        Augmenter::Apply(sample.augmentation, frame, &picture);
        continue;
      }
      throw Error(dataset.Where(sample.index),
                  fmt::format("frame {} of {}: {}", frame, dataset.video(sample.index), problem),
                  "extract the dataset again");
    }
  }

  const ClipDataset& dataset;
  const EpochPlan plan;
  const int frames;
  tbb::task_arena arena;
  tbb::enumerable_thread_specific<PictureDecoder> decoders;
  tbb::concurrent_bounded_queue<Item> queue;
  std::size_t delivered = 0;
  std::jthread producer;  // last: it uses all the others
};

BatchLoader::BatchLoader(const ClipDataset& dataset, EpochPlan plan, int workers)
    : impl_(std::make_unique<Impl>(dataset, std::move(plan), workers)) {}

BatchLoader::~BatchLoader() = default;

std::optional<Batch> BatchLoader::Next() {
  if (impl_->delivered == impl_->plan.batches) return std::nullopt;
  Impl::Item item;
  impl_->queue.pop(item);
  ++impl_->delivered;
  if (item.failure) {
    impl_->delivered = impl_->plan.batches;
    std::rethrow_exception(item.failure);
  }
  return std::move(item.batch);
}

}  // namespace seam

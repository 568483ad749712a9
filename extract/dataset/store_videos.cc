#include "extract/dataset/store_videos.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/progress.h"

namespace seam {
namespace {

// A video that the plan leaves out has its row all the same.
void StoreLeftOut(const Video& video, ClipSink* sink) {
  VideoSummary summary;
  summary.status = ReadStatus(video.status);
  summary.reason = video.reason;
  sink->Finish(summary);
}

// With the frames looked at each second and the failures so far.
class VideoProgress {
 public:
  explicit VideoProgress(std::size_t videos)
      : progress_("extract", static_cast<std::int64_t>(videos), "videos") {}

  void Advance(const VideoSummary& summary) {
    frames_ += summary.frames;
    failed_ += IsFailure(summary.status) ? 1 : 0;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    const double rate = static_cast<double>(frames_) / std::max(passed.count(), 1e-3);
    progress_.Advance(1, fmt::format("{:.0f} frames/s, {} failed", rate, failed_));
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::int64_t frames_ = 0, failed_ = 0;
  Progress progress_;
};

// One call of StoreMissing().
class Storing {
 public:
  Storing(const StoreOptions& options, const ExtractOptions& extract, const std::vector<Video>& videos,
          const DatasetWriter& writer)
      : from_real_(options.boxes == "from-real"), extract_(extract), videos_(videos), writer_(writer) {
    if (options.balance) balance_ = ReadBalance(videos);
    for (std::size_t i = 0; i < videos.size(); ++i) numbers_.emplace(videos[i].id, i);
  }

  bool Run() {
    const std::vector<std::size_t> missing = writer_.Missing();
    if (missing.size() < writer_.size())
      Say(fmt::format("{} of {} videos are done already", writer_.size() - missing.size(), writer_.size()));
    std::vector<std::size_t> first, second;
    for (const std::size_t index : missing) {
      if (!videos_[index].status.empty()) {
        StoreLeftOut(videos_[index], writer_.MakeSink(index).get());
      } else {
        (FindReal(index) ? second : first).push_back(index);
      }
    }
    VideoProgress progress(first.size() + second.size());
    return Store(first, &progress) && Store(second, &progress);
  }

 private:
  // The video whose boxes videos_[index] takes, if any.
  std::optional<std::size_t> FindReal(std::size_t index) const {
    const Video& video = videos_[index];
    const auto real = numbers_.find(video.real);
    if (!from_real_ || video.real.empty() || real == numbers_.end()) return std::nullopt;
    return real->second;
  }

  VideoTask MakeTask(std::size_t index) const {
    VideoTask task{videos_[index].path, balance_.Of(videos_[index])};
    if (const auto real = FindReal(index)) {
      const double part = std::min(1.0, task.more / balance_.Of(videos_[*real]));
      task.known = [this, real = *real, part] { return writer_.GetFaces(real, part); };
    }
    return task;
  }

  bool Store(const std::vector<std::size_t>& wanted, VideoProgress* progress) {
    if (!extract_.tools) extract_.tools = std::make_shared<FaceTools>(extract_.detector, extract_.landmarks);
    std::vector<VideoTask> tasks;
    for (const std::size_t index : wanted) tasks.push_back(MakeTask(index));
    return ExtractFaces(
        tasks, extract_, [&](std::size_t i) { return writer_.MakeSink(wanted[i]); },
        [&](std::size_t i, const VideoSummary& summary, std::unique_ptr<ClipSink>) {
          if (IsFailure(summary.status))
            SayError(Error(tasks[i].path.string(), summary.reason, summary.hint));
          progress->Advance(summary);
        });
  }

  bool from_real_;
  ExtractOptions extract_;
  const std::vector<Video>& videos_;
  const DatasetWriter& writer_;
  Balance balance_;
  std::unordered_map<std::string, std::size_t> numbers_;  // of videos, by id
};

}  // namespace

void StoreOptions::Register(Options* options) {
  options->Add("boxes", &boxes, "where a fake's face is: found in itself, or taken from its real's frames",
               {"own", "from-real"});
  options->Add("balance", &balance,
               "in train, more frames or windows from the rarer class, so that both give as many clips");
}

bool StoreMissing(const StoreOptions& options, const ExtractOptions& extract,
                  const std::vector<Video>& videos, const DatasetWriter& writer) {
  return Storing(options, extract, videos, writer).Run();
}

void TellOwnBoxes(const std::vector<ManifestRow>& rows) {
  std::size_t own = 0, fakes = 0;
  for (const ManifestRow& row : rows) {
    if (row.label != "fake" || row.clips == 0) continue;
    ++fakes;
    own += row.boxes_from.empty() ? 1 : 0;
  }
  if (own > 0) {
    SayWarning(
        fmt::format("{} of {} fakes found their own faces: their real is not here, gave no clip, or has "
                    "frames of another size",
                    own, fakes));
  }
}

}  // namespace seam

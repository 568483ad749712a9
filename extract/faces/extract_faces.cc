#include "extract/faces/extract_faces.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include "extract/faces/run_video.h"
#include "extract/media/decoder_pool.h"

namespace seam {
namespace {

struct FinishedVideo {
  std::size_t index = 0;
  VideoSummary summary;
  std::unique_ptr<ClipSink> sink;
  bool whole = false;  // not interrupted in its middle
};

}  // namespace

Orientation TurnAt(const std::vector<TurnFrom>& turns, double seconds) {
  Orientation turn;
  for (const TurnFrom& each : turns) {
    if (each.seconds > seconds) break;
    turn = each.turn;
  }
  return turn;
}

FaceTools::FaceTools(const DetectorOptions& detector, const LandmarkOptions& landmark_options)
    : detectors(detector) {
  if (landmark_options.Wanted()) landmarks.emplace(landmark_options);
}

bool ExtractFaces(
    const std::vector<VideoTask>& videos, const ExtractOptions& given,
    const std::function<std::unique_ptr<ClipSink>(std::size_t)>& make_sink,
    const std::function<void(std::size_t, const VideoSummary&, std::unique_ptr<ClipSink>)>& done,
    ReportOrder order) {
  ExtractOptions options = given;
  if (!options.media.decoders) options.media.decoders = std::make_shared<DecoderPool>();
  options.media.decoders->WarmUp(options.media);
  const int jobs =
      options.jobs > 0 ? options.jobs : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const auto tools =
      options.tools ? options.tools : std::make_shared<FaceTools>(options.detector, options.landmarks);

  std::size_t next = 0;
  const auto take = [&](tbb::flow_control& control) -> std::size_t {
    if (next == videos.size() || options.cancel.Cancelled()) control.stop();
    return next++;
  };
  const auto run = [&](std::size_t index) {
    auto finished = std::make_shared<FinishedVideo>();
    finished->index = index;
    finished->sink = make_sink(index);
    finished->summary = RunVideo(videos[index], options, jobs, &tools->detectors,
                                 tools->landmarks ? &*tools->landmarks : nullptr, finished->sink.get());
    // Stopped in its middle, by the token or by what another video's sink throws, a video looks shorter than
    // it is.
    finished->whole = !options.cancel.Cancelled() && !tbb::is_current_task_group_canceling();
    if (finished->whole) finished->sink->Finish(finished->summary);
    return finished;
  };
  std::size_t reported = 0;
  const auto report = [&](const std::shared_ptr<FinishedVideo>& finished) {
    if (!finished->whole) return;
    ++reported;
    done(finished->index, finished->summary, std::move(finished->sink));
  };
  using Finished = std::shared_ptr<FinishedVideo>;
  // A thread has one video in work; the others are finished and wait for a long one before them.
  constexpr std::size_t kWaitingVideos = 32;
  const auto report_mode = order == ReportOrder::kAsGiven ? tbb::filter_mode::serial_in_order
                                                          : tbb::filter_mode::serial_out_of_order;
  // An arena of its own: a thread that waits for this call's videos never begins another call's.
  tbb::task_arena(jobs).execute([&] {
    tbb::parallel_pipeline(static_cast<std::size_t>(jobs) + kWaitingVideos,
                           tbb::make_filter<void, std::size_t>(tbb::filter_mode::serial_in_order, take) &
                               tbb::make_filter<std::size_t, Finished>(tbb::filter_mode::parallel, run) &
                               tbb::make_filter<Finished, void>(report_mode, report));
  });
  return reported == videos.size();
}

}  // namespace seam

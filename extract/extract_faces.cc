#include "extract/extract_faces.h"

#include <algorithm>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include <tbb/enumerable_thread_specific.h>
#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "extract/tracker.h"

namespace seam {
namespace {

// Frames of one video that are in work at once: enough to keep the threads busy, few enough for 4K pictures.
std::size_t FramesInFlight(int jobs) { return static_cast<std::size_t>(std::clamp(jobs + 1, 2, 8)); }

// A detector for each thread. One that is handed pictures of changing sizes plans its network anew each time,
// and a thread mostly stays with its video.
class Detectors {
 public:
  // Makes the first at once, so that missing weights are an error before any video is opened.
  explicit Detectors(const DetectorOptions& options)
      : size_(options.EffectiveSize()), of_thread_([options] { return MakeFaceDetector(options); }) {
    of_thread_.local();
  }

  std::vector<Face> Detect(const VideoFrame& frame) {
    const cv::Mat small = frame.Shrunk(size_);
    std::vector<Face> faces = of_thread_.local()->Detect(small);
    const auto factor = static_cast<float>(std::max(frame.size().width, frame.size().height)) /
                        static_cast<float>(std::max(small.cols, small.rows));
    for (Face& face : faces) {
      face.box = {face.box.tl() * factor, face.box.size() * factor};
      for (cv::Point2f& point : face.landmarks) point *= factor;
    }
    return faces;
  }

 private:
  int size_;
  tbb::enumerable_thread_specific<std::unique_ptr<FaceDetector>> of_thread_;
};

struct SampledFrame {
  FrameStamp stamp;
  VideoFrame picture;
  std::vector<Face> faces;
  std::string failure;  // of a library at this very frame
};

// One video's way through the pipeline.
class VideoRun {
 public:
  VideoRun(const ExtractOptions& options, Detectors* detectors)
      : options_(options), detectors_(*detectors), deadline_(options.media.max_seconds) {}

  VideoSummary Run(const std::filesystem::path& path, int jobs, CropSink* sink) {
    if (Open(path)) {
      // Isolated: a thread that waits here for its frames must not begin another video meanwhile.
      tbb::this_task_arena::isolate([&] { RunPipeline(jobs, sink); });
      Conclude();
    }
    if (deadline_.Passed()) {
      summary_.status = "timeout";
      summary_.reason = fmt::format("given up after {:g} seconds", options_.media.max_seconds);
      summary_.hint = "look at fewer --frames, or allow more with --max-seconds";
    }
    return summary_;
  }

 private:
  // Whether there is something to decode; the summary says why not.
  bool Open(const std::filesystem::path& path) {
    try {
      reader_.emplace(path, options_.media, deadline_);
      sampler_ = SamplerFor(path);
      return true;
    } catch (const Error& error) {
      summary_.reason = WithoutPath(error.what(), path);
      summary_.hint = error.hint();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      summary_.reason = Printable(error.what());
    }
    summary_.status = "unreadable";
    return false;
  }

  static std::string WithoutPath(const std::string& message, const std::filesystem::path& path) {
    const std::string prefix = Printable(path.string()) + ": ";
    return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
  }

  FrameSampler SamplerFor(const std::filesystem::path& path) {
    if (options_.sample.stride == 1) return FrameSampler::Stride(1);
    const VideoScan scan = ScanVideo(path, options_.media, deadline_);
    scanned_damage_ = scan.damage;
    summary_.damaged = scan.damaged_packets;
    if (options_.sample.stride > 0) return LeavingOut(scan, FrameSampler::Stride(options_.sample.stride));
    if (!scan.times.empty() && scan.ascending)
      return LeavingOut(scan, FrameSampler::Even(options_.sample.frames, scan.times));
    // Times that are missing or jump back say nothing: frames are counted.
    std::int64_t frames = scan.packets;
    if (frames == 0) {
      VideoReader counter(path, options_.media, deadline_);
      while (counter.Next()) ++frames;
    }
    return FrameSampler::EvenByIndex(options_.sample.frames, frames);
  }

  // Lets the reader leave out what `sampler` will not want.
  FrameSampler LeavingOut(const VideoScan& scan, FrameSampler sampler) {
    FrameSampler rehearsal = sampler;
    std::vector<double> wanted;
    for (std::size_t i = 0; i < scan.times.size(); ++i) {
      if (rehearsal.Wants({static_cast<std::int64_t>(i), scan.times[i]})) wanted.push_back(scan.times[i]);
    }
    reader_->ShowOnly(scan, wanted);
    return sampler;
  }

  void RunPipeline(int jobs, CropSink* sink) {
    using Frame = std::shared_ptr<SampledFrame>;
    const auto decode = [this](tbb::flow_control& control) -> Frame {
      Frame frame = NextWanted();
      if (frame == nullptr) control.stop();
      return frame;
    };
    const auto detect = [this](Frame frame) {
      if (frame->failure.empty())
        Guarded(frame.get(), [&] { frame->faces = detectors_.Detect(frame->picture); });
      return frame;
    };
    const auto track_and_crop = [this, sink](const Frame& frame) { TrackAndCrop(*frame, sink); };
    tbb::parallel_pipeline(
        FramesInFlight(jobs),
        tbb::make_filter<void, Frame>(tbb::filter_mode::serial_in_order, decode) &
            tbb::make_filter<Frame, Frame>(tbb::filter_mode::parallel, detect) &
            tbb::make_filter<Frame, void>(tbb::filter_mode::serial_in_order, track_and_crop));
  }

  std::shared_ptr<SampledFrame> NextWanted() {
    while (!sampler_->Finished() && !Interrupted() && !deadline_.Passed()) {
      const auto stamp = reader_->Next();
      if (!stamp) break;
      ++summary_.frames_decoded;
      if (!sampler_->Wants(*stamp)) continue;
      auto frame = std::make_shared<SampledFrame>();
      frame->stamp = *stamp;
      Guarded(frame.get(), [&] { frame->picture = reader_->Frame(); });
      return frame;
    }
    return nullptr;
  }

  // A frame that a library chokes on is the video's damage, not the run's.
  template <class Action>
  static void Guarded(SampledFrame* frame, const Action& action) {
    try {
      action();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const cv::Exception& error) {
      frame->failure = Printable(error.err);
    } catch (const std::exception& error) {
      frame->failure = Printable(error.what());
    }
  }

  void TrackAndCrop(const SampledFrame& frame, CropSink* sink) {
    if (!frame.failure.empty()) {
      failure_ = frame.failure;
      return;
    }
    if (summary_.frames++ == 0) first_seconds_ = frame.stamp.pts_seconds;
    summary_.seconds = frame.stamp.pts_seconds - first_seconds_;
    summary_.faces += static_cast<int>(frame.faces.size());
    const std::vector<int> tracks = tracker_.Assign(frame.faces, frame.stamp.pts_seconds);
    for (std::size_t i = 0; i < frame.faces.size(); ++i) {
      summary_.tracks = std::max(summary_.tracks, tracks[i] + 1);
      sink->Add({tracks[i], frame.stamp, frame.faces[i],
                 CropFace(frame.picture, frame.faces[i].box, options_.crop.margin, options_.crop.size)});
    }
  }

  void Conclude() {
    // The reader stops at the last frame wanted; the scan has seen the whole file.
    const std::string damage = reader_->damage().empty() ? scanned_damage_ : reader_->damage();
    summary_.damaged = std::max(summary_.damaged, reader_->damaged_packets()) + reader_->damaged_frames();
    summary_.reason = failure_.empty() ? damage : failure_;
    if (summary_.frames == 0) {
      summary_.status = "unreadable";
      summary_.reason = "no frame could be decoded" + (summary_.reason.empty() ? "" : ": " + summary_.reason);
      summary_.hint = "copy the file again, or convert it with ffmpeg; --max-pixels may be too low for it";
    } else if (!summary_.reason.empty()) {
      summary_.status = "damaged";
      summary_.hint = "what could be decoded was used; copy the file again if it should be whole";
    } else if (summary_.faces == 0) {
      summary_.status = "no_face";
      summary_.reason = "no face in any of the frames looked at";
      summary_.hint = "more --frames or a larger --detect-size find small and rare faces";
    } else {
      summary_.status = "ok";
    }
  }

  const ExtractOptions& options_;
  Detectors& detectors_;
  const Deadline deadline_;
  std::optional<VideoReader> reader_;
  std::optional<FrameSampler> sampler_;
  Tracker tracker_;
  VideoSummary summary_;
  std::string failure_, scanned_damage_;
  double first_seconds_ = 0;
};

struct FinishedVideo {
  std::size_t index = 0;
  VideoSummary summary;
  std::unique_ptr<CropSink> sink;
  bool whole = false;  // not interrupted in its middle
};

}  // namespace

void ExtractOptions::Register(Options* options) {
  sample.Register(options);
  detector.Register(options);
  crop.Register(options);
  media.Register(options);
  options->Add("jobs", &jobs, "threads at work (0: one per core)");
}

void ExtractOptions::Check() const {
  sample.Check();
  detector.Check();
  crop.Check();
  media.Check();
  if (jobs < 0 || jobs > 4096) throw UsageError("--jobs", "must be from 0 to 4096", "0 means one per core");
}

bool IsFailure(const std::string& status) {
  return status == "unreadable" || status == "damaged" || status == "timeout";
}

CropSpec ExtractOptions::Spec() const {
  CropSpec spec;
  spec.set_size(static_cast<std::uint32_t>(crop.size));
  spec.set_margin(crop.margin);
  spec.set_align("none");
  spec.set_detector(detector.detector);
  spec.set_detect_size(static_cast<std::uint32_t>(detector.EffectiveSize()));
  spec.set_detect_threshold(detector.detect_threshold);
  return spec;
}

bool ExtractFaces(
    const std::vector<std::filesystem::path>& videos, const ExtractOptions& options,
    const std::function<std::unique_ptr<CropSink>(std::size_t)>& make_sink,
    const std::function<void(std::size_t, const VideoSummary&, std::unique_ptr<CropSink>)>& done) {
  const int jobs =
      options.jobs > 0 ? options.jobs : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  static_cast<std::size_t>(jobs));
  cv::setNumThreads(1);
  Detectors detectors(options.detector);

  std::size_t next = 0;
  const auto take = [&](tbb::flow_control& control) -> std::size_t {
    if (next == videos.size() || Interrupted()) control.stop();
    return next++;
  };
  const auto run = [&](std::size_t index) {
    auto finished = std::make_shared<FinishedVideo>();
    finished->index = index;
    finished->sink = make_sink(index);
    finished->summary = VideoRun(options, &detectors).Run(videos[index], jobs, finished->sink.get());
    // Stopped in its middle, by the user or by what another video's sink throws, a video looks shorter than
    // it is.
    finished->whole = !Interrupted() && !tbb::is_current_task_group_canceling();
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
  tbb::parallel_pipeline(static_cast<std::size_t>(jobs) + 2,
                         tbb::make_filter<void, std::size_t>(tbb::filter_mode::serial_in_order, take) &
                             tbb::make_filter<std::size_t, Finished>(tbb::filter_mode::parallel, run) &
                             tbb::make_filter<Finished, void>(tbb::filter_mode::serial_in_order, report));
  return reported == videos.size();
}

}  // namespace seam

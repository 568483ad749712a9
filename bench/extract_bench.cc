// What each stage of an extraction costs in seconds of the processor, and its share, one after the other on
// one thread:
//
//   extract_bench DETECTOR ENGINE WEIGHTS VIDEO...
//
// 32 frames of each video, as `seam extract --frames 32` takes them. WEIGHTS may be "" for hog.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "base/error.h"
#include "extract/faces/crop.h"
#include "extract/faces/face_detector.h"
#include "extract/faces/frame_sampling.h"
#include "extract/faces/tracker.h"
#include "extract/media/video_reader.h"
#include "proto/picture.h"

namespace seam {
namespace {

enum Stage { kScan, kOpen, kDecode, kConvert, kDetect, kTrack, kCrop, kEncode, kWrite, kStages };
constexpr const char* kNames[] = {"scan",  "open", "decode", "convert", "detect",
                                  "track", "crop", "encode", "write"};

class Extraction {
 private:
  struct Timer {
    ~Timer() { *total += Now() - begin; }
    // Of this thread alone: others that use the machine do not count.
    static double Now() {
      timespec now = {};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
      return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
    }
    double* total;
    double begin = Now();
  };

  template <class Action>
  auto Timed(Stage stage, const Action& action) {
    const Timer timer{&seconds_[stage]};
    return action();
  }

 public:
  explicit Extraction(const DetectorOptions& options)
      : size_(options.EffectiveSize()), detector_(MakeFaceDetector(options)) {
    spec_.set_size(256);
    spec_.set_encoding("jpeg");
    spec_.set_quality(95);
  }

  void Add(const std::filesystem::path& video, std::ostream* out) {
    Tracker tracker;
    const VideoScan scan = Timed(kScan, [&] { return ScanVideo(video); });
    FrameSampler sampler = FrameSampler::Even(32, scan.times), rehearsal = sampler;
    std::vector<double> wanted;
    for (const double time : scan.times) {
      if (rehearsal.Wants({0, time})) wanted.push_back(time);
    }
    VideoReader reader = Timed(kOpen, [&] { return VideoReader(video); });
    reader.ShowOnly(scan, wanted);
    while (const auto stamp = Timed(kDecode, [&] { return reader.Next(); })) {
      if (sampler.Wants(*stamp)) AddFrame(reader.Frame(), stamp->pts_seconds, &tracker, out);
    }
  }

  void Print() const {
    double all = 0;
    for (const double each : seconds_) all += each;
    fmt::print("{:<8} {:>8} {:>7} {:>9}\n", "stage", "s", "share", "ms/frame");
    for (int i = 0; i < kStages; ++i) {
      fmt::print("{:<8} {:>8.2f} {:>6.1f}% {:>9.2f}\n", kNames[i], seconds_[i], 100 * seconds_[i] / all,
                 1000 * seconds_[i] / frames_);
    }
    fmt::print("{:<8} {:>8.2f} {:>14} frames\n", "all", all, frames_);
  }

 private:
  void AddFrame(const VideoFrame& frame, double seconds, Tracker* tracker, std::ostream* out) {
    ++frames_;
    const cv::Mat small = Timed(kConvert, [&] { return frame.Shrunk(size_); });
    std::vector<Face> faces = Timed(kDetect, [&] { return detector_->Detect(small); });
    const float factor = static_cast<float>(frame.size().width) / static_cast<float>(small.cols);
    for (Face& face : faces) face.box = {face.box.tl() * factor, face.box.size() * factor};
    Timed(kTrack, [&] { return tracker->Assign(faces, seconds); });
    for (const Face& face : faces) {
      const cv::Mat crop = Timed(kCrop, [&] { return CropSquare(frame, face.box, 0.3, 256); });
      const std::string bytes = Timed(kEncode, [&] { return EncodePicture(crop.data, crop.step[0], spec_); });
      Timed(kWrite, [&] { return &out->write(bytes.data(), static_cast<std::streamsize>(bytes.size())); });
    }
  }

  int size_, frames_ = 0;
  std::unique_ptr<FaceDetector> detector_;
  CropSpec spec_;
  double seconds_[kStages] = {};
};

}  // namespace
}  // namespace seam

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: extract_bench DETECTOR ENGINE WEIGHTS VIDEO...\n");
    return 2;
  }
  cv::setNumThreads(1);
  try {
    seam::DetectorOptions options;
    options.detector = argv[1];
    options.detector_engine = argv[2];
    options.detector_model = argv[3];
    seam::Extraction extraction(options);
    std::ofstream out("/dev/null");
    for (int i = 4; i < argc; ++i) extraction.Add(argv[i], &out);
    extraction.Print();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "extract_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}

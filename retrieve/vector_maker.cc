#include "retrieve/vector_maker.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/sha256.h"
#include "extract/media/decoder_pool.h"
#include "extract/media/video_reader.h"
#include "infer/ensemble.h"
#include "infer/evidence.h"
#include "infer/predictor.h"
#include "infer/settings.h"
#include "models/zoo/ensemble_file.h"
#include "models/zoo/stored_network.h"
#include "retrieve/corners.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr int kThumbnailSide = 112, kThumbnailQuality = 80;
constexpr std::size_t kFilesAtOnce = 64;  // whose whole frames are looked at before any is told

FrameSampler SamplerFor(const fs::path& file, const MediaLimits& limits, const Deadline& deadline,
                        int frames) {
  const VideoScan scan = ScanVideo(file, limits, deadline);
  return scan.ascending && !scan.times.empty() ? FrameSampler::Even(frames, scan.times)
                                               : FrameSampler::EvenByIndex(frames, scan.packets);
}

}  // namespace

void VectorMaker::Settings::Register(Options* options) {
  options->Add("frames", &frames, "frames to look at in each video, evenly in time", Between(1, 100'000));
  options->Add("faces", &faces, "whose faces: see seam infer", {"largest", "centre", "all"});
  media.Register(options);
  options->Add("jobs", &jobs, "threads at work (0: one per core)", Between(0, 4096));
}

// Takes the faces of one file.
class VectorMaker::Sink : public ClipSink {
 public:
  explicit Sink(const VectorMaker& maker) : maker_(maker) {}

  void Add(FaceClip clip) override {
    for (const FaceFrame& frame : clip.frames) {
      Place place{clip.track, frame.stamp.index, frame.stamp.pts_seconds, {}};
      place.box.set_x(frame.face.box.x);
      place.box.set_y(frame.face.box.y);
      place.box.set_width(frame.face.box.width);
      place.box.set_height(frame.face.box.height);
      result_.entries.push_back(maker_.FindEntry(std::move(place), frame.picture));
    }
  }

  void Finish(const VideoSummary& summary) override {
    std::erase_if(result_.entries, [&](const NewEntry& entry) {
      return std::find(summary.kept.begin(), summary.kept.end(), entry.place.track) == summary.kept.end();
    });
    if (!result_.entries.empty()) return;
    result_.failed = IsFailure(summary.status);
    result_.problem = summary.reason.empty() ? "no face" : summary.reason;
    result_.hint = summary.hint;
  }

  Result Take() { return std::move(result_); }

 private:
  const VectorMaker& maker_;
  Result result_;
};

VectorMaker::VectorMaker(FeatureKind kind, Region region, const std::string& model, Settings settings)
    : kind_(kind), region_(region), settings_(std::move(settings)) {
  settings_.media.decoders = std::make_shared<DecoderPool>();  // one start for all files
  if (kind_ == FeatureKind::kCorners) {
    if (!model.empty()) throw UsageError("--model", "makes no sense with --features corners");
    return;
  }
  model_file_ = CheckpointFile(model);
  if (IsEnsemble(model_file_)) {
    const EnsembleFile networks(model_file_);
    network_ = std::make_shared<const Predictor>(networks.Checkpoint(0), networks.Subject(0),
                                                 CompileOptions(), nullptr);
  } else {
    network_ = std::make_shared<const Predictor>(model_file_);
  }
  if (network_->frames() > 1) {
    throw UsageError("--model", fmt::format("takes windows of {} frames", network_->frames()),
                     "name a network of single pictures");
  }
}

VectorMaker::~VectorMaker() = default;
VectorMaker::VectorMaker(VectorMaker&&) noexcept = default;

ArchiveRecipe VectorMaker::recipe() const {
  ArchiveRecipe recipe;
  recipe.kind = kind_;
  recipe.region = region_;
  if (!network_) return recipe;
  recipe.model = network_->info().model;
  recipe.model_file = fs::absolute(model_file_).lexically_normal().string();
  recipe.model_sha256 = Sha256OfFile(model_file_);
  return recipe;
}

std::vector<float> VectorMaker::ComputeVector(const cv::Mat& picture) const {
  if (!network_) return FindCorners(picture);
  const int side = static_cast<int>(network_->info().crop.size());
  if (picture.cols == side && picture.rows == side) return network_->Features({picture});
  cv::Mat scaled;
  cv::resize(picture, scaled, {side, side}, 0, 0, cv::INTER_AREA);
  return network_->Features({scaled});
}

NewEntry VectorMaker::FindEntry(Place place, const cv::Mat& picture) const {
  return {std::move(place), ComputeVector(picture), SmallJpeg(picture, kThumbnailSide, kThumbnailQuality)};
}

bool VectorMaker::Make(const std::vector<fs::path>& files, const CancelToken& cancel,
                       const Done& done) const {
  return region_ == Region::kFaces ? MakeOfFaces(files, cancel, done) : MakeOfWhole(files, cancel, done);
}

bool VectorMaker::MakeOfFaces(const std::vector<fs::path>& files, const CancelToken& cancel,
                              const Done& done) const {
  ExtractOptions extract;
  if (network_) {
    InferSettings infer;
    Options none("", "", "", "");  // nothing is forced: faces are found as for the network's training
    infer.Register(&none);
    extract = ExtractionFor(Ensemble(network_), infer, none);
  } else {
    extract.crop.size = kCornerSide;
  }
  extract.sample.frames = settings_.frames;
  extract.choice.faces = settings_.faces;
  extract.media = settings_.media;
  extract.jobs = settings_.jobs;
  extract.cancel = cancel;
  std::vector<VideoTask> tasks;
  for (const fs::path& file : files) tasks.push_back({file});
  return ExtractFaces(
      tasks, extract, [&](std::size_t) { return std::make_unique<Sink>(*this); },
      [&](std::size_t i, const VideoSummary& summary, std::unique_ptr<ClipSink> sink) {
        if (cancel.Cancelled()) return;  // it may be half done
        Result result = sink ? static_cast<Sink&>(*sink).Take() : Result();
        if (!sink) {
          result.failed = true;
          result.problem = summary.reason;
          result.hint = summary.hint;
        }
        done(i, std::move(result));
      });
}

VectorMaker::Result VectorMaker::LookAtWhole(const fs::path& file, const CancelToken& cancel) const {
  Result result;
  try {
    const Deadline deadline(settings_.media.max_seconds, cancel);
    FrameSampler sampler = SamplerFor(file, settings_.media, deadline, settings_.frames);
    VideoReader reader(file, settings_.media, deadline);
    while (const auto stamp = reader.Next()) {
      if (sampler.Wants(*stamp))
        result.entries.push_back(
            FindEntry({0, stamp->index, stamp->pts_seconds, {}}, reader.Frame().Picture()));
      if (sampler.Finished()) break;
    }
    if (result.entries.empty()) {
      result.failed = true;
      result.problem = reader.damage().empty() ? "no frame" : reader.damage();
    }
  } catch (const Error& error) {
    const std::string what = error.what(), subject = file.string() + ": ";
    result = {{}, what.starts_with(subject) ? what.substr(subject.size()) : what, error.hint(), true};
  }
  return result;
}

bool VectorMaker::MakeOfWhole(const std::vector<fs::path>& files, const CancelToken& cancel,
                              const Done& done) const {
  for (std::size_t begin = 0; begin < files.size(); begin += kFilesAtOnce) {
    std::vector<Result> results(std::min(kFilesAtOnce, files.size() - begin));
    tbb::parallel_for(std::size_t{0}, results.size(), [&](std::size_t i) {
      if (!cancel.Cancelled()) results[i] = LookAtWhole(files[begin + i], cancel);
    });
    if (cancel.Cancelled()) return false;
    for (std::size_t i = 0; i < results.size(); ++i) done(begin + i, std::move(results[i]));
  }
  return true;
}

}  // namespace seam

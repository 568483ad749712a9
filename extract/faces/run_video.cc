#include "extract/faces/run_video.h"

#include <algorithm>
#include <limits>
#include <map>
#include <new>
#include <numeric>
#include <optional>
#include <utility>

#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/scratch_folder.h"
#include "extract/faces/drawn_look.h"
#include "extract/faces/perturb.h"
#include "extract/faces/tracker.h"
#include "extract/faces/whole_picture.h"
#include "extract/media/decoder_pool.h"

namespace seam {
namespace {

// Frames of one video that are in work at once: enough to keep the threads busy, few enough for 4K pictures.
std::size_t FramesInFlight(int jobs) { return static_cast<std::size_t>(std::clamp(jobs + 1, 2, 8)); }

// A frame in one turn.
struct View {
  VideoFrame picture;
  std::vector<Face> faces;
  cv::Mat scene;      // as Tracker wants it
  cv::Mat thumbnail;  // if ExtractOptions asks for it
};

struct SampledFrame : View {
  std::vector<std::optional<FrameSlot>> slots;  // by set of windows; at least one is there
  FrameStamp stamp;
  VideoFrame stored;             // the picture before it was turned
  std::vector<View> others;      // in further turns, until one is chosen
  std::string failure;           // of a library at this very frame
  bool detector_failed = false;  // that library is the detector's
};

// What the clips of one person add up to.
struct Tally {
  double area = 0;      // of the boxes, summed over the frames
  double nearness = 0;  // to the picture's middle, 1 there and 0 in its corners, summed over the frames
  int clips = 0, interpolated = 0;
};

// Of the box's own middle: 1 in the picture's, falling with the distance to 0 in its corners and below beyond
// them. `picture` is the first frame's size; few videos change theirs.
double NearnessToMiddle(const cv::Rect2f& box, const cv::Size& picture) {
  const cv::Point2f half(static_cast<float>(picture.width) / 2, static_cast<float>(picture.height) / 2);
  return 1 - cv::norm((box.tl() + box.br()) / 2 - half) / std::max(1.0, cv::norm(half));
}

int Count(std::int64_t count) {
  return static_cast<int>(std::min<std::int64_t>(count, std::numeric_limits<int>::max()));
}

// Of the scores of upright faces in the test clips, 0.96 and more. When turned they have none, or one that
// IsSideways().
constexpr double kClearlyAFace = 0.5;
// One frame of so many does not make a video one that has to be looked at again.
constexpr int kRare = 8;

// One video's way through the pipeline.
class VideoRun {
 public:
  VideoRun(const ExtractOptions& options, const VideoTask& task, Detectors* detectors,
           const LandmarkPredictor* landmarks, ClipSink* sink)
      : options_(options),
        sample_(options.sample.Times(task.more)),
        task_(task),
        detectors_(*detectors),
        landmarks_(landmarks),
        sink_(*sink),
        path_(task.path),
        deadline_(options.media.max_seconds, options.cancel) {}

  VideoSummary Run(int jobs) {
    try {
      if (Open()) {
        // Isolated: a thread that waits here for its frames must not begin another video meanwhile.
        tbb::this_task_arena::isolate([&] {
          RunPipeline(jobs);
          LookAgain(jobs);
        });
        CountClips();
        Conclude();
      }
    } catch (const DecoderFailure& failure) {
      GiveUp(Status::kCrashed, WithoutPath(failure.what(), path_), failure.hint());
    }
    if (deadline_.Passed()) {
      GiveUp(Status::kTimeout, fmt::format("given up after {:g} seconds", options_.media.max_seconds),
             "look at fewer --frames, or allow more with --max-seconds");
    }
    return summary_;
  }

 private:
  // How much there is depends on the machine's speed: none of it is used.
  void GiveUp(Status status, const std::string& reason, const std::string& hint) {
    summary_.status = status;
    summary_.reason = reason;
    summary_.hint = hint;
    summary_.kept.clear();
    summary_.clips = summary_.interpolated = 0;
  }

  // Whether there is something to decode; the summary says why not.
  bool Open() {
    const std::filesystem::path& path = task_.path;
    try {
      if (!copy_ && !options_.perturb.none() && options_.perturb.kind().of_file) EncodeAnewFirst();
      reader_.emplace(path_, options_.media, deadline_);
      if (task_.known && !again_ && !TakesTiles()) UseKnownFaces();
      samplers_ = known_ ? SamplerOfKnown() : SamplersFor(path_);
      builders_.clear();
      const auto sets = static_cast<std::int64_t>(samplers_.size());
      for (std::int64_t set = 0; set < sets; ++set) {
        builders_.emplace_back(
            sample_.ClipFrames(), known_ ? 1 : sample_.detect_every, options_.crop, !known_,
            [this, set, sets](FaceClip clip) {
              clip.window = set + sets * clip.window;
              TakeClip(std::move(clip));
            },
            options_.more_crops);
      }
      return true;
    } catch (const DecoderFailure&) {
      throw;
    } catch (const Error& error) {
      summary_.reason = WithoutPath(error.what(), path);
      summary_.hint = error.hint();
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      summary_.reason = Printable(error.what());
    }
    summary_.status = Status::kUnreadable;
    return false;
  }

  // What the first look missed: pixels that stand on their side or head although the file does not say so, in
  // all of the video or in parts, and faces that are too small.
  void LookAgain(int jobs) {
    if (known_ || summary_.frames == 0 || !failure_.empty()) return;
    constexpr int kMostTurns = 2;
    for (int i = 0; i < kMostTurns && SeemsTurned(); ++i) {
      const std::optional<Orientation> turn = TurnToUpright();
      if (!turn) break;
      if (kRare * upright_frames_ < fallen_frames_) turns_.clear();
      turns_.push_back(*turn);
      if (!Restart(jobs)) return;
    }
    probes_.clear();
    const int longer = std::max(summary_.size.width, summary_.size.height);
    if (summary_.faces > 0 || summary_.small_faces > 0 || longer <= detectors_.FindSize(DetectLook::kUsual))
      return;
    const VideoSummary usual = summary_;
    const int turned = turned_frames_;
    look_ = DetectLook::kLarger;
    Restart(jobs);
    if (summary_.faces > 0) {
      AddCaution(LargerLook(detectors_.FindSize(look_)), &summary_.cautions);
    } else {
      summary_ = usual;
      turned_frames_ = turned;
      failure_.clear();
      detector_failed_ = false;
    }
  }

  // Runs through the video once more, as if for the first time; people get new numbers, so that clips that a
  // sink has already are not kept.
  bool Restart(int jobs) {
    if (deadline_.Stopped()) return false;
    const VideoSummary before = std::exchange(summary_, {});
    again_ = true;
    first_track_ += before.tracks;
    tracker_ = Tracker();
    tallies_.clear();
    last_window_ = -1;
    windows_with_clips_ = upright_frames_ = fallen_frames_ = turned_frames_ = 0;
    turn_now_ = 0;
    probes_.clear();
    drawn_ = DrawnLook();
    if (!Open()) {
      summary_ = before;
      return false;
    }
    RunPipeline(jobs);
    return true;
  }

  // Frames in which nobody stands upright, more than a few.
  bool SeemsTurned() const { return kRare * fallen_frames_ > fallen_frames_ + upright_frames_; }

  bool TakesTiles() const { return options_.TakesTiles(); }
  bool TakesWholePictures() const { return options_.detector.detector == kWholePicture; }

  static bool IsSideways(const Face& face) {
    const cv::Point2f eyes = face.landmarks[1] - face.landmarks[0];
    return face.box.width > face.box.height || (face.has_landmarks && std::abs(eyes.y) > std::abs(eyes.x));
  }

  static Orientation TurnBy(int degrees) {
    if (degrees == 180) return {false, true, true};
    return {true, degrees == 90, degrees == 270};
  }

  std::vector<Face> FacesIn(const VideoFrame& frame) const {
    SampledFrame probe;
    probe.picture = frame;
    Guarded(&probe,
            [&] { probe.faces = detectors_.Detect(probe.picture, look_, &probe.scene, &probe.thumbnail); });
    return probe.faces;
  }

  // The best score of a face that stands upright.
  static double UprightScore(const std::vector<Face>& faces) {
    double best = 0;
    for (const Face& face : faces)
      best = std::max(best, IsSideways(face) ? 0.0 : static_cast<double>(face.score));
    return best;
  }

  // How the frames kept aside, in which nobody stands upright, have to be turned so that faces are found;
  // none where it does not help.
  std::optional<Orientation> TurnToUpright() const {
    std::vector<Orientation> turns = {TurnBy(90), TurnBy(270), TurnBy(180)};
    std::erase_if(turns, [&](Orientation turn) {
      return std::find(turns_.begin(), turns_.end(), turn) != turns_.end();
    });
    // The scores' mean, so at least in two frames of three.
    const double least = kClearlyAFace * static_cast<double>(probes_.size());
    std::vector<double> sums(turns.size());
    for (std::size_t i = 0; i < probes_.size(); ++i) {
      for (std::size_t k = 0; k < turns.size(); ++k)
        sums[k] += UprightScore(FacesIn(probes_[i].Turned(turns[k])));
      const auto left = static_cast<double>(probes_.size() - 1 - i);
      if (sums.empty() || *std::max_element(sums.begin(), sums.end()) + left < least) return std::nullopt;
    }
    const auto best = std::max_element(sums.begin(), sums.end());
    if (best == sums.end() || *best < least) return std::nullopt;
    return turns[static_cast<std::size_t>(best - sums.begin())];
  }

  // Among the turns that parts of the video need. Where no turn is clearly better the frame stands as the one
  // before.
  void ChooseTurn(SampledFrame* frame) {
    constexpr double kBetter = 0.15;
    std::vector<double> scores = {UprightScore(frame->faces)};
    for (const View& other : frame->others) scores.push_back(UprightScore(other.faces));
    const auto best = std::max_element(scores.begin(), scores.end());
    if (scores.size() == turns_.size() && *best >= kClearlyAFace && *best > scores[turn_now_] + kBetter)
      turn_now_ = static_cast<std::size_t>(best - scores.begin());
    if (turn_now_ > 0) static_cast<View&>(*frame) = std::move(frame->others[turn_now_ - 1]);
    frame->others.clear();
    const Orientation turn = turns_[turn_now_];
    turned_frames_ += turn == Orientation{} ? 0 : 1;
    if (turn != (summary_.turns.empty() ? Orientation{} : summary_.turns.back().turn)) {
      constexpr double kBegin = std::numeric_limits<double>::lowest();
      summary_.turns.push_back({summary_.frames == 0 ? kBegin : frame->stamp.pts_seconds, turn});
    }
  }

  void TellTurns() {
    if (turned_frames_ == 0) return;
    const auto degrees = [](Orientation turn) { return !turn.transpose ? 180 : turn.flip_x ? 90 : 270; };
    AddCaution(turned_frames_ == summary_.frames && summary_.turns.size() == 1
                   ? TurnedPicture(degrees(summary_.turns.front().turn))
                   : TurnedFrames(turned_frames_, summary_.frames),
               &summary_.cautions);
  }

  // From here on the video is its perturbed copy.
  void EncodeAnewFirst() {
    copy_.emplace();
    path_ = copy_->path() / "perturbed.mp4";
    if (!EncodeAnew(task_.path, options_.perturb, options_.media, deadline_, path_))
      throw Error(task_.path.string(), "was not encoded anew in time");
  }

  // In place of its picture as it was decoded.
  void PerturbFrame(SampledFrame* frame) const {
    if (options_.perturb.none() || options_.perturb.kind().of_file) return;
    Guarded(frame, [&] {
      frame->stored = VideoFrame(Perturbed(frame->stored.Picture(), options_.perturb,
                                           PerturbationSeed(task_.path, frame->stamp.index)));
    });
  }

  // Boxes in frames of another size, or whose pixels stand otherwise, would be wrong: then the faces are
  // looked for as everywhere.
  void UseKnownFaces() {
    known_ = task_.known();
    if (!known_) return;
    const FaceFrame& told = known_->clips.front().frames.front();
    VideoReader reader(path_, options_.media, deadline_);
    std::optional<FrameStamp> stamp = reader.Next();
    while (stamp && stamp->index < told.stamp.index) stamp = reader.Next();
    if (!stamp || reader.Frame().size() != known_->size || StandsOtherwise(reader.Frame(), told.face.box))
      known_.reset();
    if (known_) summary_.boxes_from = known_->video;
  }

  // Whether no face is where it was told to be, and one is seen when the picture is turned.
  bool StandsOtherwise(const VideoFrame& frame, const cv::Rect2f& told) const {
    if (TakesWholePictures()) return false;
    constexpr float kOverlap = 0.3F;  // intersection over union
    const auto upright = [](const Face& face) { return !IsSideways(face); };
    const auto there = [&](const Face& face) {
      const float both = (face.box & told).area();
      return upright(face) && both > kOverlap * (face.box.area() + told.area() - both);
    };
    const std::vector<Face> faces = FacesIn(frame);
    if (std::any_of(faces.begin(), faces.end(), there)) return false;
    for (const int degrees : {180, 90, 270}) {
      const std::vector<Face> turned = FacesIn(frame.Turned(TurnBy(degrees)));
      if (std::any_of(turned.begin(), turned.end(), upright)) return true;
    }
    return false;
  }

  std::vector<FrameSampler> SamplerOfKnown() {
    const VideoScan scan = ScanVideo(path_, options_.media, deadline_);
    scanned_damage_ = scan.damage;
    scanned_frames_ = scan.packets;
    summary_.damaged = Count(scan.damaged_packets);
    std::vector<std::int64_t> numbers;
    for (const FaceClip& clip : known_->clips) {
      for (const FaceFrame& frame : clip.frames) numbers.push_back(frame.stamp.index);
    }
    return LeavingOut(scan, {FrameSampler::At(numbers, sample_.ClipFrames())});
  }

  static std::string WithoutPath(const std::string& message, const std::filesystem::path& path) {
    const std::string prefix = Printable(path.string()) + ": ";
    return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
  }

  // One for each set of windows.
  std::vector<FrameSampler> SamplersFor(const std::filesystem::path& path) {
    if (sample_.stride == 1) return {FrameSampler::Stride(1)};
    const VideoScan scan = ScanVideo(path, options_.media, deadline_);
    scanned_damage_ = scan.damage;
    scanned_frames_ = scan.packets;
    summary_.damaged = Count(scan.damaged_packets);
    if (sample_.stride > 0) return LeavingOut(scan, {FrameSampler::Stride(sample_.stride)});
    const bool windows = sample_.window > 1;
    const bool twice = std::adjacent_find(scan.times.begin(), scan.times.end()) != scan.times.end();
    if (!scan.times.empty() && scan.ascending && !(windows && twice)) {
      if (!windows) return LeavingOut(scan, {FrameSampler::Even(SingleFrames(), scan.times)});
      return LeavingOut(scan,
                        MakeSets([&](int set) { return FrameSampler::Windows(sample_, scan.times, set); }));
    }
    // Times that are missing or jump back say nothing: frames are counted.
    std::int64_t frames = scan.packets;
    if (frames == 0) {
      VideoReader counter(path, options_.media, deadline_);
      while (counter.Next()) ++frames;
    }
    if (!windows) return {FrameSampler::EvenByIndex(SingleFrames(), frames)};
    return MakeSets([&](int set) { return FrameSampler::WindowsByIndex(sample_, frames, set); });
  }

  std::vector<FrameSampler> MakeSets(const std::function<FrameSampler(int)>& make) const {
    std::vector<FrameSampler> samplers;
    for (int set = 0; set < sample_.WindowSets(); ++set) samplers.push_back(make(set));
    return samplers;
  }

  int SingleFrames() const { return sample_.window > 0 ? sample_.windows : sample_.frames; }

  // Lets the reader leave out what none of `samplers` will want.
  std::vector<FrameSampler> LeavingOut(const VideoScan& scan, std::vector<FrameSampler> samplers) {
    std::vector<FrameSampler> rehearsal = samplers;
    std::vector<double> wanted;
    for (std::size_t i = 0; i < scan.times.size(); ++i) {
      if (IsWanted(FillSlots(&rehearsal, {static_cast<std::int64_t>(i), scan.times[i]})))
        wanted.push_back(scan.times[i]);
    }
    reader_->ShowOnly(scan, wanted);
    return samplers;
  }

  static std::vector<std::optional<FrameSlot>> FillSlots(std::vector<FrameSampler>* samplers,
                                                         const FrameStamp& stamp) {
    std::vector<std::optional<FrameSlot>> slots;
    for (FrameSampler& sampler : *samplers) slots.push_back(sampler.Wants(stamp));
    return slots;
  }

  static bool IsWanted(const std::vector<std::optional<FrameSlot>>& slots) {
    return std::any_of(slots.begin(), slots.end(), [](const auto& slot) { return slot.has_value(); });
  }

  bool Finished() const {
    return std::all_of(samplers_.begin(), samplers_.end(),
                       [](const FrameSampler& sampler) { return sampler.Finished(); });
  }

  std::int64_t WindowsWanted() const {
    std::int64_t windows = 0;
    for (const FrameSampler& sampler : samplers_) windows += sampler.windows();
    return windows;
  }

  void RunPipeline(int jobs) {
    using Frame = std::shared_ptr<SampledFrame>;
    const auto decode = [this](tbb::flow_control& control) -> Frame {
      Frame frame = NextWanted();
      if (frame == nullptr) control.stop();
      return frame;
    };
    const auto detect = [this](Frame frame) {
      PerturbFrame(frame.get());
      if (!frame->failure.empty()) return frame;
      frame->picture = frame->stored.Turned(turns_.front());
      if (known_) {
        frame->faces = FindKnownFaces(*frame);
      } else if (LookedFor(*frame)) {
        Look(frame.get(), frame.get());
      }
      SetThumbnail(frame.get(), frame.get());
      for (std::size_t i = 1; i < turns_.size() && frame->failure.empty(); ++i) {
        View& other = frame->others.emplace_back();
        other.picture = frame->stored.Turned(turns_[i]);
        if (LookedFor(*frame)) Look(&other, frame.get());
        SetThumbnail(&other, frame.get());
      }
      return frame;
    };
    const auto track_and_crop = [this](const Frame& frame) { TrackAndCrop(frame.get()); };
    tbb::parallel_pipeline(
        FramesInFlight(jobs),
        tbb::make_filter<void, Frame>(tbb::filter_mode::serial_in_order, decode) &
            tbb::make_filter<Frame, Frame>(tbb::filter_mode::parallel, detect) &
            tbb::make_filter<Frame, void>(tbb::filter_mode::serial_in_order, track_and_crop));
  }

  std::shared_ptr<SampledFrame> NextWanted() {
    while (!Finished() && !deadline_.Stopped()) {
      const auto stamp = reader_->Next();
      if (!stamp) break;
      ++summary_.frames_decoded;
      std::vector<std::optional<FrameSlot>> slots = FillSlots(&samplers_, *stamp);
      if (!IsWanted(slots)) continue;
      auto frame = std::make_shared<SampledFrame>();
      frame->slots = std::move(slots);
      frame->stamp = *stamp;
      Guarded(frame.get(), [&] { frame->stored = reader_->Frame(); });
      return frame;
    }
    return nullptr;
  }

  // A frame that a library chokes on is the video's damage, not the run's. A decoder that is gone ends the
  // video.
  template <class Action>
  static void Guarded(SampledFrame* frame, const Action& action) {
    try {
      action();
    } catch (const DecoderFailure&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const cv::Exception& error) {
      frame->failure = Printable(error.err);
    } catch (const std::exception& error) {
      frame->failure = Printable(error.what());
    }
  }

  void Look(View* view, SampledFrame* frame) const {
    Guarded(frame,
            [&] { view->faces = detectors_.Detect(view->picture, look_, &view->scene, &view->thumbnail); });
    if (TakesTiles()) view->faces = FindTiles(view->picture.size());
    frame->detector_failed = !frame->failure.empty();
  }

  std::vector<Face> FindTiles(const cv::Size& picture) const {
    const CropOptions& crop = options_.crop;
    std::vector<Face> tiles;
    for (const cv::Rect& tile : TilesIn(picture, crop.margin, crop.size, crop.overlap))
      tiles.push_back({cv::Rect2f(tile), 1});
    return tiles;
  }

  void SetThumbnail(View* view, SampledFrame* frame) const {
    if (!options_.thumbnails) {
      view->thumbnail.release();
    } else if (view->thumbnail.empty() && frame->failure.empty()) {
      constexpr int kSide = 320;
      Guarded(frame, [&] { view->thumbnail = view->picture.Shrunk(kSide); });
    }
  }

  const FaceFrame& KnownFrame(const FrameSlot& slot) const {
    return known_->clips[static_cast<std::size_t>(slot.window)]
        .frames[static_cast<std::size_t>(slot.position)];
  }

  bool LookedFor(const SampledFrame& frame) const {
    return std::any_of(frame.slots.begin(), frame.slots.end(), [&](const auto& slot) {
      return slot && IsLookedFor(slot->position, sample_.ClipFrames(), sample_.detect_every);
    });
  }

  std::vector<Face> FindKnownFaces(const SampledFrame& frame) const {
    if (frame.picture.size() != known_->size) return {};
    return {KnownFrame(*frame.slots.front()).face};
  }

  void TrackAndCrop(SampledFrame* frame) {
    if (!frame->failure.empty()) {
      failure_ = frame->detector_failed ? "the face detector failed: " + frame->failure : frame->failure;
      detector_failed_ = frame->detector_failed;
      return;
    }
    ChooseTurn(frame);
    if (summary_.frames++ == 0) {
      first_seconds_ = last_seconds_ = frame->stamp.pts_seconds;
      summary_.size = frame->picture.size();
    }
    // Times of damaged and joined files may go back.
    first_seconds_ = std::min(first_seconds_, frame->stamp.pts_seconds);
    last_seconds_ = std::max(last_seconds_, frame->stamp.pts_seconds);
    summary_.seconds = last_seconds_ - first_seconds_;
    TellDynamicRange(*frame);
    KeepAside(*frame);
    std::vector<Face>& faces = frame->faces;
    if (!known_) {
      const auto least = static_cast<float>(options_.choice.min_face);
      summary_.small_faces += static_cast<int>(std::erase_if(
          faces, [&](const Face& face) { return std::min(face.box.width, face.box.height) < least; }));
    }
    LookAtTexture(*frame);
    summary_.faces += static_cast<int>(faces.size());
    const bool one = known_ || !LookedFor(*frame) || TakesWholePictures();
    std::vector<int> tracks = one ? std::vector<int>(faces.size(), 0)
                                  : tracker_.Assign(faces, frame->stamp.pts_seconds, frame->scene);
    if (TakesTiles()) std::iota(tracks.begin(), tracks.end(), 0);
    for (int& track : tracks) {
      summary_.tracks = std::max(summary_.tracks, track + 1);
      track += first_track_;
    }
    for (std::size_t set = 0; set < builders_.size(); ++set) {
      if (frame->slots[set])
        builders_[set].Add(*frame->slots[set], frame->stamp, frame->picture, faces, tracks, frame->thumbnail);
    }
  }

  // Of the largest face, in the first frames that have one.
  void LookAtTexture(const SampledFrame& frame) {
    constexpr std::int64_t kFaces = 8;
    if (known_ || frame.faces.empty() || drawn_.faces() >= kFaces || TakesWholePictures()) return;
    // Bright areas of these are flat once they are mapped.
    if (frame.picture.dynamic_range() != DynamicRange::kStandard) return;
    const auto& largest =
        *std::max_element(frame.faces.begin(), frame.faces.end(),
                          [](const Face& a, const Face& b) { return a.box.area() < b.box.area(); });
    const cv::Rect area = cv::Rect(largest.box) & cv::Rect({}, frame.picture.size());
    if (!area.empty()) drawn_.Add(frame.picture.Part(area));
  }

  void TellDynamicRange(const SampledFrame& frame) {
    switch (frame.picture.dynamic_range()) {
      case DynamicRange::kPq:
        AddCaution(HdrFilm("PQ"), &summary_.cautions);
        break;
      case DynamicRange::kHlg:
        AddCaution(HdrFilm("HLG"), &summary_.cautions);
        break;
      case DynamicRange::kStandard:
        break;
    }
  }

  // Of the frames in which nobody stands upright the first, the fourth and the sixteenth, to be turned.
  void KeepAside(const SampledFrame& frame) {
    if (known_ || look_ != DetectLook::kUsual || !LookedFor(frame) || TakesWholePictures()) return;
    const bool upright = !std::all_of(frame.faces.begin(), frame.faces.end(), IsSideways);
    const int number = ++(upright ? upright_frames_ : fallen_frames_);
    if (!upright && (number == 1 || number == 4 || number == 16)) probes_.push_back(frame.stored);
  }

  void TakeClip(FaceClip clip) {
    Tally& tally = tallies_[clip.track];
    ++tally.clips;
    for (std::size_t i = 0; i < clip.frames.size(); ++i) {
      FaceFrame& frame = clip.frames[i];
      if (known_) frame.interpolated = KnownFrame({clip.window, static_cast<int>(i)}).interpolated;
      tally.area += static_cast<double>(frame.face.box.area());
      tally.nearness += NearnessToMiddle(frame.face.box, summary_.size);
      tally.interpolated += frame.interpolated ? 1 : 0;
      if (landmarks_ != nullptr)
        frame.dense_landmarks = landmarks_->Find(frame.picture, frame.face, options_.crop);
    }
    if (clip.window != last_window_) ++windows_with_clips_;
    last_window_ = clip.window;
    clip.boxes_from = summary_.boxes_from;
    sink_.Add(std::move(clip));
  }

  // The main person over the whole video is the first among equals.
  void CountClips() {
    const auto part = options_.choice.faces == "centre" ? &Tally::nearness : &Tally::area;
    const auto less = [&](const auto& a, const auto& b) { return a.second.*part < b.second.*part; };
    const auto most = std::max_element(tallies_.begin(), tallies_.end(), less);
    if (most != tallies_.end()) summary_.main_track = most->first;
    const bool all = options_.choice.faces == "all" || TakesTiles();
    for (const auto& [track, tally] : tallies_) {
      if (!all && track != summary_.main_track) continue;
      summary_.kept.push_back(track);
      summary_.clips += tally.clips;
      summary_.interpolated += tally.interpolated;
    }
    if (sample_.window > 1) {
      const std::int64_t good = all ? windows_with_clips_ : summary_.clips;
      summary_.windows_dropped = static_cast<int>(WindowsWanted() - good);
    }
  }

  // Why windows gave no clip; "" when all did.
  std::string WhyDropped() const {
    if (summary_.windows_dropped == 0) return "";
    std::string why = fmt::format("{} of {} windows dropped: nobody wanted is seen in all of it",
                                  summary_.windows_dropped, WindowsWanted());
    int cuts = 0;
    for (const ClipBuilder& builder : builders_) cuts += builder.cuts();
    if (cuts > 0) why += fmt::format("; {} ended at a cut", cuts);
    return why;
  }

  void Conclude() {
    TellTurns();
    if (drawn_.LooksDrawn()) AddCaution(DrawnFace(), &summary_.cautions);
    // The reader stops at the last frame wanted; the scan has seen the whole file.
    const std::string damage = reader_->damage().empty() ? scanned_damage_ : reader_->damage();
    summary_.damaged = Count(std::max<std::int64_t>(summary_.damaged, reader_->damaged_packets()) +
                             reader_->damaged_frames());
    summary_.reason = failure_.empty() ? damage : failure_;
    const bool too_short = sample_.window > 1 && !known_ && WindowsWanted() == 0;
    if (too_short && summary_.reason.empty()) {
      summary_.status = Status::kTooShort;
      summary_.reason = fmt::format("has fewer than the {} frames of a window", sample_.WindowSpan());
      summary_.hint = "a shorter --window or --window-stride fits into more videos";
    } else if (detector_failed_) {
      // The file may be as good as any.
      summary_.status = summary_.frames == 0 ? Status::kUnreadable : Status::kDamaged;
      summary_.hint = "try another --detector, --detector-engine or --detect-size";
    } else if (summary_.frames == 0) {
      summary_.status = Status::kUnreadable;
      summary_.reason = "no frame could be decoded" + (summary_.reason.empty() ? "" : ": " + summary_.reason);
      summary_.hint = "copy the file again, or convert it with ffmpeg; --max-pixels may be too low for it";
    } else if (!summary_.reason.empty()) {
      summary_.status = Status::kDamaged;
      // Damage in those is not seen.
      const std::int64_t unseen = scanned_frames_ - summary_.frames_decoded;
      if (unseen > 0) summary_.reason += fmt::format("; frames not looked at: {}", unseen);
      summary_.hint = "what could be decoded was used; copy the file again if it should be whole";
    } else if (summary_.faces == 0) {
      summary_.status = Status::kNoFace;
      summary_.reason = WhyNoFace();
      summary_.hint = "more --frames or a larger --detect-size find small and rare faces";
    } else {
      summary_.status = summary_.clips > 0 ? Status::kOk : Status::kNoWindow;
      summary_.reason = WhyDropped();
    }
  }

  std::string WhyNoFace() const {
    if (summary_.small_faces == 0 && look_ == DetectLook::kLarger) {
      return fmt::format("no face in any of the frames looked at, at {} and at {} pixels",
                         detectors_.FindSize(DetectLook::kUsual), detectors_.FindSize(look_));
    }
    if (summary_.small_faces == 0) return "no face in any of the frames looked at";
    return fmt::format(
        "no face of {} pixels in any of the frames looked at; {} smaller ones were passed over",
        options_.choice.min_face, summary_.small_faces);
  }

  const ExtractOptions& options_;
  const SampleOptions sample_;
  const VideoTask& task_;
  Detectors& detectors_;
  const LandmarkPredictor* landmarks_;  // nullptr: not wanted
  ClipSink& sink_;
  std::filesystem::path path_;         // of the video, or of its perturbed copy
  std::optional<ScratchFolder> copy_;  // with that
  const Deadline deadline_;
  std::optional<VideoReader> reader_;
  std::optional<KnownFaces> known_;
  std::vector<FrameSampler> samplers_;  // one for each set of windows
  std::vector<ClipBuilder> builders_;
  Tracker tracker_;
  // Of looks after the first.
  DetectLook look_ = DetectLook::kUsual;
  std::vector<Orientation> turns_ = {{}};  // that frames may be in
  std::size_t turn_now_ = 0;               // of the last frame
  bool again_ = false;
  int first_track_ = 0;             // the number of the first person of this look
  std::vector<VideoFrame> probes_;  // frames kept aside
  int upright_frames_ = 0, fallen_frames_ = 0, turned_frames_ = 0;
  DrawnLook drawn_;
  VideoSummary summary_;
  std::map<int, Tally> tallies_;  // by track
  std::int64_t last_window_ = -1, windows_with_clips_ = 0;
  std::string failure_, scanned_damage_;
  std::int64_t scanned_frames_ = 0;
  bool detector_failed_ = false;  // which `failure_` tells of
  double first_seconds_ = 0, last_seconds_ = 0;
};

}  // namespace

VideoSummary RunVideo(const VideoTask& task, const ExtractOptions& options, int jobs, Detectors* detectors,
                      const LandmarkPredictor* landmarks, ClipSink* sink) {
  return VideoRun(options, task, detectors, landmarks, sink).Run(jobs);
}

}  // namespace seam

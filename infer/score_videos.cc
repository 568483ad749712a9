#include "infer/score_videos.h"

#include <algorithm>

#include "base/error.h"

namespace seam {
namespace {

class ScoreSink : public ClipSink {
 public:
  ScoreSink(const Predictor& predictor, int batch)
      : predictor_(predictor), batch_(static_cast<std::size_t>(batch)) {}

  void Add(FaceClip clip) override {
    for (FaceFrame& frame : clip.frames) {
      waiting_.push_back({clip.track, std::move(frame)});
      if (waiting_.size() == batch_) ScoreWaiting();
    }
  }

  void Finish(const VideoSummary& summary) override {
    ScoreWaiting();
    std::erase_if(tracks_, [&](const auto& entry) {
      return std::find(summary.kept.begin(), summary.kept.end(), entry.first) == summary.kept.end();
    });
  }

  TrackScores TakeScores() { return std::move(tracks_); }

 private:
  struct Waiting {
    int track;
    FaceFrame frame;
  };

  void ScoreWaiting() {
    if (waiting_.empty()) return;
    std::vector<cv::Mat> pictures;
    for (const Waiting& waiting : waiting_) pictures.push_back(waiting.frame.picture);
    const std::vector<double> scores = predictor_.Score(pictures);
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      const auto& [track, frame] = waiting_[i];
      tracks_[track].push_back({frame.stamp, frame.face.box, scores[i]});
    }
    waiting_.clear();
  }

  const Predictor& predictor_;
  std::size_t batch_;
  std::vector<Waiting> waiting_;
  TrackScores tracks_;
};

}  // namespace

void ScoreOptions::Register(Options* options) {
  options->Add("batch", &batch, "crops that go through the network at once");
  options->Add("min-track", &min_track, "frames a person must be seen in to count, unless nobody is");
}

void ScoreOptions::Check() const {
  if (batch < 1 || batch > 4096) throw UsageError("--batch", "must be from 1 to 4096");
  if (min_track < 1) throw UsageError("--min-track", "must be at least 1");
}

bool ScoreVideos(const std::vector<std::filesystem::path>& videos, const ExtractOptions& extract,
                 const ScoreOptions& options, const Predictor& predictor,
                 const std::function<void(std::size_t, VideoResult)>& done) {
  const std::vector<VideoTask> tasks(videos.begin(), videos.end());
  return ExtractFaces(
      tasks, extract, [&](std::size_t) { return std::make_unique<ScoreSink>(predictor, options.batch); },
      [&](std::size_t i, const VideoSummary& summary, std::unique_ptr<ClipSink> sink) {
        done(i, {summary, static_cast<ScoreSink&>(*sink).TakeScores()});
      });
}

}  // namespace seam

#include "infer/score_videos.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "infer/predictor.h"
#include "infer/shared_batch.h"
#include "models/networks/stored_network.h"

namespace seam {
namespace {

class ScoreSink : public ClipSink {
 public:
  ScoreSink(SharedBatch* batch, const ScoreRow& input, const AggregateOptions& aggregate,
            const VerdictRule& rule, const CropSpec& crop, std::size_t video, const VideoExtras& extras,
            const CancelToken& cancel)
      : batch_(*batch), aggregate_(aggregate), rule_(rule), video_(video), extras_(extras), cancel_(cancel) {
    result_.row = input;
    if (extras.evidence > 0) keeper_ = std::make_shared<EvidenceKeeper>(extras.evidence, crop);
  }

  void Add(FaceClip clip) override {
    Seen& seen = seen_.emplace_back();
    seen.track = clip.track;
    std::vector<cv::Mat> pictures;
    const std::size_t middle = clip.frames.size() / 2;
    const cv::Mat thumbnail = clip.frames[middle].thumbnail;
    for (FaceFrame& frame : clip.frames) {
      const cv::Rect2f& box = frame.face.box;
      seen.faces.push_back({frame.stamp.index,
                            frame.stamp.pts_seconds,
                            {box.x, box.y, box.width, box.height},
                            frame.interpolated,
                            {frame.frame_size.width, frame.frame_size.height}});
      pictures.push_back(std::move(frame.picture));
    }
    SharedBatch::Scored keep;
    if (keeper_) {
      keep = [keeper = keeper_, thumbnail, found = Evidence{seen.track, 0, seen.faces, middle}](
                 const std::vector<cv::Mat>& crops, double score) mutable {
        found.score = score;
        keeper->Offer(std::move(found), crops, thumbnail);
      };
    }
    batch_.Add(std::move(pictures), scores_, std::move(keep));
  }

  void Finish(const VideoSummary& summary) override {
    batch_.Wait(scores_);
    if (cancel_.Cancelled()) {  // some scores may be none
      result_.dropped = true;
      return;
    }
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      const bool kept =
          std::find(summary.kept.begin(), summary.kept.end(), seen_[i].track) != summary.kept.end();
      if (kept)
        result_.row.people[seen_[i].track].clips.push_back({std::move(seen_[i].faces), scores_->values[i]});
    }
    static_cast<VideoFacts&>(result_.row) = summary;
    result_.hint = summary.hint;
    result_.size = summary.size;
    result_.turn = summary.turn;
    Judge(rule_, aggregate_, &result_.row);
    if (keeper_) result_.evidence = keeper_->Take(result_.row.people);
    if (extras_.finish) extras_.finish(video_, &result_);
  }

  VideoResult TakeResult() { return std::move(result_); }

 private:
  struct Seen {
    int track = 0;
    std::vector<SeenFace> faces;
  };

  SharedBatch& batch_;
  const AggregateOptions& aggregate_;
  const VerdictRule& rule_;
  std::size_t video_;
  const VideoExtras& extras_;
  const CancelToken& cancel_;
  std::shared_ptr<EvidenceKeeper> keeper_;  // shared with the batches
  std::shared_ptr<SharedBatch::Scores> scores_ = std::make_shared<SharedBatch::Scores>();
  std::vector<Seen> seen_;  // the clips, as scores_ counts them
  VideoResult result_;
};

}  // namespace

void ScoreOptions::Register(Options* options) {
  options->Add("batch", &batch, "faces (or windows) that go through the network at once, of several videos",
               Between(1, 4096));
  options->Add("unordered", &unordered, "tell results as they are ready, not in the order of the inputs");
  aggregate.Register(options);
}

void ScoreOptions::Check() const { CheckDeclared(*this); }

bool ScoreVideos(const std::vector<ScoreRow>& inputs, const ExtractOptions& extract,
                 const ScoreOptions& options, const VerdictRule& rule, const Predictor& predictor,
                 const std::function<void(std::size_t, VideoResult)>& done, const VideoExtras& extras) {
  std::vector<VideoTask> tasks;
  for (const ScoreRow& input : inputs) tasks.push_back({input.path});
  SharedBatch batch(predictor, static_cast<std::size_t>(options.batch), extract.cancel);
  std::size_t told = 0;
  const bool whole = ExtractFaces(
      tasks, extract,
      [&](std::size_t i) {
        return std::make_unique<ScoreSink>(&batch, inputs[i], options.aggregate, rule, predictor.info().crop,
                                           i, extras, extract.cancel);
      },
      [&](std::size_t i, const VideoSummary&, std::unique_ptr<ClipSink> sink) {
        VideoResult result = static_cast<ScoreSink&>(*sink).TakeResult();
        // A video that was interrupted leaves a gap, and what comes behind it would stand before it when the
        // run is resumed.
        if (result.dropped || (!options.unordered && i != told)) return;
        ++told;
        done(i, std::move(result));
      },
      options.unordered ? ReportOrder::kAsReady : ReportOrder::kAsGiven);
  return whole && told == tasks.size();
}

}  // namespace seam

#include "infer/score_videos.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "infer/ensemble.h"
#include "infer/shared_batch.h"
#include "models/zoo/stored_network.h"

namespace seam {
namespace {

// How the scores of a video's clips become a verdict.
struct Reading {
  const VerdictRule& rule;
  const AggregateOptions& aggregate;
  std::optional<Fusion> fusion;

  void Judge(ScoreRow* row) const {
    if (fusion) {
      seam::Judge(rule, *fusion, row);
    } else {
      seam::Judge(rule, aggregate, row);
    }
  }
};

class ScoreSink : public ClipSink {
 public:
  ScoreSink(SharedBatch* batch, const ScoreRow& input, const Reading& reading, const CropSpec& crop,
            std::size_t video, const VideoExtras& extras, const CancelToken& cancel)
      : batch_(*batch), reading_(reading), video_(video), extras_(extras), cancel_(cancel) {
    result_.row = input;
    if (extras.evidence > 0) keeper_ = std::make_shared<EvidenceKeeper>(extras.evidence, crop);
  }

  void Add(FaceClip clip) override {
    Seen& seen = seen_.emplace_back();
    seen.track = clip.track;
    ClipViews views(1 + clip.frames.front().more_pictures.size());
    const std::size_t middle = clip.frames.size() / 2;
    const cv::Mat thumbnail = clip.frames[middle].thumbnail;
    for (FaceFrame& frame : clip.frames) {
      const cv::Rect2f& box = frame.face.box;
      seen.faces.push_back({frame.stamp.index,
                            frame.stamp.pts_seconds,
                            {box.x, box.y, box.width, box.height},
                            frame.interpolated,
                            {frame.frame_size.width, frame.frame_size.height}});
      views[0].push_back(std::move(frame.picture));
      for (std::size_t i = 1; i < views.size(); ++i)
        views[i].push_back(std::move(frame.more_pictures[i - 1]));
    }
    SharedBatch::Scored keep;
    if (keeper_) {
      keep = [keeper = keeper_, thumbnail, found = Evidence{seen.track, 0, seen.faces, middle}](
                 const ClipViews& crops, double score) mutable {
        found.score = score;
        keeper->Offer(std::move(found), crops.front(), thumbnail);
      };
    }
    batch_.Add(std::move(views), scores_, std::move(keep));
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
      if (!kept) continue;
      ClipOutput& answer = scores_->values[i];
      result_.row.people[seen_[i].track].clips.push_back(
          {std::move(seen_[i].faces), answer.score, std::move(answer.networks)});
    }
    static_cast<VideoFacts&>(result_.row) = summary;
    result_.hint = summary.hint;
    result_.size = summary.size;
    result_.turns = summary.turns;
    reading_.Judge(&result_.row);
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
  const Reading& reading_;
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

void ScoreOptions::Check() const {
  CheckDeclared(*this);
  aggregate.Check();
}

bool ScoreVideos(const std::vector<ScoreRow>& inputs, const ExtractOptions& extract,
                 const ScoreOptions& options, const VerdictRule& rule, const Ensemble& ensemble,
                 const std::function<void(std::size_t, VideoResult)>& done, const VideoExtras& extras) {
  std::vector<VideoTask> tasks;
  for (const ScoreRow& input : inputs) tasks.push_back({input.path});
  SharedBatch batch(ensemble, static_cast<std::size_t>(options.batch), extract.cancel);
  std::vector<AggregateOptions> aggregates = options.aggregates;
  aggregates.resize(ensemble.networks().size(), options.aggregate);
  Reading reading{rule, aggregates.front(), ensemble.fusion()};
  for (std::size_t i = 0; reading.fusion && i < aggregates.size(); ++i)
    reading.fusion->networks[i].aggregate = aggregates[i];
  std::size_t told = 0;
  const bool whole = ExtractFaces(
      tasks, extract,
      [&](std::size_t i) {
        return std::make_unique<ScoreSink>(&batch, inputs[i], reading, ensemble.info().crop, i, extras,
                                           extract.cancel);
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

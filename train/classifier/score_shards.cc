#include "train/classifier/score_shards.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "labels/label.h"
#include "labels/manifest.h"
#include "models/torch/checkpoint.h"
#include "models/zoo/stored_aggregate.h"
#include "proto/crop_spec.h"
#include "scores/aggregate.h"
#include "scores/score_file.h"
#include "scores/verdict.h"
#include "spectrum/spectrum_scorer.h"
#include "train/classifier/clip_fit.h"
#include "train/classifier/loader.h"
#include "train/data/dataset.h"
#include "train/run_record.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// Clips that one call of the network takes; each call runs on one thread.
constexpr std::int64_t kClipsOfACall = 8;

// What scores: a network, or a classifier of the frequency domain.
struct Scorer {
  CheckpointInfo info;
  std::unique_ptr<CompiledModel> network;
};

Scorer LoadScorer(const ScoreShardsOptions& options) {
  if (ReadCheckpointHeader(options.model).IsSpectrum()) {
    SpectrumModel model = SpectrumModel::Load(options.model);
    CheckpointInfo info = model.info();
    return {std::move(info), CompileSpectrum(std::move(model), options.model)};
  }
  Checkpoint checkpoint = LoadCheckpoint(options.model);
  return {std::move(checkpoint.info), Compile(*checkpoint.model, options.compile)};
}

// An Error when the crops were cut out in another way than the checkpoint's.
void CheckCrop(const ClipDataset& dataset, const CheckpointInfo& info, const ScoreShardsOptions& options) {
  if (SameCrop(dataset.crop(), info.crop) || options.force) return;
  throw Error(options.data,
              fmt::format("cut out with {}, but {} takes crops cut out with {}", CropSpecJson(dataset.crop()),
                          options.model, CropSpecJson(info.crop)),
              "extract the dataset with the checkpoint's options, or say --force: the scores then tell it");
}

// The scores of each clip, in the dataset's order: one of a window, or one of each frame. None when
// interrupted.
std::optional<std::vector<std::vector<double>>> ReadScores(const ClipDataset& dataset,
                                                           const CompiledModel& network,
                                                           const ScoreShardsOptions& options) {
  const std::int64_t window = network.input().frames;
  LoaderOptions loading;
  loading.batch = options.batch;
  EpochPlan plan = PlanInOrder(dataset, loading, window > 1 ? static_cast<int>(window) : 0);
  Progress progress("score", static_cast<std::int64_t>(dataset.size()), "clips");
  std::vector<std::vector<double>> scores(dataset.size());
  BatchLoader loader(dataset, std::move(plan), options.workers);
  while (const auto batch = loader.Next()) {
    if (options.cancel.Cancelled()) return std::nullopt;
    const torch::Tensor pixels = batch->clips.permute({0, 1, 3, 4, 2}).contiguous();  // [N, T, S, S, 3]
    const std::int64_t of_clip = pixels.size(1) / window;                             // calls of the network
    const std::int64_t clip_bytes = pixels.stride(0), clips = pixels.size(0);
    const auto* bytes = pixels.data_ptr<std::uint8_t>();
    tbb::parallel_for(std::int64_t{0}, (clips + kClipsOfACall - 1) / kClipsOfACall, [&](std::int64_t call) {
      const std::int64_t first = call * kClipsOfACall, count = std::min(kClipsOfACall, clips - first);
      const auto logits = network.Logits(bytes + first * clip_bytes, count * of_clip);
      for (std::size_t i = 0; i < logits.size(); ++i) {
        const auto clip = static_cast<std::size_t>(first) + i / static_cast<std::size_t>(of_clip);
        scores[batch->indices[clip]].push_back(1 / (1 + std::exp(-logits[i])));
      }
    });
    progress.Advance(clips);
  }
  return scores;
}

// Whether these very shards were the data of `split` when the network was trained, and whether they were it
// in a run that this one started from.
struct Seen {
  bool in_run = false, before = false;
};

Seen SeenAs(const char* split, const CheckpointInfo& info, const std::string& digest) {
  const auto recipe = nlohmann::json::parse(info.recipe, nullptr, false);
  if (!recipe.is_object()) return {};
  const auto has = [&](const nlohmann::json& list) {
    return std::find(list.begin(), list.end(), nlohmann::json(digest)) != list.end();
  };
  const auto origins = recipe.value("origins", nlohmann::json::array());
  return {has(DigestsIn(recipe, split)),
          std::any_of(origins.begin(), origins.end(), [&](const nlohmann::json& origin) {
            return origin.is_object() && origin.contains(split) && has(origin[split]);
          })};
}

// As in `seam infer`.
AggregateOptions AggregateFor(const CheckpointInfo& info) {
  AggregateOptions options;
  if (const std::string stored = StoredAggregate(info); !stored.empty()) options.aggregate = stored;
  options.tiles = TileRule(info.crop);
  return options;
}

// Makes the rows of a score file: of each video the facts of the manifest, and the people of the clips.
class RowMaker {
 public:
  RowMaker(const ClipDataset& dataset, const std::vector<std::vector<double>>& scores, const Scorer& scorer)
      : dataset_(dataset),
        scores_(scores),
        window_(scorer.network->input().frames),
        rule_(StoredVerdictRule(scorer.info)),
        aggregate_(AggregateFor(scorer.info)),
        dataset_name_(dataset.Read(0).dataset()) {
    TellHowHonest(scorer.info);
    for (std::size_t i = 0; i < dataset.size(); ++i)
      videos_[dataset.video(i)][static_cast<int>(dataset.track(i))].push_back(i);
  }

  // The manifest's videos of the split in its order, then those that it does not know.
  std::vector<ScoreRow> Rows(const std::vector<ManifestRow>& manifest) {
    std::vector<ScoreRow> rows;
    for (const ManifestRow& video : manifest) {
      const auto found = videos_.find(video.video);
      if (found != videos_.end()) {
        rows.push_back(Judged(WithClips(video.video, found->second, &video)));
        videos_.erase(found);
      } else if (video.split == dataset_.split()) {
        rows.push_back(Judged(WithoutClips(video)));
      }
    }
    for (const auto& [video, tracks] : videos_) rows.push_back(Judged(WithClips(video, tracks, nullptr)));
    return rows;
  }

 private:
  // The clips of one video, by track.
  using Tracks = std::map<int, std::vector<std::size_t>>;

  // What all rows tell alike: how honest the file's numbers can be.
  void TellHowHonest(const CheckpointInfo& info) {
    common_.split = dataset_.split();
    const Seen train = SeenAs("train", info, dataset_.digest()), val = SeenAs("val", info, dataset_.digest());
    common_.trained_on = train.in_run || train.before;
    if (val.in_run || val.before)
      common_.chosen_on = val.in_run && info.calibration ? "epoch and threshold" : "epoch";
    if (!SameCrop(dataset_.crop(), info.crop)) {
      common_.note = fmt::format("cut out with {}, but the network was trained on {}",
                                 CropSpecJson(dataset_.crop()), CropSpecJson(info.crop));
    } else if ((GetFaces(dataset_.crop()) == "all") != (GetFaces(info.crop) == "all")) {
      common_.note = fmt::format("the faces are '{}', but in the network's val they were '{}'",
                                 GetFaces(dataset_.crop()), GetFaces(info.crop));
    }
  }

  ScoreRow Judged(ScoreRow row) const {
    Judge(rule_, aggregate_, &row);
    return row;
  }

  ScoreRow WithoutClips(const ManifestRow& video) const {
    ScoreRow row = common_;
    static_cast<VideoFacts&>(row) = video;
    row.path = video.video;
    if (row.status == Status::kOk) row.status = Status::kNoClip;
    row.label = ParseLabel(video.label);
    row.dataset = dataset_name_;
    row.method = video.method;
    row.group = video.group;
    return row;
  }

  ScoreRow WithClips(const std::string& video, const Tracks& tracks, const ManifestRow* known) const {
    const Clip first = dataset_.Read(tracks.begin()->second.front());
    ScoreRow row = common_;
    row.status = Status::kOk;
    if (known != nullptr) static_cast<VideoFacts&>(row) = *known;
    row.path = video;
    row.label = first.label();
    row.dataset = first.dataset();
    row.method = first.method();
    row.group = first.group();
    for (const auto& [number, clips] : tracks) {
      TrackScore& track = row.people[number];
      for (const std::size_t index : clips) AddClip(index, &track);
      if (known == nullptr) row.faces += track.frames();
    }
    if (known != nullptr) return row;
    row.tracks = static_cast<int>(tracks.size());
    row.frames = row.faces;
    return row;
  }

  static SeenFace ToFace(const Frame& frame) {
    const Box& box = frame.box();
    return {frame.index(),
            frame.pts_seconds(),
            {box.x(), box.y(), box.width(), box.height()},
            frame.interpolated()};
  }

  // The frames of a clip that were scored, as PlanInOrder() takes them: one by one, or those of a window.
  void AddClip(std::size_t index, TrackScore* track) const {
    const Clip clip = dataset_.Read(index);
    if (window_ == 1) {
      for (int i = 0; i < clip.frames_size(); ++i)
        track->clips.push_back({{ToFace(clip.frames(i))}, scores_[index][static_cast<std::size_t>(i)]});
      return;
    }
    ClipScore& window = track->clips.emplace_back();
    window.score = scores_[index].at(0);
    const int first = (clip.frames_size() - window_) / 2;
    for (int i = first; i < first + window_; ++i) window.faces.push_back(ToFace(clip.frames(i)));
  }

  const ClipDataset& dataset_;
  const std::vector<std::vector<double>>& scores_;
  const int window_;
  const VerdictRule rule_;
  const AggregateOptions aggregate_;
  const std::string dataset_name_;
  ScoreRow common_;
  std::map<std::string, Tracks> videos_;
};

std::vector<ManifestRow> MakeManifest(const ScoreShardsOptions& options) {
  const fs::path path = fs::path(options.data) / "manifest.jsonl";
  std::error_code ignored;
  if (fs::exists(path, ignored)) return ReadManifest(path);
  SayWarning(fmt::format("{}: missing, so videos without a clip are not counted", path.string()));
  return {};
}

}  // namespace

void ScoreShardsOptions::Register(Options* options) {
  options->Add("model", &model, "checkpoint to score with");
  options->Add("data", &data, "folder with the shards, as `seam extract` writes it");
  options->Add("split", &split, "split to score", {"train", "val", "test"});
  options->Add("output", &output, "score file to write (JSON lines; name it .jsonl)");
  options->Add("batch", &batch, "clips that are decoded at once", Between(1, 4096));
  options->Add("workers", &workers, "threads that decode pictures; 0: as many as cores", Between(0, 1024));
  options->Add("force", &force, "score crops that were cut out in another way than the checkpoint's");
  compile.Register(options);
}

void ScoreShardsOptions::Check() const {
  if (model.empty()) throw UsageError("--model", "missing", "name a checkpoint");
  if (data.empty()) throw UsageError("--data", "missing", "name the folder that `seam extract` wrote");
  if (output.empty()) throw UsageError("--output", "missing", "name the score file to write");
}

bool ScoreShards(const ScoreShardsOptions& options) {
  const Scorer scorer = LoadScorer(options);
  const ClipDataset dataset(options.data, options.split);
  CheckClipsFit(dataset, options.model, scorer.network->input());
  CheckCrop(dataset, scorer.info, options);
  if (IsMarkedLeaking(options.data))
    SayWarning(fmt::format("{}: the splits of this dataset share footage or people", options.data));
  const std::vector<ManifestRow> manifest = MakeManifest(options);
  const auto scores = ReadScores(dataset, *scorer.network, options);
  if (!scores) return false;
  std::string lines;
  for (const ScoreRow& row : RowMaker(dataset, *scores, scorer).Rows(manifest))
    lines += ScoreFileLine(row, ScoreFileForm::kJsonLines);
  WriteFile(options.output, lines);
  Say(fmt::format("{}: scored by {} ({}), {}", options.output, options.model, scorer.info.model,
                  scorer.network->description()));
  return true;
}

}  // namespace seam

#include "train/score_shards.h"

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
#include "base/interrupt.h"
#include "base/progress.h"
#include "evaluate/video_score.h"
#include "labels/manifest.h"
#include "models/torch/checkpoint.h"
#include "proto/crop_spec.h"
#include "train/clip_fit.h"
#include "train/data/dataset.h"
#include "train/loader.h"
#include "train/run_record.h"

namespace seam {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Clips that one call of the network takes; each call runs on one thread.
constexpr std::int64_t kClipsOfACall = 8;

// An Error when the crops were cut out in another way than the checkpoint's.
void CheckCrop(const ClipDataset& dataset, const Checkpoint& checkpoint, const ScoreShardsOptions& options) {
  if (SameCrop(dataset.crop(), checkpoint.info.crop) || options.force) return;
  throw Error(options.data,
              fmt::format("cut out with {}, but {} takes crops cut out with {}", CropSpecJson(dataset.crop()),
                          options.model, CropSpecJson(checkpoint.info.crop)),
              "extract the dataset with the checkpoint's options, or say --force: the scores then tell it");
}

// The scores of each clip, in the dataset's order: one of a window, or one of each frame. None when
// interrupted.
std::optional<std::vector<std::vector<double>>> ScoresOf(const ClipDataset& dataset,
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
    if (Interrupted()) return std::nullopt;
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

// What all rows of the file tell alike: how honest its numbers can be.
Json CommonFields(const ClipDataset& dataset, const CheckpointInfo& info) {
  Json common = Json::object();
  const Seen train = SeenAs("train", info, dataset.digest()), val = SeenAs("val", info, dataset.digest());
  if (train.in_run || train.before) common["trained_on"] = true;
  if (val.in_run || val.before)
    common["chosen_on"] = val.in_run && info.calibration ? "epoch and threshold" : "epoch";
  if (!SameCrop(dataset.crop(), info.crop)) {
    common["note"] = fmt::format("cut out with {}, but the network was trained on {}",
                                 CropSpecJson(dataset.crop()), CropSpecJson(info.crop));
  } else if ((FacesOf(dataset.crop()) == "all") != (FacesOf(info.crop) == "all")) {
    common["note"] = fmt::format("the faces are '{}', but in the network's val they were '{}'",
                                 FacesOf(dataset.crop()), FacesOf(info.crop));
  }
  return common;
}

// The clips of one video, by track.
using Tracks = std::map<std::uint32_t, std::vector<std::size_t>>;

Json FrameJson(const Frame& frame) {
  const Box& box = frame.box();
  return {{"index", frame.index()},
          {"pts_seconds", frame.pts_seconds()},
          {"box", {box.x(), box.y(), box.width(), box.height()}}};
}

class ScoreFileWriter {
 public:
  ScoreFileWriter(const ClipDataset& dataset, const std::vector<std::vector<double>>& scores,
                  const Checkpoint& checkpoint)
      : dataset_(dataset),
        scores_(scores),
        window_(checkpoint.model->input().frames),
        threshold_(checkpoint.info.threshold),
        common_(CommonFields(dataset, checkpoint.info)),
        dataset_name_(dataset.Read(0).dataset()) {
    for (std::size_t i = 0; i < dataset.size(); ++i) videos_[dataset.video(i)][dataset.track(i)].push_back(i);
  }

  // The manifest's videos of the split in its order, then those that it does not know.
  std::string Lines(const std::vector<ManifestRow>& manifest) {
    std::string lines;
    for (const ManifestRow& row : manifest) {
      const auto found = videos_.find(row.video);
      if (found != videos_.end()) {
        lines += Line(row.video, found->second, &row);
        videos_.erase(found);
      } else if (row.split == dataset_.split()) {
        lines += LineWithoutClips(row);
      }
    }
    for (const auto& [video, tracks] : videos_) lines += Line(video, tracks, nullptr);
    return lines;
  }

 private:
  std::string Finished(Json json) const {
    json["split"] = dataset_.split();
    json["threshold"] = threshold_;
    json.update(common_);
    return json.dump() + "\n";
  }

  std::string LineWithoutClips(const ManifestRow& row) const {
    Json json = {
        {"path", row.video},   {"status", NameOf(row.status == Status::kOk ? Status::kNoClip : row.status)},
        {"score", nullptr},    {"verdict", row.status == Status::kNoFace ? "no_face" : "error"},
        {"label", nullptr},    {"frames", row.frames},
        {"faces", row.faces},  {"seconds", row.seconds},
        {"reason", row.reason}};
    if (row.label == "real" || row.label == "fake") json["label"] = row.label == "fake" ? 1 : 0;
    json["dataset"] = dataset_name_;
    json["method"] = row.method;
    json["group"] = row.group;
    json["tracks"] = Json::array();
    return Finished(std::move(json));
  }

  void AddClip(std::size_t index, Json* track) const {
    const Clip clip = dataset_.Read(index);
    if (window_ == 1) {
      for (int i = 0; i < clip.frames_size(); ++i) {
        Json& frame = (*track)["frames"].emplace_back(FrameJson(clip.frames(i)));
        frame["score"] = scores_[index][static_cast<std::size_t>(i)];
      }
      return;
    }
    Json window = {{"score", scores_[index].at(0)}};
    const int first = (clip.frames_size() - window_) / 2;  // as PlanInOrder()
    for (int i = first; i < first + window_; ++i) window["frames"].push_back(FrameJson(clip.frames(i)));
    (*track)["windows"].push_back(std::move(window));
  }

  std::string Line(const std::string& video, const Tracks& tracks, const ManifestRow* row) const {
    const Clip first = dataset_.Read(tracks.begin()->second.front());
    Json people = Json::array();
    std::vector<std::vector<double>> scores;
    int faces = 0;
    for (const auto& [number, clips] : tracks) {
      std::vector<double>& own = scores.emplace_back();
      Json track = {{"track", number}, {"score", 0}};
      for (const std::size_t index : clips) {
        own.insert(own.end(), scores_[index].begin(), scores_[index].end());
        AddClip(index, &track);
      }
      track["score"] = MeanOf(own);
      faces += static_cast<int>(own.size());
      people.push_back(std::move(track));
    }
    const double score = *VideoScore(scores, kMinTrackFrames);
    Json json = {{"path", video},
                 {"status", NameOf(row == nullptr ? Status::kOk : row->status)},
                 {"score", score},
                 {"verdict", score >= threshold_ ? "fake" : "real"},
                 {"label", first.label() == FAKE ? 1 : 0},
                 {"frames", row == nullptr ? faces : row->frames},
                 {"faces", row == nullptr ? faces : row->faces},
                 {"seconds", row == nullptr ? 0 : row->seconds},
                 {"reason", row == nullptr ? "" : row->reason},
                 {"dataset", first.dataset()},
                 {"method", first.method()},
                 {"group", first.group()},
                 {"tracks", std::move(people)}};
    return Finished(std::move(json));
  }

  const ClipDataset& dataset_;
  const std::vector<std::vector<double>>& scores_;
  const int window_;
  const double threshold_;
  const Json common_;
  const std::string dataset_name_;
  std::map<std::string, Tracks> videos_;
};

std::vector<ManifestRow> ManifestOf(const ScoreShardsOptions& options) {
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
  options->Add("batch", &batch, "clips that are decoded at once");
  options->Add("workers", &workers, "threads that decode pictures; 0: as many as cores");
  options->Add("force", &force, "score crops that were cut out in another way than the checkpoint's");
  compile.Register(options);
}

void ScoreShardsOptions::Check() const {
  if (model.empty()) throw UsageError("--model", "missing", "name a checkpoint");
  if (data.empty()) throw UsageError("--data", "missing", "name the folder that `seam extract` wrote");
  if (output.empty()) throw UsageError("--output", "missing", "name the score file to write");
  if (batch < 1 || batch > 4096) throw UsageError("--batch", "must be from 1 to 4096");
  if (workers < 0 || workers > 1024) throw UsageError("--workers", "must be from 0 to 1024");
}

bool ScoreShards(const ScoreShardsOptions& options) {
  const Checkpoint checkpoint = LoadCheckpoint(options.model);
  const ClipDataset dataset(options.data, options.split);
  CheckClipsFit(dataset, options.model, checkpoint.model->input());
  CheckCrop(dataset, checkpoint, options);
  if (IsMarkedLeaking(options.data))
    SayWarning(fmt::format("{}: the splits of this dataset share footage or people", options.data));
  const std::vector<ManifestRow> manifest = ManifestOf(options);
  const auto network = Compile(*checkpoint.model, options.compile);
  const auto scores = ScoresOf(dataset, *network, options);
  if (!scores) return false;
  WriteFile(options.output, ScoreFileWriter(dataset, *scores, checkpoint).Lines(manifest));
  Say(fmt::format("{}: scored by {} ({}), {}", options.output, options.model, checkpoint.info.model,
                  network->description()));
  return true;
}

}  // namespace seam

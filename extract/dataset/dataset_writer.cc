#include "extract/dataset/dataset_writer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "base/version.h"
#include "proto/crop_spec.h"
#include "proto/picture.h"
#include "proto/shard.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

ManifestRow MakeRow(const Video& video, const VideoSummary& summary) {
  ManifestRow row;
  row.video = video.id;
  row.file = video.path.string();
  row.label = video.label == FAKE ? "fake" : "real";
  row.method = video.method;
  row.split = video.split;
  row.group = video.group;
  static_cast<VideoFacts&>(row) = summary;
  row.boxes_from = summary.boxes_from;
  return row;
}

void Describe(const FaceFrame& face, Frame* frame) {
  frame->set_index(static_cast<std::uint32_t>(face.stamp.index));
  frame->set_pts_seconds(face.stamp.pts_seconds);
  frame->mutable_box()->set_x(face.face.box.x);
  frame->mutable_box()->set_y(face.face.box.y);
  frame->mutable_box()->set_width(face.face.box.width);
  frame->mutable_box()->set_height(face.face.box.height);
  frame->set_score(face.face.score);
  frame->set_interpolated(face.interpolated);
  for (const cv::Point2f& point : face.dense_landmarks) {
    frame->add_dense_landmarks(point.x);
    frame->add_dense_landmarks(point.y);
  }
  if (!face.face.has_landmarks) return;
  for (const cv::Point2f& point : face.face.landmarks) {
    frame->add_landmarks(point.x);
    frame->add_landmarks(point.y);
  }
}

// What Describe() wrote, but for the dense landmarks, which are those of one picture.
FaceFrame ToFace(const Frame& frame) {
  FaceFrame face;
  face.stamp = {frame.index(), frame.pts_seconds()};
  face.face.box = {frame.box().x(), frame.box().y(), frame.box().width(), frame.box().height()};
  face.face.score = frame.score();
  face.interpolated = frame.interpolated();
  face.face.has_landmarks = frame.landmarks_size() == 2 * static_cast<int>(face.face.landmarks.size());
  for (int i = 0; face.face.has_landmarks && i < frame.landmarks_size(); i += 2)
    face.face.landmarks[static_cast<std::size_t>(i / 2)] = {frame.landmarks(i), frame.landmarks(i + 1)};
  return face;
}

// Encodes the clips of one video and writes them to its work file as they come, so that memory does not grow
// with the video.
class WorkFileSink : public ClipSink {
 public:
  // The row goes to `row_file`.
  WorkFileSink(const fs::path& row_file, const Video& video, const CropSpec& spec)
      : shard_(row_file.parent_path(), row_file.stem().string(), kOneFile, AtomicFile::kNoSync),
        row_file_(row_file),
        video_(video) {
    clip_.set_video(video.id);
    clip_.set_dataset(video.dataset);
    clip_.set_method(video.method);
    clip_.set_label(video.label);
    clip_.set_split(video.split);
    clip_.set_group(video.group);
    *clip_.mutable_crop() = spec;
  }

  void Add(FaceClip faces) override {
    clip_.set_track(static_cast<std::uint32_t>(faces.track));
    clip_.set_boxes_from(faces.boxes_from);
    clip_.clear_frames();
    for (const FaceFrame& face : faces.frames) {
      Frame* frame = clip_.add_frames();
      frame->set_image(EncodePicture(face.picture.data, face.picture.step[0], clip_.crop()));
      Describe(face, frame);
    }
    shard_.Add(clip_);
  }

  // The clips first, then the row: with it the video is done.
  void Finish(const VideoSummary& summary) override {
    std::string shard;  // name of the file; empty when there was no face
    for (const fs::path& path : shard_.Finish()) shard = path.filename().string();
    const nlohmann::json stored = {{"shard", shard},
                                   {"tracks", summary.kept},
                                   // Boxes in turned frames mean nothing to the fakes of this video.
                                   {"main_track", summary.turns.empty() ? summary.main_track : -1},
                                   {"frame_size", {summary.size.width, summary.size.height}},
                                   {"row", ManifestLine(MakeRow(video_, summary))}};
    AtomicFile file(row_file_);
    file.Write(stored.dump());
    file.Commit(AtomicFile::kNoSync);
  }

 private:
  static constexpr std::uint64_t kOneFile = std::numeric_limits<std::uint64_t>::max();

  ShardWriter shard_;
  fs::path row_file_;
  const Video& video_;
  Clip clip_;
};

// Of a video's files in the work folder.
std::string WorkName(std::size_t index) { return fmt::format("{:08}", index); }

// What a sink has stored.
struct StoredVideo {
  fs::path shard;                     // empty when there was no face
  std::vector<std::uint32_t> tracks;  // whose clips are kept
  int main_track = -1;                // VideoSummary has it
  cv::Size frame_size;
  ManifestRow row;
};

// An Error or a JSON exception when the file is not what a sink writes.
StoredVideo ReadStored(const fs::path& row_file) {
  const auto json = nlohmann::json::parse(ReadFile(row_file));
  StoredVideo stored;
  const auto shard = json.at("shard").get<std::string>();
  if (!shard.empty()) stored.shard = row_file.parent_path() / shard;
  stored.tracks = json.at("tracks").get<std::vector<std::uint32_t>>();
  stored.main_track = json.at("main_track").get<int>();
  stored.frame_size = {json.at("frame_size").at(0).get<int>(), json.at("frame_size").at(1).get<int>()};
  stored.row = ParseManifestRow(row_file.string(), json.at("row").get<std::string>());
  return stored;
}

// Which videos, in which splits, with which settings; the same on every machine.
std::string PlanDigest(const nlohmann::json& settings, const std::vector<Video>& videos) {
  Sha256 digest;
  digest.Update(settings.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  for (const Video& video : videos) {
    digest.Update(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n", video.id, static_cast<int>(video.label),
                              video.method, video.split, video.group, video.status, video.real));
  }
  return digest.Finish();
}

// That part of the clips, each from the middle of one of as many equal parts; at least one.
void KeepEvenly(double part, std::vector<FaceClip>* clips) {
  const std::size_t count = clips->size();
  const auto wanted = static_cast<std::size_t>(std::max(1.0, std::round(static_cast<double>(count) * part)));
  if (wanted >= count) return;
  for (std::size_t k = 0; k < wanted; ++k)
    (*clips)[k] = std::move((*clips)[(2 * k + 1) * count / (2 * wanted)]);
  clips->resize(wanted);
}

DatasetFolder::Job MakeJob(const nlohmann::json& settings, const std::vector<Video>& videos,
                           const std::optional<Part>& part) {
  DatasetFolder::Job job;
  job.plan = PlanDigest(settings, videos);
  Sha256 digest;
  digest.Update(job.plan);
  for (const Video& video : videos) {
    std::error_code ignored;
    const auto changed = fs::last_write_time(video.path, ignored).time_since_epoch().count();
    digest.Update(fmt::format("{} {}\n", fs::file_size(video.path, ignored), changed));
  }
  if (part) {
    job.description = "part.json";
    job.part = {{"index", part->index}, {"count", part->count}};
    digest.Update(job.part.dump());
  }
  job.digest = digest.Finish();
  return job;
}

std::vector<std::size_t> AllNumbers(std::size_t count) {
  std::vector<std::size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return numbers;
}

}  // namespace

void DatasetWriterOptions::Register(Options* options) {
  folder.Register(options);
  options->Add("shard-mb", &shard_megabytes, "start a new shard at this size", AtLeast(1));
  options->Add("encoding", &encoding, "how crops are stored", {"jpeg", "png"});
  options->Add("quality", &quality, "JPEG quality", Between(1, 100));
  options->Add("shard", &shard,
               "do the I-th of N parts of the videos: I/N, from 1/N on; auto asks the job array");
}

void DatasetWriterOptions::Check() const {
  CheckDeclared(*this);
  ParsePart(shard);
}

CropSpec DatasetWriterOptions::WithEncoding(CropSpec spec) const {
  spec.set_encoding(encoding);
  spec.set_quality(encoding == "jpeg" ? static_cast<std::uint32_t>(quality) : 0);
  return spec;
}

DatasetWriter::DatasetWriter(const DatasetWriterOptions& options, const CropSpec& spec,
                             nlohmann::json settings, std::vector<Video> videos)
    : options_(options),
      spec_(options.WithEncoding(spec)),
      settings_(std::move(settings)),
      videos_(std::move(videos)),
      part_(ParsePart(options.shard)),
      ours_(part_ ? GatherVideos(*part_, videos_) : AllNumbers(videos_.size())),
      folder_(options.folder, MakeJob(settings_, videos_, part_)),
      description_(folder_.path() / (part_ ? "part.json" : "dataset.json")) {}

fs::path DatasetWriter::RowFile(std::size_t index) const {
  return folder_.work() / (WorkName(index) + ".json");
}

// A power failure may leave a file of nothing under its final name.
bool DatasetWriter::IsStored(std::size_t index) const {
  if (!fs::exists(RowFile(index))) return false;
  try {
    const StoredVideo stored = ReadStored(RowFile(index));
    if (!stored.shard.empty()) const ShardReader whole(stored.shard);
    return true;
  } catch (const nlohmann::json::exception&) {
    return false;
  } catch (const Error&) {
    return false;
  }
}

std::vector<std::size_t> DatasetWriter::Missing() const {
  std::vector<std::size_t> missing;
  for (const std::size_t index : ours_) {
    if (!IsStored(index)) missing.push_back(index);
  }
  return missing;
}

std::unique_ptr<ClipSink> DatasetWriter::MakeSink(std::size_t index) const {
  return std::make_unique<WorkFileSink>(RowFile(index), videos_[index], spec_);
}

std::optional<KnownFaces> DatasetWriter::GetFaces(std::size_t index, double part) const {
  if (!IsStored(index)) return std::nullopt;
  const StoredVideo stored = ReadStored(RowFile(index));
  if (stored.main_track < 0 || stored.row.clips == 0) return std::nullopt;
  KnownFaces known;
  known.video = videos_[index].id;
  known.size = stored.frame_size;
  const ShardReader shard(stored.shard);
  for (std::size_t k = 0; k < shard.size(); ++k) {
    const Clip clip = shard.Read(k);
    if (static_cast<int>(clip.track()) != stored.main_track) continue;
    FaceClip& faces = known.clips.emplace_back();
    for (const Frame& frame : clip.frames()) faces.frames.push_back(ToFace(frame));
  }
  KeepEvenly(part, &known.clips);
  return known;
}

void DatasetWriter::Assemble(const nlohmann::json& facts) {
  std::vector<StoredVideo> stored;
  std::vector<ManifestRow> rows;
  bool any = false;
  for (const std::size_t index : ours_) {
    stored.push_back(ReadStored(RowFile(index)));
    rows.push_back(std::move(stored.back().row));
    any = any || rows.back().clips > 0;
  }
  // Another part may have some.
  if (!any && !part_) {
    folder_.Abandon();
    throw Error(folder_.path().string(), "no face was found in any file: no dataset was written",
                "see the lines above; more --frames or a larger --detect-size find small and rare faces");
  }
  const auto give = [&](std::size_t i, const DatasetFolder::TakeClip& take) {
    const std::vector<std::uint32_t>& kept = stored[i].tracks;
    if (kept.empty()) return;
    const ShardReader clips(stored[i].shard);
    for (std::size_t k = 0; k < clips.size(); ++k) {
      constexpr std::size_t kReadAtOnce = 64;
      if (k % kReadAtOnce == 0) clips.DropPages();
      Clip clip = clips.Read(k);
      if (std::find(kept.begin(), kept.end(), clip.track()) != kept.end()) take(std::move(clip));
    }
  };
  nlohmann::json description = facts;
  description["seam_version"] = Version();
  description["clip_format_version"] = kClipFormatVersion;
  description["crop"] = nlohmann::json::parse(CropSpecJson(spec_));
  description["options"] = settings_;
  folder_.Publish(rows, static_cast<std::uint64_t>(options_.shard_megabytes) << 20, give,
                  std::move(description));
}

}  // namespace seam

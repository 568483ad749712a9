#include "extract/dataset_writer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <regex>

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "base/version.h"
#include "labels/split.h"
#include "proto/crop_spec.h"
#include "proto/picture.h"
#include "proto/shard.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

ManifestRow RowOf(const Video& video, const VideoSummary& summary, int clips) {
  ManifestRow row;
  row.video = video.id;
  row.file = video.path.string();
  row.label = video.label == FAKE ? "fake" : "real";
  row.method = video.method;
  row.split = video.split;
  row.group = video.group;
  row.status = summary.status;
  row.reason = summary.reason;
  row.frames_decoded = static_cast<int>(summary.frames_decoded);
  row.damaged = static_cast<int>(std::min<std::int64_t>(summary.damaged, std::numeric_limits<int>::max()));
  row.frames = summary.frames;
  row.faces = summary.faces;
  row.tracks = summary.tracks;
  row.clips = clips;
  row.seconds = summary.seconds;
  return row;
}

// Encodes the crops of one video and writes them to its work file as they come, so that memory does not grow
// with the video.
class ClipSink : public CropSink {
 public:
  // `faces`: largest, all. The row goes to `row_file`.
  ClipSink(const fs::path& row_file, const Video& video, const CropSpec& spec, std::string faces)
      : shard_(row_file.parent_path(), row_file.stem().string(), kOneFile, AtomicFile::kNoSync),
        row_file_(row_file),
        video_(video),
        faces_(std::move(faces)) {
    clip_.set_video(video.id);
    clip_.set_dataset(video.dataset);
    clip_.set_method(video.method);
    clip_.set_label(video.label);
    clip_.set_split(video.split);
    clip_.set_group(video.group);
    *clip_.mutable_crop() = spec;
  }

  void Add(FaceCrop crop) override {
    clip_.set_track(static_cast<std::uint32_t>(crop.track));
    clip_.clear_frames();
    Frame* frame = clip_.add_frames();
    frame->set_image(EncodePicture(crop.picture.data, crop.picture.step[0], clip_.crop()));
    frame->set_index(static_cast<std::uint32_t>(crop.stamp.index));
    frame->set_pts_seconds(crop.stamp.pts_seconds);
    frame->mutable_box()->set_x(crop.face.box.x);
    frame->mutable_box()->set_y(crop.face.box.y);
    frame->mutable_box()->set_width(crop.face.box.width);
    frame->mutable_box()->set_height(crop.face.box.height);
    frame->set_score(crop.face.score);
    if (crop.face.has_landmarks) {
      for (const cv::Point2f& point : crop.face.landmarks) {
        frame->add_landmarks(point.x);
        frame->add_landmarks(point.y);
      }
    }
    shard_.Add(clip_);
    Tally& tally = tallies_[crop.track];
    tally.area += static_cast<double>(crop.face.box.area());
    ++tally.frames;
  }

  // The clips first, then the row: with it the video is done.
  void Finish(const VideoSummary& summary) override {
    std::string shard;  // name of the file; empty when there was no face
    for (const fs::path& path : shard_.Finish()) shard = path.filename().string();
    std::vector<int> tracks;
    int clips = 0;
    if (summary.status == "timeout") tallies_.clear();
    for (const auto& [track, tally] : tallies_) {
      if (faces_ != "all" && track != Largest()) continue;
      tracks.push_back(track);
      clips += tally.frames;
    }
    const nlohmann::json stored = {
        {"shard", shard}, {"tracks", tracks}, {"row", ManifestLine(RowOf(video_, summary, clips))}};
    AtomicFile file(row_file_);
    file.Write(stored.dump());
    file.Commit(AtomicFile::kNoSync);
  }

 private:
  struct Tally {
    double area = 0;  // of its boxes, summed over the frames
    int frames = 0;
  };

  // The track that takes most of the pictures over the whole video; the first among equals.
  int Largest() const {
    const auto smaller = [](const auto& a, const auto& b) { return a.second.area < b.second.area; };
    return std::max_element(tallies_.begin(), tallies_.end(), smaller)->first;
  }

  static constexpr std::uint64_t kOneFile = std::numeric_limits<std::uint64_t>::max();

  ShardWriter shard_;
  fs::path row_file_;
  const Video& video_;
  std::string faces_;
  Clip clip_;
  std::map<int, Tally> tallies_;
};

// Of a video's files in the work folder.
std::string WorkName(std::size_t index) { return fmt::format("{:08}", index); }

nlohmann::json CountsOf(const std::vector<ManifestRow>& rows) {
  nlohmann::json counts = nlohmann::json::object();
  for (const ManifestRow& row : rows) {
    nlohmann::json& cell = counts[row.split][row.label];
    if (cell.is_null()) cell = {{"videos", 0}, {"clips", 0}, {"status", nlohmann::json::object()}};
    cell["videos"] = cell["videos"].get<int>() + 1;
    cell["clips"] = cell["clips"].get<std::int64_t>() + row.clips;
    nlohmann::json& status = cell["status"][row.status];
    status = (status.is_null() ? 0 : status.get<int>()) + 1;
  }
  return counts;
}

}  // namespace

void DatasetWriterOptions::Register(Options* options) {
  options->Add("output", &output, "folder for the shards");
  options->Add("faces", &faces, "whose faces are kept: the person with the largest face, or all",
               {"largest", "all"});
  options->Add("shard-mb", &shard_megabytes, "start a new shard at this size");
  options->Add("resume", &resume, "go on with an extraction that was stopped");
  options->Add("overwrite", &overwrite, "replace a dataset that is already there");
  options->Add("encoding", &encoding, "how crops are stored", {"jpeg", "png"});
  options->Add("quality", &quality, "JPEG quality, 1 to 100");
}

void DatasetWriterOptions::Check() const {
  if (output.empty()) throw UsageError("--output", "is missing", "name the folder for the shards");
  if (shard_megabytes < 1) throw UsageError("--shard-mb", "must be at least 1");
  if (resume && overwrite) throw UsageError("--resume", "makes no sense with --overwrite");
  if (quality < 1 || quality > 100) throw UsageError("--quality", "must be from 1 to 100");
}

DatasetWriter::DatasetWriter(DatasetWriterOptions options, const CropSpec& spec, nlohmann::json settings,
                             std::vector<Video> videos)
    : options_(std::move(options)),
      folder_(options_.output),
      work_(folder_ / ".work"),
      spec_(spec),
      settings_(std::move(settings)),
      videos_(std::move(videos)) {
  spec_.set_encoding(options_.encoding);
  spec_.set_quality(options_.encoding == "jpeg" ? static_cast<std::uint32_t>(options_.quality) : 0);
  std::error_code failure;
  fs::create_directories(folder_, failure);
  if (failure) throw Error(folder_.string(), "cannot be made: " + failure.message(), "check --output");
  Prepare();
}

DatasetWriter::~DatasetWriter() {
  if (lock_descriptor_ >= 0) close(lock_descriptor_);
}

void DatasetWriter::Prepare() {
  // What the stored clips depend on.
  Sha256 digest;
  digest.Update(settings_.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
  for (const Video& video : videos_) {
    std::error_code ignored;
    const auto changed = fs::last_write_time(video.path, ignored).time_since_epoch().count();
    digest.Update(fmt::format("{}\n{}\n{}\n{}\n{}\n", video.id, video.split, video.group,
                              fs::file_size(video.path, ignored), changed));
  }
  const std::string job = digest.Finish();

  Lock();
  const fs::path job_file = work_ / "job";
  const bool unfinished = fs::exists(job_file);
  if (options_.overwrite || !unfinished) ClearWork();
  if (options_.overwrite) {
    // What is there is replaced when there is something to replace it with.
  } else if (unfinished && !options_.resume) {
    throw Error(folder_.string(), "holds an extraction that was stopped",
                "--resume goes on with it, --overwrite starts anew");
  } else if (unfinished && ReadFile(job_file) != job) {
    throw Error(folder_.string(), "was begun with other options or other videos",
                "give the options it was begun with, or start anew with --overwrite");
  } else if (!unfinished && !OurFiles().empty()) {
    throw Error(folder_.string(), "already holds a dataset",
                options_.resume ? "it is complete: nothing is left to do" : "--overwrite replaces it");
  }
  fs::create_directories(work_);
  if (!fs::exists(job_file)) WriteFile(job_file, job);
}

fs::path DatasetWriter::RowFile(std::size_t index) const { return work_ / (WorkName(index) + ".json"); }

// A power failure may leave a file of nothing under its final name.
bool DatasetWriter::IsStored(std::size_t index) const {
  if (!fs::exists(RowFile(index))) return false;
  try {
    const auto stored = nlohmann::json::parse(ReadFile(RowFile(index)));
    const auto shard = stored.at("shard").get<std::string>();
    if (!shard.empty()) ShardReader(work_ / shard);
    return stored.contains("row") && stored.contains("tracks");
  } catch (const nlohmann::json::exception&) {
    return false;
  } catch (const Error&) {
    return false;
  }
}

std::vector<std::size_t> DatasetWriter::Missing() const {
  std::vector<std::size_t> missing;
  for (std::size_t i = 0; i < videos_.size(); ++i) {
    if (!IsStored(i)) missing.push_back(i);
  }
  return missing;
}

std::unique_ptr<CropSink> DatasetWriter::MakeSink(std::size_t index) const {
  return std::make_unique<ClipSink>(RowFile(index), videos_[index], spec_, options_.faces);
}

bool DatasetWriter::AnyClips() const {
  for (std::size_t i = 0; i < videos_.size(); ++i) {
    if (!nlohmann::json::parse(ReadFile(RowFile(i))).at("shard").get<std::string>().empty()) return true;
  }
  return false;
}

std::vector<ManifestRow> DatasetWriter::Assemble(const nlohmann::json& facts) {
  if (!AnyClips()) {
    ClearWork();
    throw Error(folder_.string(), "no face was found in any file: no dataset was written",
                "see the lines above; more --frames or a larger --detect-size find small and rare faces");
  }
  for (const fs::path& file : OurFiles()) fs::remove(file);
  std::map<std::string, ShardWriter> shards;
  std::string manifest;
  for (std::size_t i = 0; i < videos_.size(); ++i) {
    const auto stored = nlohmann::json::parse(ReadFile(RowFile(i)));
    manifest += stored.at("row").get<std::string>();
    const auto kept = stored.at("tracks").get<std::vector<std::uint32_t>>();
    if (kept.empty()) continue;
    const auto bytes = static_cast<std::uint64_t>(options_.shard_megabytes) << 20;
    ShardWriter& writer =
        shards.try_emplace(videos_[i].split, folder_, videos_[i].split, bytes).first->second;
    const ShardReader clips(work_ / stored.at("shard").get<std::string>());
    for (std::size_t k = 0; k < clips.size(); ++k) {
      constexpr std::size_t kReadAtOnce = 64;
      if (k % kReadAtOnce == 0) clips.DropPages();
      Clip clip = clips.Read(k);
      if (std::find(kept.begin(), kept.end(), clip.track()) != kept.end()) writer.Add(std::move(clip));
    }
  }
  for (auto& [split, writer] : shards) writer.Finish();
  WriteFile(folder_ / "manifest.jsonl", manifest);
  std::vector<ManifestRow> rows = ReadManifest(folder_ / "manifest.jsonl");

  nlohmann::json dataset = facts;
  dataset["seam_version"] = Version();
  dataset["clip_format_version"] = kClipFormatVersion;
  dataset["crop"] = nlohmann::json::parse(CropSpecJson(spec_));
  dataset["options"] = settings_;
  dataset["counts"] = CountsOf(rows);
  WriteFile(folder_ / "dataset.json",
            dataset.dump(2, ' ', true, nlohmann::json::error_handler_t::replace) + "\n");
  ClearWork();
  return rows;
}

// The folder itself is locked: no file is left behind, and whatever dies lets go.
void DatasetWriter::Lock() {
  lock_descriptor_ = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_descriptor_ < 0) throw Error(folder_.string(), "cannot be read", "check the permissions");
  if (flock(lock_descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Error(folder_.string(), "another seam extract is writing here",
                "wait for it, or name another --output");
  }
}

// The job first: what is left of the folder without it is no unfinished run. Whatever is not ours stays.
void DatasetWriter::ClearWork() const {
  static const std::regex ours("job\\.[0-9]+\\.tmp|[0-9]{8}[-.].*");
  std::error_code ignored;
  if (!fs::is_directory(work_, ignored)) return;
  fs::remove(work_ / "job");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(work_)) {
    if (std::regex_match(entry.path().filename().string(), ours)) files.push_back(entry.path());
  }
  for (const fs::path& file : files) fs::remove(file);
  fs::remove(work_, ignored);  // only when it is empty
}

std::vector<fs::path> DatasetWriter::OurFiles() const {
  // Parts are what a run leaves that was killed while it assembled.
  static const std::regex ours(
      "dataset\\.json|manifest\\.jsonl|(train|val|test)-[0-9]{5}(-of-[0-9]{5}\\.tfrecord|\\.[0-9]+\\.part(\\."
      "[0-9]+\\.tmp)?)");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (std::regex_match(entry.path().filename().string(), ours)) files.push_back(entry.path());
  }
  return files;
}

}  // namespace seam

#include "spectrum/experiments/make_features.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "extract/media/decoder_pool.h"
#include "extract/media/video_reader.h"
#include "proto/crop_spec.h"
#include "proto/picture.h"
#include "proto/shard.h"
#include "proto/tfrecord.h"
#include "spectrum/experiments/picture_reader.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// What one input gave: rows of features, or why it gave none.
struct Outcome {
  std::vector<Features> rows;
  std::vector<int> labels;         // of each row, where the input's own does not count
  std::vector<std::string> paths;  // likewise
  std::string problem;
};

// Crops are encoded and decoded as `seam extract` keeps them in shards, since that leaves traces, too.
CropSpec ReadCrop(const MakeOptions& options) {
  CropSpec crop = options.extract.Spec();
  crop.set_encoding("jpeg");
  crop.set_quality(95);
  return crop;
}

nlohmann::json ReadRecipe(const MakeOptions& options) {
  nlohmann::json recipe = options.feature.ToJson();
  recipe["whole"] = options.whole;
  if (!options.change.none()) recipe["change"] = options.change.ToJson();
  if (options.copies > 1) recipe["copies"] = options.copies;
  if (!options.whole) recipe["crop"] = nlohmann::json::parse(CropSpecJson(ReadCrop(options)));
  return recipe;
}

// The results of finished inputs on disk: TFRecord frames, the first of which tells what the run is.
class Journal {
 public:
  Journal(fs::path path, std::string run) : path_(std::move(path)) {
    if (path_.empty()) return;
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor_ < 0) throw Error(path_.string(), fmt::format("cannot be written: {}", strerror(errno)));
    Load(run);
  }
  ~Journal() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  std::map<std::size_t, Outcome>& finished() { return finished_; }

  void Keep(std::size_t index, const Outcome& outcome) {
    if (descriptor_ < 0) return;
    nlohmann::json json = {
        {"index", index}, {"problem", outcome.problem}, {"labels", outcome.labels}, {"paths", outcome.paths}};
    for (const Features& row : outcome.rows) {
      json["shapes"].push_back(row.shape);
      json["rows"].push_back(nlohmann::json::binary(
          {reinterpret_cast<const std::uint8_t*>(row.values.data()),
           reinterpret_cast<const std::uint8_t*>(row.values.data() + row.values.size())}));
    }
    const auto bytes = nlohmann::json::to_msgpack(json);
    Append(std::string(bytes.begin(), bytes.end()));
  }

 private:
  void Append(const std::string& record) {
    const std::string framed = FrameRecord(record);
    const std::lock_guard lock(mutex_);
    std::size_t done = 0;
    while (done < framed.size()) {
      const ssize_t count = write(descriptor_, framed.data() + done, framed.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) throw Error(path_.string(), fmt::format("cannot be written: {}", strerror(errno)));
      done += static_cast<std::size_t>(count);
    }
  }

  // Keeps what is whole and of this run, and cuts the file behind it.
  void Load(const std::string& run) {
    const std::string bytes = ReadFile(path_);
    std::string_view left = bytes;
    std::size_t good = 0;
    bool first = true;
    while (left.size() >= kRecordHeaderBytes) {
      const std::uint64_t length = LoadLittle64(left);
      if (length > kMaxRecordBytes || left.size() < kRecordHeaderBytes + length + kRecordFooterBytes) break;
      const std::string_view record = left.substr(kRecordHeaderBytes, length);
      if (LoadLittle32(left.substr(kRecordHeaderBytes + length)) != MaskedCrc32c(record)) break;
      if (first ? record != run : !Take(record)) break;
      first = false;
      left.remove_prefix(kRecordHeaderBytes + length + kRecordFooterBytes);
      good = bytes.size() - left.size();
    }
    if (ftruncate(descriptor_, static_cast<off_t>(good)) != 0 || lseek(descriptor_, 0, SEEK_END) < 0)
      throw Error(path_.string(), fmt::format("cannot be written: {}", strerror(errno)));
    if (first) Append(run);
  }

  bool Take(std::string_view record) {
    const auto json = nlohmann::json::from_msgpack(record, true, false);
    if (!json.is_object()) return false;
    Outcome outcome{{},
                    json.value("labels", std::vector<int>()),
                    json.value("paths", std::vector<std::string>()),
                    json.value("problem", "")};
    for (std::size_t i = 0; json.contains("rows") && i < json["rows"].size(); ++i) {
      const auto& bytes = json["rows"][i].get_binary();
      Features features{json["shapes"][i].get<std::vector<std::int64_t>>(), {}, ""};
      features.values.resize(bytes.size() / sizeof(double));
      std::memcpy(features.values.data(), bytes.data(), features.values.size() * sizeof(double));
      outcome.rows.push_back(std::move(features));
    }
    finished_[json.value("index", std::size_t{0})] = std::move(outcome);
    return true;
  }

  fs::path path_;
  int descriptor_ = -1;
  std::mutex mutex_;
  std::map<std::size_t, Outcome> finished_;
};

void AddRow(Features features, Outcome* outcome) {
  if (features.problem.empty()) {
    outcome->rows.push_back(std::move(features));
  } else if (outcome->problem.empty()) {
    outcome->problem = features.problem;
  }
}

// The features of each copy of a picture; `number` tells it from others of its name.
std::vector<Features> ComputeCopies(const cv::Mat& picture, const MakeOptions& options, const fs::path& path,
                                    std::size_t number) {
  std::vector<Features> rows;
  const auto copies = static_cast<std::size_t>(options.copies);
  for (std::size_t copy = 0; copy < copies; ++copy) {
    rows.push_back(ComputeFeatures(
        Changed(picture, options.change, path.filename().string(), number * copies + copy), options.feature));
  }
  return rows;
}

class FeatureSink : public ClipSink {
 public:
  FeatureSink(const MakeOptions& options, fs::path path)
      : options_(options), crop_(ReadCrop(options)), path_(std::move(path)) {}
  void Add(FaceClip clip) override {
    thread_local PictureDecoder decoder;
    for (const FaceFrame& frame : clip.frames) {
      cv::Mat picture(frame.picture.size(), CV_8UC3);
      const std::string encoded = EncodePicture(frame.picture.data, frame.picture.step[0], crop_);
      const std::string problem = decoder.Decode(encoded, crop_, picture.data);
      std::vector<Features>& rows = rows_[clip.track];
      if (!problem.empty()) {
        rows.push_back({{}, {}, problem});
        continue;
      }
      for (Features& row : ComputeCopies(picture, options_, path_, seen_++)) rows.push_back(std::move(row));
    }
  }
  void Finish(const VideoSummary& summary) override {
    for (const int track : summary.kept) {
      for (Features& features : rows_[track]) AddRow(std::move(features), &outcome_);
    }
    if (outcome_.rows.empty() && outcome_.problem.empty())
      outcome_.problem = summary.reason.empty() ? "no face" : summary.reason;
  }
  Outcome& outcome() { return outcome_; }

 private:
  const MakeOptions& options_;
  CropSpec crop_;
  const fs::path path_;
  std::size_t seen_ = 0;
  std::map<int, std::vector<Features>> rows_;
  Outcome outcome_;
};

class Making {
 public:
  Making(const std::vector<std::string>& inputs, const MakeOptions& options, const fs::path& work)
      : options_(options),
        inputs_(FindSpectrumInputs(inputs, options.split, static_cast<std::size_t>(options.num_files))),
        outcomes_(inputs_.inputs.size()),
        journal_(work, Run()) {
    options_.extract.media.decoders = std::make_shared<DecoderPool>();
    if (const std::string warning = IsolationWarning(options_.extract.media); !warning.empty())
      SayWarning(warning);
  }

  std::optional<MadeFeatures> Make() {
    std::vector<std::size_t> pictures, faces, shards;
    for (std::size_t i = 0; i < inputs_.inputs.size(); ++i) {
      const auto finished = journal_.finished().find(i);
      if (finished != journal_.finished().end()) {
        outcomes_[i] = std::move(finished->second);
      } else if (inputs_.inputs[i].kind == SpectrumInput::Kind::kShards) {
        shards.push_back(i);
      } else {
        (options_.whole ? pictures : faces).push_back(i);
      }
    }
    if (!journal_.finished().empty())
      Say(fmt::format("resumed: {} inputs are done", journal_.finished().size()));
    {
      Progress progress("features", static_cast<std::int64_t>(pictures.size() + faces.size()), "files");
      progress_ = &progress;
      WholePictures(pictures);
      Faces(faces);
    }
    for (const std::size_t i : shards) Shards(i);
    if (Interrupted()) return std::nullopt;
    return Gather();
  }

 private:
  // What makes two runs the same.
  std::string Run() const {
    std::string text =
        ReadRecipe(options_).dump() + fmt::format(" {} {}", options_.extract.sample.frames, options_.split);
    for (const SpectrumInput& input : inputs_.inputs) {
      std::error_code ignored;
      text += fmt::format("\n{} {} {}", input.path.string(), input.label,
                          fs::is_regular_file(input.path) ? fs::file_size(input.path, ignored) : 0);
    }
    return "seam spectrum features 1 " + Sha256Of(text);
  }

  void Done(std::size_t i, Outcome outcome) {
    journal_.Keep(i, outcome);
    outcomes_[i] = std::move(outcome);
    progress_->Advance();
  }

  void Add(const cv::Mat& picture, const fs::path& path, std::size_t number, Outcome* outcome) const {
    for (Features& row : ComputeCopies(picture, options_, path, number)) AddRow(std::move(row), outcome);
  }
  std::size_t CountPictures(const Outcome& outcome) const {
    return outcome.rows.size() / static_cast<std::size_t>(options_.copies);
  }

  Outcome OfWhole(std::size_t number) const {
    const SpectrumInput& input = inputs_.inputs[number];
    Outcome outcome;
    try {
      if (input.kind == SpectrumInput::Kind::kPicture) {
        const bool grey = options_.feature.IsGrey();
        Add(pictures_.Read(input.path, grey), input.path, number, &outcome);
      } else {
        const MediaLimits& limits = options_.extract.media;
        const VideoScan scan = ScanVideo(input.path, limits);
        VideoReader reader(input.path, limits);
        FrameSampler sampler = scan.ascending && !scan.times.empty()
                                   ? FrameSampler::Even(options_.extract.sample.frames, scan.times)
                                   : FrameSampler::EvenByIndex(options_.extract.sample.frames, scan.packets);
        while (const auto stamp = reader.Next()) {
          if (sampler.Wants(*stamp))
            Add(reader.Frame().Picture(), input.path, CountPictures(outcome), &outcome);
          if (sampler.Finished()) break;
        }
      }
    } catch (const Error& error) {
      outcome = {};
      const std::string what = error.what(), subject = input.path.string() + ": ";
      outcome.problem = what.starts_with(subject) ? what.substr(subject.size()) : what;
    }
    return outcome;
  }

  void WholePictures(const std::vector<std::size_t>& inputs) {
    tbb::parallel_for(std::size_t{0}, inputs.size(), [&](std::size_t i) {
      if (!Interrupted()) Done(inputs[i], OfWhole(inputs[i]));
    });
  }

  void Faces(const std::vector<std::size_t>& inputs) {
    if (inputs.empty() || Interrupted()) return;
    std::vector<VideoTask> tasks;
    for (const std::size_t i : inputs) tasks.push_back({inputs_.inputs[i].path});
    ExtractFaces(
        tasks, options_.extract,
        [&](std::size_t i) { return std::make_unique<FeatureSink>(options_, tasks[i].path); },
        [&](std::size_t i, const VideoSummary& summary, std::unique_ptr<ClipSink> sink) {
          Outcome outcome;
          if (sink) outcome = std::move(static_cast<FeatureSink&>(*sink).outcome());
          if (outcome.rows.empty() && outcome.problem.empty()) outcome.problem = summary.reason;
          Done(inputs[i], std::move(outcome));
        },
        ReportOrder::kAsReady);
  }

  void Shards(std::size_t input) {
    const fs::path& folder = inputs_.inputs[input].path;
    const auto splits = options_.split == "all" ? ListSplits(folder) : std::set<std::string>{options_.split};
    Outcome all;
    if (!options_.whole) crop_of_shards_ = CropOfShards(folder, splits);
    std::map<int, int> taken;
    for (const std::string& split : splits) {
      for (const fs::path& path : FindShards(folder, split)) {
        const ShardReader reader(path, ShardReader::kTolerate);
        Progress progress(path.filename().string(), static_cast<std::int64_t>(reader.size()), "clips");
        std::vector<Outcome> outcomes(reader.size());
        tbb::parallel_for(std::size_t{0}, reader.size(), [&](std::size_t i) {
          if (!Interrupted()) outcomes[i] = OfClip(reader, i);
          progress.Advance();
        });
        for (Outcome& outcome : outcomes) {
          if (!outcome.problem.empty()) bad_.emplace_back(path.string(), outcome.problem);
          for (std::size_t k = 0; k < outcome.rows.size(); ++k) {
            if (options_.num_files > 0 && ++taken[outcome.labels[k]] > options_.num_files) continue;
            all.rows.push_back(std::move(outcome.rows[k]));
            all.labels.push_back(outcome.labels[k]);
            all.paths.push_back(outcome.paths[k]);
          }
        }
      }
    }
    outcomes_[input] = std::move(all);
  }

  // How all inputs were cut out: as the shards say, which must agree.
  nlohmann::json CropOfShards(const fs::path& folder, const std::set<std::string>& splits) const {
    for (const std::string& split : splits) {
      for (const fs::path& path : FindShards(folder, split)) {
        const ShardReader reader(path, ShardReader::kTolerate);
        std::string problem;
        const auto clip = reader.size() > 0 ? reader.TryRead(0, &problem) : std::nullopt;
        if (!clip) continue;
        nlohmann::json crop = nlohmann::json::parse(CropSpecJson(clip->crop()));
        if (!crop_of_shards_.is_null() && crop_of_shards_ != crop)
          throw Error(folder.string(), "its faces were cut out in another way than those before",
                      "take shards of one `seam extract`");
        return crop;
      }
    }
    return crop_of_shards_;
  }

  Outcome OfClip(const ShardReader& reader, std::size_t i) const {
    Outcome outcome;
    const auto clip = reader.TryRead(i, &outcome.problem);
    if (!clip) return outcome;
    thread_local PictureDecoder decoder;
    const int size = static_cast<int>(clip->crop().size());
    cv::Mat picture(size, size, CV_8UC3);
    for (const Frame& frame : clip->frames()) {
      outcome.problem = decoder.Decode(frame.image(), clip->crop(), picture.data);
      if (!outcome.problem.empty()) break;
      Add(picture, clip->video(), CountPictures(outcome), &outcome);
    }
    outcome.labels.assign(outcome.rows.size(), clip->label() == FAKE ? 1 : 0);
    outcome.paths.assign(outcome.rows.size(), clip->video());
    return outcome;
  }

  // All rows of the shape that most have.
  MadeFeatures Gather() {
    std::map<std::vector<std::int64_t>, std::size_t> shapes;
    for (const Outcome& outcome : outcomes_) {
      for (const Features& row : outcome.rows) ++shapes[row.shape];
    }
    MadeFeatures made{{{}, {}, {}, {}, inputs_.classes, ReadRecipe(options_)}, bad_};
    if (!crop_of_shards_.is_null()) made.set.recipe["crop"] = crop_of_shards_;
    if (!shapes.empty()) {
      made.set.shape = std::max_element(shapes.begin(), shapes.end(), [](const auto& a, const auto& b) {
                         return a.second < b.second;
                       })->first;
    }
    made.set.values.reserve(shapes[made.set.shape] * made.set.width());
    for (std::size_t i = 0; i < outcomes_.size(); ++i) {
      Outcome& outcome = outcomes_[i];
      const std::string path = Utf8Text(inputs_.inputs[i].path);
      if (!outcome.problem.empty()) made.bad.emplace_back(path, outcome.problem);
      bool odd = false;
      for (std::size_t k = 0; k < outcome.rows.size(); ++k) {
        Features& row = outcome.rows[k];
        if (row.shape != made.set.shape) {
          odd = true;
          continue;
        }
        made.set.values.insert(made.set.values.end(), row.values.begin(), row.values.end());
        std::vector<double>().swap(row.values);
        made.set.labels.push_back(outcome.labels.empty() ? inputs_.inputs[i].label : outcome.labels[k]);
        made.set.paths.push_back(outcome.paths.empty() ? path : outcome.paths[k]);
      }
      if (odd) made.bad.emplace_back(path, "is of another size than most; --middle takes the middle of each");
    }
    return made;
  }

  static std::string Utf8Text(const fs::path& path) { return Printable(path.string()); }

  MakeOptions options_;
  SpectrumInputs inputs_;
  std::vector<Outcome> outcomes_;
  std::vector<std::pair<std::string, std::string>> bad_;
  nlohmann::json crop_of_shards_;  // null: there are none
  Journal journal_;
  Progress* progress_ = nullptr;
  const PictureReader pictures_;
};

}  // namespace

void MakeOptions::Register(Options* options) {
  feature.Register(options);
  change.Register(options);
  options->Add("copies", &copies, "with --change: rows of each picture, each changed by itself", AtLeast(1));
  options->Add("whole", &whole, "take whole pictures and frames instead of the faces in them");
  options->Add("split", &split, "of inputs that have splits", {"all", "train", "val", "test"});
  options->Add("num-files", &num_files, "take the first so many files of each class; 0: all", AtLeast(0));
  extract.Register(options);
}

void MakeOptions::Check() const {
  CheckDeclared(*this);
  if (copies > 1 && change.none())
    throw UsageError("--copies", "would make equal rows without a change", "--change combined --copies 4");
  extract.Check();
}

std::optional<MadeFeatures> MakeFeatures(const std::vector<std::string>& inputs, const MakeOptions& options,
                                         const fs::path& work) {
  return Making(inputs, options, work).Make();
}

}  // namespace seam

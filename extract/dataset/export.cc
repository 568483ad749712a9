#include "extract/dataset/export.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <nlohmann/json.hpp>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "labels/label.h"
#include "proto/picture.h"
#include "proto/picture_codec.h"
#include "proto/sequence_example.pb.h"
#include "proto/shard.h"
#include "proto/tfrecord.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

// What every format says of a clip in JSON.
nlohmann::ordered_json Describe(const Clip& clip) {
  nlohmann::ordered_json json = {{"video", clip.video()},          {"dataset", clip.dataset()},
                                 {"label", GetName(clip.label())}, {"method", clip.method()},
                                 {"split", clip.split()},          {"group", clip.group()},
                                 {"track", clip.track()},          {"frames", nlohmann::json::array()}};
  for (const Frame& frame : clip.frames()) {
    json["frames"].push_back(
        {{"index", frame.index()},
         {"pts_seconds", frame.pts_seconds()},
         {"box", {frame.box().x(), frame.box().y(), frame.box().width(), frame.box().height()}}});
  }
  return json;
}

// A header and the bytes of one file of a tar archive (POSIX.1-1988, ustar), with a fixed time and owner.
std::string TarEntry(const std::string& name, const std::string& bytes) {
  constexpr std::size_t kBlock = 512, kName = 100, kChecksum = 148;
  std::string header(kBlock, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  if (name.size() >= kName) throw Error(name, "is too long a name for a tar file");
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", bytes.size()));
  put(136, "00000000000");
  put(kChecksum, "        ");
  put(156, "0");
  put(257, std::string("ustar\0", 6) + "00");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(kChecksum, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return header + bytes + std::string((kBlock - bytes.size() % kBlock) % kBlock, '\0');
}

// Numbered files of a split, each with at most so many samples.
class SampleFiles {
 public:
  SampleFiles(fs::path folder, std::string ending, std::string trailer, int samples)
      : folder_(std::move(folder)),
        ending_(std::move(ending)),
        trailer_(std::move(trailer)),
        samples_(samples) {}

  void Add(const std::string& split, const std::string& bytes) {
    Open& open = open_[split];
    if (open.file && open.samples == samples_) Close(&open);
    if (!open.file) {
      open.file =
          std::make_unique<AtomicFile>(folder_ / fmt::format("{}-{:06}.{}", split, open.files++, ending_));
      ++count_;
    }
    open.file->Write(bytes);
    ++open.samples;
  }

  std::int64_t Finish() {
    for (auto& [split, open] : open_) Close(&open);
    return count_;
  }

 private:
  struct Open {
    std::unique_ptr<AtomicFile> file;
    int files = 0, samples = 0;
  };
  void Close(Open* open) const {
    open->file->Write(trailer_);
    open->file->Commit();
    open->file.reset();
    open->samples = 0;
  }

  fs::path folder_;
  std::string ending_, trailer_;
  int samples_;
  std::int64_t count_ = 0;
  std::map<std::string, Open> open_;
};

class Exporter {
 public:
  virtual ~Exporter() = default;
  virtual void Add(const Clip& clip) = 0;
  // How many files were written.
  virtual std::int64_t Finish() = 0;
};

// KEY.jpg KEY.cls KEY.json; of a window KEY.00.jpg, KEY.01.jpg and so on.
class WebDataset : public Exporter {
 public:
  WebDataset(const fs::path& folder, int samples) : files_(folder, "tar", std::string(1024, '\0'), samples) {}

  void Add(const Clip& clip) override {
    // A reader takes what stands before the first dot for the key.
    const std::string key = fmt::format("{:09}", number_++),
                      ending = clip.crop().encoding() == "png" ? "png" : "jpg";
    std::string bytes;
    for (int i = 0; i < clip.frames_size(); ++i) {
      const std::string part = clip.frames_size() == 1 ? ending : fmt::format("{:02}.{}", i, ending);
      bytes += TarEntry(key + "." + part, clip.frames(i).image());
    }
    bytes += TarEntry(key + ".cls", clip.label() == FAKE ? "1" : "0");
    bytes += TarEntry(key + ".json", Describe(clip).dump());
    files_.Add(clip.split(), bytes);
  }
  std::int64_t Finish() override { return files_.Finish(); }

 private:
  SampleFiles files_;
  std::int64_t number_ = 0;
};

using interchange::Feature;
using interchange::SequenceExample;

class MediaSequence : public Exporter {
 public:
  MediaSequence(const fs::path& folder, int samples) : files_(folder, "tfrecord", "", samples) {}

  void Add(const Clip& clip) override {
    constexpr double kMicroseconds = 1e6;
    const auto time = [](const Frame& frame) {
      return static_cast<std::int64_t>(frame.pts_seconds() * kMicroseconds);
    };
    SequenceExample example;
    auto& context = *example.mutable_context()->mutable_feature();
    const auto text = [&](const char* key, const std::string& value) {
      context[key].mutable_bytes_list()->add_value(value);
    };
    const auto number = [&](const char* key, std::int64_t value) {
      context[key].mutable_int64_list()->add_value(value);
    };
    text("example/id", fmt::format("{:09}", number_++));
    text("example/dataset_name", clip.dataset());
    text("clip/media_id", clip.video());
    text("clip/label/string", std::string(GetName(clip.label())));
    number("clip/label/index", clip.label() == FAKE ? 1 : 0);
    number("clip/start/timestamp", time(clip.frames(0)));
    number("clip/end/timestamp", time(clip.frames(clip.frames_size() - 1)));
    text("image/format", clip.crop().encoding() == "png" ? "PNG" : "JPEG");
    number("image/height", clip.crop().size());
    number("image/width", clip.crop().size());
    number("image/channels", 3);
    text("SEAM/clip/method", clip.method());
    text("SEAM/clip/group", clip.group());
    text("SEAM/clip/split", clip.split());
    number("SEAM/clip/track", clip.track());
    auto& lists = *example.mutable_feature_lists()->mutable_feature_list();
    for (const Frame& frame : clip.frames()) {
      lists["image/encoded"].add_feature()->mutable_bytes_list()->add_value(frame.image());
      lists["image/timestamp"].add_feature()->mutable_int64_list()->add_value(time(frame));
      lists["SEAM/frame/index"].add_feature()->mutable_int64_list()->add_value(frame.index());
      const std::array<float, 4> box = {frame.box().x(), frame.box().y(), frame.box().width(),
                                        frame.box().height()};
      Feature* feature = lists["SEAM/frame/box"].add_feature();
      for (const float side : box) feature->mutable_float_list()->add_value(side);
    }
    files_.Add(clip.split(), FrameRecord(Serialised(example)));
  }
  std::int64_t Finish() override { return files_.Finish(); }

 private:
  // Maps in order, so that equal clips give equal bytes.
  static std::string Serialised(const SequenceExample& example) {
    std::string bytes;
    {
      google::protobuf::io::StringOutputStream stream(&bytes);
      google::protobuf::io::CodedOutputStream output(&stream);
      output.SetSerializationDeterministic(true);
      example.SerializeToCodedStream(&output);
    }
    return bytes;
  }

  SampleFiles files_;
  std::int64_t number_ = 0;
};

// A plain name for each person in each video.
class VideoNames {
 public:
  std::string Choose(const Clip& clip) {
    const auto known = names_.find({clip.video(), clip.track()});
    if (known != names_.end()) return known->second;
    std::string name = clip.video();
    for (char& c : name) {
      const bool plain =
          (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
      if (!plain) c = '_';
    }
    if (clip.track() > 0) name += fmt::format("_track{}", clip.track());
    const std::string plain = name;
    for (int i = 2; !taken_.insert(name).second; ++i) name = fmt::format("{}_{}", plain, i);
    return names_[{clip.video(), clip.track()}] = name;
  }

 private:
  std::map<std::pair<std::string, std::uint32_t>, std::string> names_;
  std::set<std::string> taken_;
};

// frames/LABEL/VIDEO/NNN.png, and NAME.json: {NAME: {LABEL: {SPLIT: {VIDEO: {"label", "frames"}}}}}.
class FrameFolders : public Exporter {
 public:
  FrameFolders(const fs::path& folder, std::string name) : folder_(folder), name_(std::move(name)) {
    // Readers look for every split under each label.
    for (const char* label : {"Real", "Fake"}) {
      for (const char* split : {"train", "val", "test"})
        json_[name_][name_ + "_" + label][split] = nlohmann::json::object();
    }
  }

  void Add(const Clip& clip) override {
    const std::string label = name_ + (clip.label() == FAKE ? "_Fake" : "_Real"), video = names_.Choose(clip);
    const fs::path folder = fs::path("frames") / label / video;
    fs::create_directories(folder_ / folder);
    auto& said = json_[name_][label][clip.split()][video];
    said["label"] = label;
    for (const Frame& frame : clip.frames()) {
      const std::string file = (folder / fmt::format("{:06}.png", frame.index())).string();
      // Windows may share frames.
      if (!written_.insert(file).second) continue;
      WriteFile(folder_ / file, Png(frame, clip.crop()));
      said["frames"].push_back(file);
      ++files_;
    }
  }

  std::int64_t Finish() override {
    WriteFile(folder_ / (name_ + ".json"),
              json_.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return files_ + 1;
  }

 private:
  std::string Png(const Frame& frame, const CropSpec& crop) {
    const int size = static_cast<int>(crop.size());
    cv::Mat rgb(size, size, CV_8UC3);
    const std::string problem = decoder_.Decode(frame.image(), crop, rgb.data);
    if (!problem.empty()) throw Error("a frame", problem, "seam verify names the damaged shards");
    return EncodePng(MakeView(rgb));
  }

  fs::path folder_;
  std::string name_;
  nlohmann::ordered_json json_;
  PictureDecoder decoder_;
  VideoNames names_;
  std::set<std::string> written_;
  std::int64_t files_ = 0;
};

// SPLIT/VIDEO__NNN.jpg, VIDEO__NNN.txt beside it, which holds 0 (real) or 1 (fake), and SPLIT.txt, a line
// `path label` for each picture. The pictures are the bytes of the shards.
class LabelledFolders : public Exporter {
 public:
  LabelledFolders(const fs::path& folder, bool under_sample) : folder_(folder), under_sample_(under_sample) {
    for (const char* split : {"train", "validation", "test"}) fs::create_directories(folder_ / split);
  }

  void Add(const Clip& clip) override {
    const std::string split = clip.split() == "val" ? "validation" : clip.split(),
                      video = names_.Choose(clip), ending = clip.crop().encoding() == "png" ? "png" : "jpg";
    const int label = clip.label() == FAKE ? 1 : 0;
    for (const Frame& frame : clip.frames()) {
      const std::string stem = fmt::format("{}/{}__{:06}", split, video, frame.index());
      // Windows may share frames.
      if (!written_.insert(stem).second) continue;
      WriteFile(folder_ / (stem + "." + ending), frame.image());
      WriteFile(folder_ / (stem + ".txt"), fmt::format("{}\n", label));
      lists_[split][static_cast<std::size_t>(label)].push_back(stem + "." + ending);
      files_ += 2;
    }
  }

  std::int64_t Finish() override {
    for (auto& [split, list] : lists_) {
      if (under_sample_) UnderSample(split, &list);
      std::map<std::string, std::size_t> lines;
      for (std::size_t label = 0; label < list.size(); ++label)
        for (const std::string& name : list[label]) lines[name] = label;
      std::string text;
      for (const auto& [name, label] : lines) text += fmt::format("{} {}\n", name, label);
      WriteFile(folder_ / (split + ".txt"), text);
      ++files_;
    }
    return files_;
  }

 private:
  using List = std::array<std::vector<std::string>, 2>;  // of reals, of fakes

  // Leaves out so many of the larger class that both are equal. What stays lies evenly among the names, so
  // that every video keeps its share.
  void UnderSample(const std::string& split, List* list) const {
    const std::size_t wanted = std::min((*list)[0].size(), (*list)[1].size());
    if (wanted == 0) {
      throw Error(folder_.stem().string(), fmt::format("{} has pictures of one class alone", split),
                  "leave --under-sample out, or extract both classes");
    }
    for (auto& names : *list) {
      std::sort(names.begin(), names.end());
      const std::size_t all = names.size();
      for (std::size_t i = 0; i < wanted; ++i) names[i] = names[i * all / wanted];
      names.resize(wanted);
    }
  }

  fs::path folder_;
  bool under_sample_;
  VideoNames names_;
  std::map<std::string, List> lists_;
  std::set<std::string> written_;
  std::int64_t files_ = 0;
};

std::unique_ptr<Exporter> MakeExporter(const fs::path& folder, const ExportOptions& options) {
  switch (options.Format()) {
    case ExportFormat::kWebDataset:
      return std::make_unique<WebDataset>(folder, options.samples);
    case ExportFormat::kMediaSequence:
      return std::make_unique<MediaSequence>(folder, options.samples);
    case ExportFormat::kFrames:
      return std::make_unique<FrameFolders>(folder, options.name);
    case ExportFormat::kFolders:
      return std::make_unique<LabelledFolders>(folder, options.under_sample);
  }
  return nullptr;
}

ExportCount WriteAll(const fs::path& folder, const fs::path& output, const ExportOptions& options) {
  std::vector<fs::path> shards;
  for (const std::string& split : ListSplits(folder)) {
    const std::vector<fs::path> more = FindShards(folder, split);
    shards.insert(shards.end(), more.begin(), more.end());
  }
  if (shards.empty())
    throw Error(folder.string(), "holds no shards", "name the folder that seam extract wrote");
  const std::unique_ptr<Exporter> exporter = MakeExporter(output, options);
  ExportCount count;
  Progress progress("export", static_cast<std::int64_t>(shards.size()), "shards");
  for (const fs::path& path : shards) {
    const ShardReader reader(path);
    for (std::size_t i = 0; i < reader.size(); ++i) {
      if (options.cancel.Cancelled()) throw Error(output.string(), "stopped; nothing is kept");
      const Clip clip = reader.Read(i);
      if (clip.frames_size() == 0) throw Error(path.string(), fmt::format("record {} has no frame", i));
      exporter->Add(clip);
      ++count.clips;
    }
    progress.Advance();
  }
  count.files = exporter->Finish();
  return count;
}

}  // namespace

void ExportOptions::Register(Options* options) {
  options->Add(
      "format", &format,
      "webdataset: tar files; mediasequence: TFRecord; frames: PNG folders as in DeepfakeBench; folders: "
      "pictures in train/, validation/ and test/ with label files and lists",
      {"webdataset", "mediasequence", "frames", "folders"});
  options->Add("output", &output, "folder for the files; must be empty or absent");
  options->Add("samples", &samples, "clips in one file of webdataset and mediasequence, at most", AtLeast(1));
  options->Add("name", &name, "what the JSON of frames calls the dataset");
  options->Add("under-sample", &under_sample,
               "lists of folders hold as many pictures of either class; the files are all there");
}

void ExportOptions::Check() const {
  if (output.empty()) throw UsageError("--output", "is missing", "name the folder for the files");
  const bool plain = !name.empty() && name.find_first_of("/\\") == std::string::npos && name[0] != '.';
  if (!plain) throw UsageError("--name", "must be a plain name");
  if (under_sample && Format() != ExportFormat::kFolders)
    throw UsageError("--under-sample", "belongs to --format folders");
}

ExportFormat ExportOptions::Format() const {
  if (format == "webdataset") return ExportFormat::kWebDataset;
  if (format == "folders") return ExportFormat::kFolders;
  return format == "frames" ? ExportFormat::kFrames : ExportFormat::kMediaSequence;
}

ExportCount ExportDataset(const fs::path& folder, const ExportOptions& options) {
  const fs::path output = options.output;
  std::error_code failure;
  if (fs::exists(output, failure) && !fs::is_empty(output, failure))
    throw Error(output.string(), "is not empty", "name another folder");
  // Grows beside its place, so that what is there is whole.
  const fs::path growing = output.string() + ".part";
  fs::remove_all(growing);
  fs::create_directories(growing, failure);
  if (failure) throw Error(growing.string(), "cannot be made: " + failure.message(), "check --output");
  try {
    const ExportCount count = WriteAll(folder, growing, options);
    fs::remove(output, failure);
    fs::rename(growing, output);
    return count;
  } catch (...) {
    fs::remove_all(growing, failure);
    throw;
  }
}

}  // namespace seam

#include "spectrum/experiments/convert_command.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <random>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tbb/parallel_for.h>
#include <opencv2/core.hpp>

#include "base/comma_list.h"
#include "base/error.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/options.h"
#include "base/progress.h"
#include "proto/picture.h"
#include "proto/shard.h"
#include "proto/tfrecord.h"
#include "spectrum/experiments/crop_of_set.h"
#include "spectrum/experiments/inputs.h"
#include "spectrum/experiments/picture_reader.h"
#include "spectrum/feature.h"
#include "spectrum/numpy_file.h"
#include "spectrum/running_moments.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

struct ConvertOptions {
  std::string output, format = "shards", crop = "none", real;
  int size = 128;
  int train = 100'000, val = 20'000, test = 30'000;  // of each class
  bool normalize = false;
  std::uint64_t seed = 1;
  FeatureOptions feature;
};

// A picture of the set.
struct Item {
  fs::path path;
  int label = 0;
};

// Where the pictures of one split go, in order.
class SplitWriter {
 public:
  virtual ~SplitWriter() = default;
  virtual void Add(const Item& item, const cv::Mat& picture, const Features& features) = 0;
  virtual void Finish() = 0;
};

class ShardSplit : public SplitWriter {
 public:
  ShardSplit(const ConvertOptions& options, std::string split, std::vector<std::string> classes,
             std::vector<bool> fake)
      : split_(std::move(split)),
        classes_(std::move(classes)),
        fake_(std::move(fake)),
        writer_(options.output, split_, std::uint64_t{256} << 20) {}

  void Add(const Item& item, const cv::Mat& picture, const Features&) override {
    const auto label = static_cast<std::size_t>(item.label);
    Clip clip;
    clip.set_video(classes_[label] + "/" + item.path.filename().string());
    clip.set_dataset("pictures");
    clip.set_label(fake_[label] ? FAKE : REAL);
    if (fake_[label]) clip.set_method(classes_[label]);
    clip.set_split(split_);
    clip.set_group(clip.video());
    CropSpec* crop = clip.mutable_crop();
    crop->set_size(static_cast<std::uint32_t>(picture.cols));
    crop->set_align("none");
    crop->set_encoding("png");  // JPEG would add a trace of its own
    Frame* frame = clip.add_frames();
    frame->set_image(EncodePicture(picture.data, picture.step[0], *crop));
    frame->mutable_box()->set_width(static_cast<float>(picture.cols));
    frame->mutable_box()->set_height(static_cast<float>(picture.rows));
    frame->set_score(1);
    writer_.Add(std::move(clip));
  }
  void Finish() override { writer_.Finish(); }

 private:
  std::string split_;
  std::vector<std::string> classes_;
  std::vector<bool> fake_;
  ShardWriter writer_;
};

std::vector<float> AsFloats(const Features& features) {
  return {features.values.begin(), features.values.end()};
}

// 000000.npy and so on, and labels.npy, as the published code reads them.
class NpySplit : public SplitWriter {
 public:
  explicit NpySplit(fs::path folder) : folder_(std::move(folder)) { fs::create_directories(folder_); }
  void Add(const Item& item, const cv::Mat&, const Features& features) override {
    const std::vector<float> numbers = AsFloats(features);
    WriteFile(folder_ / fmt::format("{:06}.npy", labels_.size()),
              ToNpy(NumpyArray::OfFloats(features.shape, numbers.data())));
    labels_.push_back(item.label);
  }
  void Finish() override { WriteFile(folder_ / "labels.npy", ToNpy(NumpyArray::OfIntegers(labels_))); }

 private:
  fs::path folder_;
  std::vector<std::int64_t> labels_;
};

// The wire format of protocol buffers.
void PutVarint(std::uint64_t number, std::string* to) {
  for (; number >= 0x80; number >>= 7) to->push_back(static_cast<char>(number | 0x80));
  to->push_back(static_cast<char>(number));
}
std::string Field(int number, const std::string& bytes) {
  std::string field;
  PutVarint(static_cast<std::uint64_t>(number) << 3 | 2, &field);
  PutVarint(bytes.size(), &field);
  return field + bytes;
}

// A tf.train.Example of `image` (floats), `label` and `shape` (integers): Example.features = 1,
// Features.feature = 1 (a map), Feature.float_list = 2, .int64_list = 3, and the lists' packed value = 1.
std::string ToExample(const Features& features, int label) {
  static_assert(std::endian::native == std::endian::little, "floats are copied as they lie in memory");
  const std::vector<float> numbers = AsFloats(features);
  std::string image(numbers.size() * sizeof(float), '\0'), label_text, shape_text;
  std::memcpy(image.data(), numbers.data(), image.size());
  PutVarint(static_cast<std::uint64_t>(label), &label_text);
  for (const std::int64_t side : features.shape) PutVarint(static_cast<std::uint64_t>(side), &shape_text);
  const auto entry = [](const std::string& key, int kind, const std::string& packed) {
    return Field(1, Field(1, key) + Field(2, Field(kind, Field(1, packed))));
  };
  return Field(1, entry("image", 2, image) + entry("label", 3, label_text) + entry("shape", 3, shape_text));
}

class TfRecordSplit : public SplitWriter {
 public:
  explicit TfRecordSplit(const fs::path& folder)
      : path_(folder / "data.tfrecords"), part_(folder / "data.tfrecords.part") {
    fs::create_directories(folder);
    file_.open(part_, std::ios::binary | std::ios::trunc);
  }
  void Add(const Item& item, const cv::Mat&, const Features& features) override {
    file_ << FrameRecord(ToExample(features, item.label));
    if (!file_) throw Error(part_.string(), "cannot be written");
  }
  void Finish() override {
    file_.close();
    if (!file_) throw Error(part_.string(), "cannot be written");
    fs::rename(part_, path_);
  }

 private:
  fs::path path_, part_;
  std::ofstream file_;
};

class Converter {
 public:
  Converter(const std::vector<std::string>& inputs, ConvertOptions options)
      : options_(std::move(options)), found_(FindSpectrumInputs(inputs, "all", 0)) {
    for (const SpectrumInput& input : found_.inputs) {
      if (input.kind != SpectrumInput::Kind::kPicture || input.label < 0)
        throw Error(input.path.string(), "is no picture in the folder of a class");
    }
    fake_ = FakeClasses();
    Deal();
  }

  // The exit status.
  int Run() {
    if (options_.normalize && !FindMoments()) return kExitFailed;
    for (std::size_t s = 0; s < 3; ++s) {
      if (splits_[s].empty()) continue;
      const auto writer = FindWriter(s);
      int written = 0;
      const bool whole =
          ForEach(splits_[s], kSplits[s], [&](const Item& item, const cv::Mat& picture, Features features) {
            Normalise(&features);
            writer->Add(item, picture, features);
            ++written;
          });
      if (!whole) return kExitFailed;
      writer->Finish();
      Say(fmt::format("{}: {} pictures", kSplits[s], written));
    }
    return bad_ == 0 ? kExitGood : kExitSomeFailed;
  }

 private:
  static constexpr const char* kSplits[] = {"train", "val", "test"};

  std::vector<bool> FakeClasses() const {
    std::vector<bool> fake(found_.classes.size());
    if (options_.format != "shards") return fake;
    if (found_.classes == std::vector<std::string>{"real", "fake"}) return {false, true};
    const std::vector<std::string> real =
        options_.real.empty() ? std::vector<std::string>() : SplitAtCommas(options_.real);
    for (const std::string& name : real) {
      if (std::find(found_.classes.begin(), found_.classes.end(), name) == found_.classes.end())
        throw UsageError("--real", "'" + Printable(name) + "' is none of the folders",
                         fmt::format("{}", fmt::join(found_.classes, ", ")));
    }
    if (real.empty())
      throw UsageError("--real", "is missing: shards know real and fake",
                       "name the folders of real pictures");
    for (std::size_t c = 0; c < fake.size(); ++c)
      fake[c] = std::find(real.begin(), real.end(), found_.classes[c]) == real.end();
    return fake;
  }

  // The first pictures of each class are train's, the next val's, the next test's; each split is shuffled.
  void Deal() {
    const int counts[] = {options_.train, options_.val, options_.test};
    const std::size_t needed = static_cast<std::size_t>(options_.train) +
                               static_cast<std::size_t>(options_.val) +
                               static_cast<std::size_t>(options_.test);
    for (std::size_t c = 0; c < found_.classes.size(); ++c) {
      std::vector<Item> of_class;
      for (const SpectrumInput& input : found_.inputs) {
        if (input.label == static_cast<int>(c)) of_class.push_back({input.path, input.label});
      }
      if (of_class.size() < needed) {
        throw Error(found_.classes[c],
                    fmt::format("has {} pictures, {} are asked for", of_class.size(), needed),
                    "give smaller --train-count, --val-count and --test-count");
      }
      auto next = of_class.begin();
      for (std::size_t s = 0; s < 3; ++s) {
        splits_[s].insert(splits_[s].end(), next, next + counts[s]);
        next += counts[s];
      }
    }
    std::mt19937_64 random(options_.seed);
    for (auto& split : splits_) {
      for (std::size_t i = split.size(); i > 1; --i) std::swap(split[i - 1], split[random() % i]);
    }
  }

  std::unique_ptr<SplitWriter> FindWriter(std::size_t split) const {
    const std::string name = kSplits[split];
    if (options_.format == "shards") {
      fs::create_directories(options_.output);
      return std::make_unique<ShardSplit>(options_, name, found_.classes, fake_);
    }
    if (options_.format == "npy") return std::make_unique<NpySplit>(options_.output + "_" + name);
    return std::make_unique<TfRecordSplit>(options_.output + "_" + name + "_tf");
  }

  // Calls `take` for each picture in order; what cannot be read is told and left out. False: interrupted.
  template <class Take>
  bool ForEach(const std::vector<Item>& items, const std::string& name, const Take& take) {
    constexpr std::size_t kChunk = 256;
    const bool features = options_.format != "shards";
    Progress progress(name, static_cast<std::int64_t>(items.size()), "pictures");
    for (std::size_t from = 0; from < items.size(); from += kChunk) {
      const std::size_t count = std::min(kChunk, items.size() - from);
      std::vector<cv::Mat> pictures(count);
      std::vector<Features> rows(count);
      tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
        const fs::path& path = items[from + i].path;
        try {
          const cv::Mat picture = pictures_.Read(path, features && options_.feature.IsGrey());
          pictures[i] = CropOfSet(picture, options_.crop, options_.size).clone();
          if (pictures[i].empty()) throw Error(path.string(), "is too small for --crop");
          if (features) rows[i] = ComputeFeatures(pictures[i], options_.feature);
        } catch (const Error& error) {
          rows[i].problem = error.what();
        }
      });
      if (Interrupted()) {
        SayWarning("interrupted; what is written is not complete: start again");
        return false;
      }
      for (std::size_t i = 0; i < count; ++i) {
        if (rows[i].problem.empty() && size_.empty()) size_ = pictures[i].size();
        if (rows[i].problem.empty() && size_ != pictures[i].size())
          rows[i].problem = items[from + i].path.string() + ": is of another size than those before";
        if (rows[i].problem.empty() && !features && pictures[i].cols != pictures[i].rows)
          rows[i].problem = items[from + i].path.string() + ": is not square; --crop lsun takes the middle";
        if (rows[i].problem.empty()) {
          take(items[from + i], pictures[i], std::move(rows[i]));
        } else {
          SayWarning(Printable(rows[i].problem));
          ++bad_;
        }
        progress.Advance();
      }
    }
    return true;
  }

  bool FindMoments() {
    if (options_.feature.kind == "raw") return true;  // its scale is known
    const int before = bad_;
    const bool whole =
        ForEach(splits_[0], "moments", [&](const Item&, const cv::Mat&, const Features& features) {
          moments_.Add(std::span<const double>(features.values));
        });
    bad_ = before;  // they are told again
    mean_ = moments_.mean();
    deviation_ = moments_.PopulationDeviation();
    std::replace(deviation_.begin(), deviation_.end(), 0.0, 1.0);
    return whole;
  }

  // Raw pixels to -1..1; others to mean 0 and deviation 1 of each number over train.
  void Normalise(Features* features) const {
    if (!options_.normalize) return;
    constexpr double kMiddleGrey = 127.5;
    for (std::size_t i = 0; i < features->values.size(); ++i) {
      double& value = features->values[i];
      value = mean_.empty() ? value / kMiddleGrey - 1 : (value - mean_[i]) / deviation_[i];
    }
  }

  const ConvertOptions options_;
  const PictureReader pictures_;
  const SpectrumInputs found_;
  std::vector<bool> fake_;  // of each class
  std::vector<Item> splits_[3];
  cv::Size size_;  // of the first picture
  RunningMoments moments_;
  std::vector<double> mean_, deviation_;
  int bad_ = 0;
};

}  // namespace

int SpectrumConvert(const std::vector<std::string>& arguments) {
  ConvertOptions convert;
  convert.feature.kind = "dct";
  std::vector<std::string> inputs;
  Options options(
      "seam spectrum convert", "FOLDER... --output NAME [options]",
      "a set of pictures, one folder a class, as shards, .npy files or TFRecords",
      "seam spectrum convert ffhq --real A_ffhq --train-count 800 --val-count 100 --test-count 100 "
      "--output shards");
  options.Add("output", &convert.output,
              "shards: the dataset's folder; npy: NAME_train/000000.npy and labels.npy, and so on; tfrecord: "
              "NAME_train_tf/data.tfrecords, and so on");
  options.Add("format", &convert.format,
              "shards: the pictures, for seam train; npy, tfrecord: their features, for other programs",
              {"shards", "npy", "tfrecord"});
  options.Add("real", &convert.real, "shards: the folders of real pictures, with commas; others are fake");
  options.Add("crop", &convert.crop, "celeba: of aligned faces; lsun: the middle square, made smaller",
              {"none", "celeba", "lsun"});
  options.Add("size", &convert.size, "side of the crop");
  options.Add("train-count", &convert.train, "pictures of each class");
  options.Add("val-count", &convert.val, "pictures of each class");
  options.Add("test-count", &convert.test, "pictures of each class");
  options.Add("normalize", &convert.normalize,
              "features to mean 0 and deviation 1 over train, raw pixels to -1..1");
  options.Add("seed", &convert.seed, "of the order");
  convert.feature.Register(&options);
  options.AddPositional("folder", &inputs);
  if (!options.Parse(arguments)) return kExitGood;
  convert.feature.Check();
  if (inputs.empty())
    throw UsageError("seam spectrum convert", "no folder named", "name a folder of folders");
  if (convert.output.empty()) throw UsageError("--output", "is missing", "--output shards");
  if (convert.size < 8 || convert.size > 8192) throw UsageError("--size", "must be from 8 to 8192");
  if (convert.train < 0 || convert.val < 0 || convert.test < 0)
    throw UsageError("--train-count", "counts must not be negative");
  return Converter(inputs, std::move(convert)).Run();
}

}  // namespace seam

#include "models/torch/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include <torch/utils.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/version.h"
#include "models/torch/tensors.h"
#include "models/weights/safetensors_header.h"
#include "tests/support/support.h"

namespace seam {
namespace {

class CheckpointTest : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(1);
    model_ = MakeModel("meso4");
    const torch::NoGradGuard no_grad;
    for (auto& [name, tensor] : ListWeights(*model_)) tensor.uniform_(0.1, 1);
    info_.model = "meso4";
    info_.crop.set_size(256);
    info_.crop.set_margin(0.3);
    info_.crop.set_align("none");
    info_.crop.set_detector("retinaface");
    info_.crop.set_encoding("jpeg");
    info_.crop.set_quality(95);
    info_.epoch = 3;
    info_.threshold = 0.1;  // no exact binary fraction
    info_.notice = "trained on sand";
    info_.metrics = R"({"auc":0.75})";
    info_.recipe = R"({"seed":1,"data":"caf\u00e9"})";
  }

  void Save() { SaveCheckpoint(path_, *model_, info_); }

  // Saves, lets `change` spoil the file's contents, and loads.
  void LoadChanged(const std::function<void(TensorFile*)>& change) {
    Save();
    TensorFile contents = LoadTensors(path_);
    change(&contents);
    SaveTensors(path_, contents);
    LoadCheckpoint(path_);
  }

  // The error of that, without the file's name.
  std::string CatchError(const std::function<void(TensorFile*)>& change) {
    const std::string message = CatchMessage([&] { LoadChanged(change); });
    return message.empty() ? "" : message.substr(path_.string().size() + 2);
  }

  std::string CatchMetadataError(const std::string& key, const std::string& value) {
    return CatchError([&](TensorFile* contents) { contents->metadata[key] = value; });
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "best.safetensors";
  std::shared_ptr<Model> model_;
  CheckpointInfo info_;
};

TEST_F(CheckpointTest, CalibrationRoundTrips) {
  info_.calibration = Calibration{1.7, 0.41, 0.83, 0.3, 0.6, 12, 34};
  Save();
  EXPECT_EQ(LoadCheckpoint(path_).info.calibration, info_.calibration);
}

TEST_F(CheckpointTest, CalibrationsThatMakeNoSenseAreErrors) {
  const auto problem = [&](const char* text) { return CatchMetadataError("seam.calibration", text); };
  EXPECT_EQ(problem("{}"), "bad checkpoint: seam.calibration is not a calibration: '{}'");
  const auto with = [&](const char* temperature, const char* band) {
    return problem(fmt::format(R"({{"temperature":{},"threshold_eer":0.5,"threshold_fpr1":0.5,"band":{},)"
                               R"("videos":{{"real":1,"fake":1}}}})",
                               temperature, band)
                       .c_str());
  };
  EXPECT_EQ(with("0", "[0.4,0.6]"), "bad checkpoint: seam.calibration has the temperature 0");
  EXPECT_EQ(with("1", "[0.6,0.4]"), "bad checkpoint: seam.calibration has a band that ends before it begins");
  EXPECT_EQ(with("1", "[0.6,1.4]"),
            "bad checkpoint: seam.calibration has a threshold that is not from 0 to 1");
}

TEST_F(CheckpointTest, RoundTrips) {
  Save();
  const Checkpoint checkpoint = LoadCheckpoint(path_);
  EXPECT_EQ(checkpoint.info.model, info_.model);
  EXPECT_EQ(checkpoint.info.crop.SerializeAsString(), info_.crop.SerializeAsString());
  EXPECT_EQ(checkpoint.info.epoch, info_.epoch);
  EXPECT_EQ(checkpoint.info.threshold, info_.threshold);
  EXPECT_EQ(checkpoint.info.notice, info_.notice);
  EXPECT_EQ(checkpoint.info.metrics, info_.metrics);
  EXPECT_EQ(checkpoint.info.recipe, info_.recipe);
  EXPECT_FALSE(checkpoint.info.calibration);
  EXPECT_FALSE(checkpoint.model->is_training());
  const auto weights = ListWeights(*checkpoint.model);
  for (const auto& [name, tensor] : ListWeights(*model_))
    EXPECT_TRUE(torch::equal(weights.at(name), tensor)) << name;
}

TEST_F(CheckpointTest, WeightsOfHalfPrecisionBecomeFloat) {
  for (const auto type : {torch::kHalf, torch::kBFloat16}) {
    LoadChanged([&](TensorFile* contents) {
      for (auto& [name, tensor] : contents->tensors) tensor = tensor.to(type);
    });
    const Checkpoint checkpoint = LoadCheckpoint(path_);
    const auto weights = ListWeights(*checkpoint.model);
    for (const auto& [name, tensor] : ListWeights(*model_)) {
      EXPECT_EQ(weights.at(name).scalar_type(), torch::kFloat) << name;
      EXPECT_TRUE(torch::equal(weights.at(name), tensor.to(type).to(torch::kFloat))) << name;
    }
  }
}

TEST_F(CheckpointTest, InfinityInHalfPrecisionIsAnError) {
  EXPECT_EQ(CatchError([](TensorFile* contents) {
              contents->tensors["norm1.bias"] = torch::full({8}, 1e6).to(torch::kHalf);
            }),
            "its weights do not fit the network: 'norm1.bias' holds numbers that are not finite");
}

TEST_F(CheckpointTest, LoadedNetworkAnswersAsTheSavedOne) {
  Save();
  const torch::NoGradGuard no_grad;
  const auto clips = torch::randint(0, 256, {2, 1, 3, 256, 256}, torch::kByte);
  model_->eval();
  EXPECT_TRUE(torch::equal(LoadCheckpoint(path_).model->forward(clips), model_->forward(clips)));
}

TEST_F(CheckpointTest, SavingTwiceGivesEqualBytes) {
  Save();
  const std::string bytes = ReadFile(path_);
  Save();
  EXPECT_EQ(ReadFile(path_), bytes);
}

TEST_F(CheckpointTest, MetadataIsReadableByOthers) {
  Save();
  const auto metadata = LoadTensors(path_).metadata;
  EXPECT_EQ(metadata.at("seam.format"), "1");
  EXPECT_EQ(metadata.at("seam.model"), "meso4");
  EXPECT_EQ(metadata.at("seam.epoch"), "3");
  EXPECT_EQ(metadata.at("seam.threshold"), "0.1");
  EXPECT_EQ(metadata.at("seam.notice"), "trained on sand");
  EXPECT_EQ(metadata.at("seam.metrics"), info_.metrics);
  EXPECT_EQ(metadata.at("seam.recipe"), info_.recipe);
  EXPECT_EQ(metadata.at("seam.version"), Version());
  // Names as in the .proto file, and also what stands at its default.
  const auto crop = nlohmann::json::parse(metadata.at("seam.crop"));
  EXPECT_EQ(crop.at("size"), 256);
  EXPECT_EQ(crop.at("margin"), 0.3);
  EXPECT_EQ(crop.at("detector"), "retinaface");
  EXPECT_EQ(crop.at("detect_size"), 0);
  EXPECT_EQ(crop.at("encoding"), "jpeg");
  EXPECT_EQ(crop.at("detect_threshold"), 0);  // at its default
}

TEST_F(CheckpointTest, HoldsEveryWeightAndNothingElse) {
  Save();
  EXPECT_EQ(LoadTensors(path_).tensors.size(), 28u);
}

TEST_F(CheckpointTest, NetworksOptionsComeBack) {
  ModelOptions options;
  options.size = 224;
  options.dropout = 0.25;
  options.variant = {{"scale", "half"}};
  options.temporal = {.head = "lstm", .frames = 3, .hidden = 4, .layers = 2, .bidirectional = true};
  model_ = MakeModel(options);
  info_.crop.set_size(224);
  Save();
  EXPECT_EQ(LoadTensors(path_).metadata.at("seam.format"), "2");
  const Checkpoint checkpoint = LoadCheckpoint(path_);
  EXPECT_EQ(checkpoint.model->options().ToJson(), options.ToJson());
  EXPECT_EQ(checkpoint.model->input().frames, 3);
  const torch::NoGradGuard no_grad;
  const auto clips = torch::randint(0, 256, {2, 3, 3, 224, 224}, torch::kByte);
  model_->eval();
  EXPECT_TRUE(torch::equal(checkpoint.model->forward(clips), model_->forward(clips)));
}

TEST_F(CheckpointTest, BadOptionsAreOneError) {
  const std::string hostile = R"({"temporal":{"head":"lstm","hidden":8192,"layers":32}})";
  EXPECT_EQ(CatchMetadataError("seam.options", hostile).find("its weights do not fit the network: "), 0u);
  EXPECT_EQ(CatchMetadataError("seam.options", "["), "bad checkpoint: seam.options is no JSON object");
  EXPECT_EQ(CatchMetadataError("seam.options", std::string(200'000, '[')),
            "bad checkpoint: seam.options is no JSON object");
  EXPECT_EQ(CatchMetadataError("seam.options", R"({"model":"mesoinception4"})"),
            "bad checkpoint: seam.options names another network");
  EXPECT_EQ(CatchMetadataError("seam.options", R"({"colour":1})"),
            "bad network options: 'colour' is unknown to this Seam");
  EXPECT_EQ(CatchMetadataError("seam.options", R"({"size":"big"})"),
            "bad network options: size is of another type");
  EXPECT_EQ(CatchMetadataError("seam.options", R"({"size":1e300})"),
            "bad network options: size is of another type");
  EXPECT_EQ(CatchMetadataError("seam.options", R"({"temporal":{"head":"lstm","hidden":100000}})"),
            "bad network options: lstm-hidden 100000 is not 1 to 8192");
  EXPECT_EQ(CatchMetadataError("seam.options", R"({"temporal":7})"),
            "bad network options: temporal is no JSON object");
  EXPECT_EQ(CatchMetadataError("seam.options", R"({"variant":{"scale":["half"]}})"),
            "bad network options: variant holds more than keys and values");
  EXPECT_EQ(CatchMetadataError("seam.options", R"({"variant":{"tf":true}})"),
            "bad checkpoint: seam.options asks for what there is not: variant: meso4 does not know 'tf'");
}

TEST_F(CheckpointTest, FileThatIsNoSafetensorsIsAnError) {
  WriteFile(path_, "a text");
  EXPECT_EQ(CatchMessage([&] { LoadCheckpoint(path_); }),
            path_.string() + ": is text, not weights: it begins with 'a text'");
}

TEST_F(CheckpointTest, FilesOfOtherLibrariesNameTheCommandThatReadsThem) {
  const std::string hint =
      "`seam models import FILE -o OUT.safetensors` makes a checkpoint of it (docs/import.md)";
  for (const auto& [bytes, kind] : {std::pair("PK\3\4      net/data.pkl", "PyTorch"),
                                    {"\x80\2}.", "PyTorch"},
                                    {"\x89HDF\r\n\x1a\n...", "Keras (HDF5)"}}) {
    WriteFile(path_, bytes);
    EXPECT_EQ(CatchMessage([&] { LoadCheckpoint(path_); }),
              path_.string() + ": is a " + kind + " file, no checkpoint of Seam's");
    EXPECT_EQ(CatchHint([&] { LoadCheckpoint(path_); }), hint);
  }
  WriteFile(path_, "");
  EXPECT_EQ(CatchMessage([&] { LoadCheckpoint(path_); }), path_.string() + ": is empty");
  WriteFile(path_, "version https://git-lfs.github.com/spec/v1\n");
  EXPECT_THAT(CatchHint([&] { LoadCheckpoint(path_); }), testing::HasSubstr("git lfs pull"));
}

TEST_F(CheckpointTest, SafetensorsOfOthersIsAnError) {
  EXPECT_EQ(CatchError([](TensorFile* contents) {
              contents->metadata = {{"format", "pt"}};
            }),
            "is a safetensors file, but no checkpoint of Seam's: it does not name its network");
  EXPECT_THAT(CatchHint([&] { LoadCheckpoint(path_); }), testing::HasSubstr("seam models import"));
}

TEST_F(CheckpointTest, NewerFormatIsAnErrorThatSaysWhoWroteIt) {
  EXPECT_EQ(CatchError([](TensorFile* contents) {
              contents->metadata["seam.format"] = "3";
              contents->metadata["seam.version"] = "9.1.0";
              contents->metadata["seam.crop"] = "a new form";
            }),
            "was written in checkpoint format 3 by Seam '9.1.0'; this is Seam " + Version() +
                ", which reads up to 2");
  EXPECT_EQ(CatchHint([&] { LoadCheckpoint(path_); }), "use a newer Seam");
}

TEST_F(CheckpointTest, UnknownNetworkIsAnErrorThatListsTheKnown) {
  EXPECT_EQ(CatchMetadataError("seam.model", "meso9"), "its network 'meso9' is unknown to this Seam " +
                                                           Version() + "; the file was written by Seam '" +
                                                           Version() + "'");
  EXPECT_EQ(CatchHint([&] { LoadCheckpoint(path_); }).find("use a newer Seam; this one knows: meso4"), 0u);
}

TEST_F(CheckpointTest, MetadataOfAnotherToolIsIgnored) {
  EXPECT_EQ(CatchMetadataError("format", "pt"), "");
  EXPECT_EQ(CatchMetadataError("seam.future", "x"), "");
}

TEST_F(CheckpointTest, MissingMetadataIsAnError) {
  for (const std::string key : {"seam.format", "seam.crop", "seam.epoch", "seam.threshold"}) {
    EXPECT_EQ(CatchError([&](TensorFile* contents) { contents->metadata.erase(key); }),
              "bad checkpoint: " + key + " is missing");
  }
  for (const std::string key : {"seam.notice", "seam.metrics", "seam.recipe", "seam.version"}) {
    EXPECT_EQ(CatchError([&](TensorFile* contents) { contents->metadata.erase(key); }), "") << key;
  }
}

TEST_F(CheckpointTest, BadMetadataIsAnError) {
  EXPECT_EQ(CatchMetadataError("seam.format", "one"), "bad checkpoint: seam.format is 'one', not a number");
  EXPECT_EQ(CatchMetadataError("seam.format", "0"), "bad checkpoint: seam.format is 0");
  EXPECT_EQ(CatchMetadataError("seam.epoch", "3 or so"),
            "bad checkpoint: seam.epoch is '3 or so', not a number");
  EXPECT_EQ(CatchMetadataError("seam.epoch", "99999999999"),
            "bad checkpoint: seam.epoch is '99999999999', not a number");
  EXPECT_EQ(CatchMetadataError("seam.epoch", "-1"), "bad checkpoint: seam.epoch is -1");
  EXPECT_EQ(CatchMetadataError("seam.threshold", ""), "bad checkpoint: seam.threshold is '', not a number");
  EXPECT_EQ(CatchMetadataError("seam.threshold", "nan"),
            "bad checkpoint: seam.threshold is nan, not from 0 to 1");
  EXPECT_EQ(CatchMetadataError("seam.threshold", "1.5"),
            "bad checkpoint: seam.threshold is 1.5, not from 0 to 1");
  EXPECT_EQ(CatchMetadataError("seam.metrics", "{"), "bad checkpoint: seam.metrics is not JSON");
  EXPECT_EQ(CatchMetadataError("seam.recipe", ""), "bad checkpoint: seam.recipe is not JSON");
  EXPECT_EQ(CatchMetadataError("seam.crop", "{"),
            "bad checkpoint: seam.crop is not a crop specification: '{'");
  EXPECT_EQ(CatchMetadataError("seam.crop", R"({"size":256,"colour":"sepia"})"),
            R"(bad checkpoint: seam.crop is not a crop specification: '{"size":256,"colour":"sepia"}')");
  EXPECT_EQ(CatchMetadataError("seam.crop", R"({"size":256,"margin":"NaN"})"),
            "bad checkpoint: seam.crop has a margin of nan");
  EXPECT_EQ(CatchMetadataError("seam.crop", R"({"size":256,"align":"eyes"})"),
            "bad checkpoint: seam.crop has faces aligned by 'eyes'; none and similarity are known");
  EXPECT_EQ(CatchMetadataError("seam.crop", R"({"size":256,"align":"none","encoding":"webp"})"),
            "bad checkpoint: seam.crop has pictures encoded as 'webp'; jpeg and png are known");
}

TEST_F(CheckpointTest, DeeplyNestedMetadataIsAnErrorOrFine) {
  const std::string deep(200'000, '[');
  EXPECT_EQ(CatchMetadataError("seam.recipe", deep), "bad checkpoint: seam.recipe is not JSON");
  const std::string closed = deep + std::string(200'000, ']');
  EXPECT_EQ(CatchMetadataError("seam.recipe", closed), "bad checkpoint: seam.recipe is not JSON");
  EXPECT_EQ(CatchMetadataError("seam.options", R"({"variant":{"scale":)" + closed + "}}"),
            "bad checkpoint: seam.options is no JSON object");
  EXPECT_EQ(
      CatchMetadataError("seam.crop", "{\"size\":" + deep).find("bad checkpoint: seam.crop is not a crop"),
      0u);
}

TEST_F(CheckpointTest, CropsThatTheNetworkDoesNotTakeAreAnError) {
  EXPECT_EQ(CatchMetadataError("seam.crop", "{}"),
            "bad checkpoint: seam.crop has crops of 0 pixels, but meso4 takes 256");
  EXPECT_EQ(CatchMetadataError("seam.crop", R"({"size":224})"),
            "bad checkpoint: seam.crop has crops of 224 pixels, but meso4 takes 256");
}

TEST_F(CheckpointTest, WhatCouldNotBeLoadedIsNotSaved) {
  info_.crop.set_size(0);
  EXPECT_EQ(CatchMessage([&] { Save(); }),
            path_.string() + ": bad checkpoint: seam.crop has crops of 0 pixels, but meso4 takes 256");
  info_.crop.set_size(256);
  info_.threshold = 2;
  EXPECT_EQ(CatchMessage([&] { Save(); }),
            path_.string() + ": bad checkpoint: seam.threshold is 2, not from 0 to 1");
  info_.threshold = 0.5;
  info_.metrics = "none";
  EXPECT_EQ(CatchMessage([&] { Save(); }), path_.string() + ": bad checkpoint: seam.metrics is not JSON");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(CheckpointTest, WeightsOfADivergedTrainingAreNotSaved) {
  {
    const torch::NoGradGuard no_grad;
    ListWeights(*model_).at("dense1.bias")[3] = std::nan("");
  }
  EXPECT_EQ(CatchMessage([&] { Save(); }),
            path_.string() + ": not saved: 'dense1.bias' holds numbers that are not finite");
  EXPECT_EQ(CatchHint([&] { Save(); }), "the training diverged; a lower learning rate may help");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(CheckpointTest, EachDifferenceInTheWeightsIsNamed) {
  EXPECT_EQ(
      CatchError([](TensorFile* contents) {
        contents->tensors.erase("dense2.bias");
        contents->tensors["head.bias"] = torch::zeros({1});
        contents->tensors["conv1.weight"] = torch::zeros({8, 3, 5, 5});
        contents->tensors["norm1.bias"] = torch::zeros({8}, torch::kDouble);
        contents->tensors["norm2.bias"] = torch::full({8}, std::nan(""), torch::kFloat);
      }),
      "its weights do not fit the network: 'conv1.weight' has the shape [8, 3, 5, 5], not [8, 3, 3, 3]; "
      "'dense2.bias' is missing; 'norm1.bias' has the type float64, not float32; "
      "'norm2.bias' holds numbers that are not finite; 'head.bias' is left over");
  EXPECT_EQ(CatchHint([&] { LoadCheckpoint(path_); }),
            "the file was written for another network or by another version of Seam");
}

TEST_F(CheckpointTest, ManyDifferencesAreCounted) {
  const std::string error = CatchError([](TensorFile* contents) { contents->tensors.clear(); });
  EXPECT_EQ(error.substr(error.rfind(';')), "; and 18 more");
  EXPECT_EQ(std::count(error.begin(), error.end(), ';'), 10);
}

TEST_F(CheckpointTest, WeightsThatDoNotFitLeaveTheModelAsItWas) {
  auto weights = ListWeights(*MakeModel("meso4"));
  weights.erase("dense2.bias");
  const auto before = ListWeights(*model_).at("conv1.weight").clone();
  EXPECT_EQ(CatchMessage([&] { LoadWeights(weights, "weights", model_.get()); }),
            "weights: its weights do not fit the network: 'dense2.bias' is missing");
  EXPECT_TRUE(torch::equal(ListWeights(*model_).at("conv1.weight"), before));
}

TEST_F(CheckpointTest, FlippedBitsOfTheHeaderLoadOrAreAnError) {
  Save();
  const std::string whole = ReadFile(path_);
  const std::size_t end = ParseSafetensorsHeader(whole, "file").data_offset;
  int refused = 0;
  std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
  for (std::size_t i = 0; i < end; ++i) {
    const auto position = static_cast<std::streamoff>(i);
    file.seekp(position).put(static_cast<char>(whole[i] ^ (1 << (i % 8)))).flush();
    try {
      LoadCheckpoint(path_);
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
    file.seekp(position).put(whole[i]);
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace seam

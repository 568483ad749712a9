#include "models/import_command.h"

#include <filesystem>

#include <torch/utils.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "base/version.h"
#include "models/torch/checkpoint.h"
#include "models/torch/import.h"
#include "models/weights/foreign_weights.h"
#include "models/weights/safetensors_header.h"
#include "proto/crop_spec.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// How faces are to be cut out for a network that came without a word about it.
struct ImportedCrop {
  double margin = -1, detect_threshold = 0;
  std::string align = "none", detector = "retinaface", encoding = "jpeg";
  int detect_size = 320, quality = 95;

  void Register(Options* options) {
    options->Add("margin", &margin,
                 "the crop's side is 1 + margin times the face's longer side (-1: the source's)");
    options->Add("align", &align, "how faces are turned: not at all, or by their landmarks",
                 {"none", "similarity"});
    options->Add("detector", &detector, "that finds the faces", {"retinaface", "yunet", "hog"});
    options->Add("detect-size", &detect_size, "longer side of the picture that is searched, at most");
    options->Add("detect-threshold", &detect_threshold, "least score of a face; 0: the detector's own");
    options->Add("encoding", &encoding, "of crops in shards to train it further", {"jpeg", "png"});
    options->Add("quality", &quality, "of JPEG");
  }

  void Check() const {
    if (margin != -1 && !(margin >= 0 && margin <= 10)) throw UsageError("--margin", "must be from 0 to 10");
    if (!(detect_threshold >= 0 && detect_threshold <= 1)) {
      throw UsageError("--detect-threshold", "must be from 0 to 1");
    }
    if (detect_size < 1 || detect_size > 8192) throw UsageError("--detect-size", "must be from 1 to 8192");
    if (quality < 1 || quality > 100) throw UsageError("--quality", "must be from 1 to 100");
    if (align != "none" && detector == "hog") {
      throw UsageError("--align", align + " needs landmarks, which hog does not find",
                       "choose another --detector");
    }
  }

  CropSpec Spec(int size, const WeightSource& source) const {
    CropSpec spec;
    spec.set_size(static_cast<std::uint32_t>(size));
    spec.set_margin(margin < 0 ? source.margin : margin);
    spec.set_align(align);
    spec.set_detector(detector);
    spec.set_detect_size(static_cast<std::uint32_t>(detect_size));
    spec.set_encoding(encoding);
    spec.set_quality(encoding == "jpeg" ? static_cast<std::uint32_t>(quality) : 0);
    spec.set_detect_threshold(detect_threshold);
    return spec;
  }
};

struct Settings {
  std::vector<std::string> files;
  std::string output, notice;
  double threshold = 0.5;
  bool strict = true, overwrite = false;
  std::uint64_t seed = 1;
  ModelOptions model;
  MatchOptions match;
  ImportedCrop crop;

  void Register(Options* options) {
    options->AddPositional("file", &files);
    options->Add("output", &output, "checkpoint to write");
    options->Add("strict", &strict, "every weight must fit; --no-strict keeps fresh ones where none does");
    options->Add("threshold", &threshold, "a score from here on is called fake");
    options->Add("notice", &notice, "what users must know: data, licence");
    options->Add("overwrite", &overwrite, "replace the output");
    options->Add("seed", &seed, "of fresh weights");
    model.Register(options);
    match.Register(options);
    crop.Register(options);
  }

  void Check() {
    if (files.size() != 1) throw UsageError("file", "give one file of weights");
    if (output.empty()) throw UsageError("--output", "is missing", "name the checkpoint to write");
    if (!(threshold >= 0 && threshold <= 1)) throw UsageError("--threshold", "must be from 0 to 1");
    crop.Check();
    model.Check();
    if (!overwrite && fs::exists(output)) {
      throw Error(output, "exists already", "choose another name, or add --overwrite");
    }
  }
};

void Tell(const WeightMatch& match, bool strict, const std::string& subject) {
  for (const auto& difference : match.differences) SayWarning(difference);
  if (match.differences.empty()) return;
  if (strict) {
    throw Error(subject,
                fmt::format("{} weights do not fit {}; each is listed above", match.differences.size(),
                            match.options.model),
                "another --model, --source, --size or --variant may; --no-strict keeps fresh weights there");
  }
  if (!match.unset.empty()) {
    SayWarning(fmt::format("{} weights are fresh, and the network must be trained: {}", match.unset.size(),
                           fmt::join(match.unset, ", ")));
  }
}

// Where the weights came from: the recipe of the checkpoint, JSON.
std::string Recipe(const std::string& file, const ForeignWeights& foreign, const WeightMatch& match) {
  nlohmann::json origin = {{"file", fs::path(file).filename().string()},
                           {"sha256", Sha256OfFile(file)},
                           {"format", foreign.format},
                           {"source", match.source->name}};
  if (!match.unset.empty()) origin["fresh"] = match.unset;
  return nlohmann::json{{"seam", Version()}, {"import", origin}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

int ImportModel(const std::vector<std::string>& arguments) {
  Settings settings;
  Options options("seam models import", "--model NAME FILE -o OUT [OPTION...]",
                  "make a checkpoint of weights that another library wrote",
                  "seam models import --model meso4 Meso4_DF.h5 -o meso4.safetensors");
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.Check();
  const std::string& file = settings.files[0];
  const ForeignWeights foreign = LoadForeignWeights(file);
  const WeightMatch match = MatchWeights(foreign, settings.model, settings.match, file);
  Tell(match, settings.strict, file);
  torch::manual_seed(settings.seed);
  const auto model = MakeMatched(match, file);
  CheckpointInfo info;
  info.model = match.options.model;
  info.crop = settings.crop.Spec(model->input().size, *match.source);
  info.threshold = settings.threshold;
  info.notice = settings.notice;
  info.recipe = Recipe(file, foreign, match);
  SaveCheckpoint(settings.output, *model, info);
  return kExitGood;
}

}  // namespace seam

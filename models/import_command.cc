#include "models/import_command.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

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
#include "models/torch/detector_recipes.h"
#include "models/torch/import.h"
#include "models/weights/foreign_weights.h"
#include "models/weights/hub_config.h"
#include "models/weights/safetensors_header.h"
#include "models/zoo/variant.h"
#include "proto/crop_spec.h"
#include "scores/aggregate.h"

namespace seam {
namespace {

namespace fs = std::filesystem;

// How faces are to be cut out for a network that came without a word about it.
struct ImportedCrop {
  double margin = -1, detect_threshold = 0, overlap = -1;
  std::string tiles;
  std::string align = "auto", detector = "retinaface", encoding = "auto";
  int detect_size = 320, quality = 95;

  void Register(Options* options) {
    options->Add("margin", &margin,
                 "the crop's side is 1 + margin times the face's longer side (-1: the recipe's or source's)");
    options->Add("align", &align,
                 "how faces are turned: not at all, or by their landmarks; or what of whole pictures is seen "
                 "(docs/extraction.md; auto: the recipe's)",
                 {"auto", "none", "similarity", "portrait", "centre", "shorter", "square", "tiles"});
    options->Add(
        "overlap", &overlap,
        "--align tiles: neighbours share at least this part of a tile's side (-1: the recipe's, or 0)");
    options->Add("tiles", &tiles,
                 "--align tiles: the picture's score is the tiles' mean, median, max, logit-mean or top-N "
                 "(default: the recipe's, or mean)");
    options->Add("detector", &detector, "that finds the faces", {"retinaface", "yunet", "hog"});
    options->Add("detect-size", &detect_size, "longer side of the picture that is searched, at most",
                 Between(1, 8192));
    options->Add("detect-threshold", &detect_threshold, "least score of a face; 0: the detector's own",
                 Between(0, 1));
    options->Add("encoding", &encoding, "of crops (auto: png for a recipe, jpeg without one)",
                 {"auto", "jpeg", "png"});
    options->Add("quality", &quality, "of JPEG", Between(1, 100));
  }

  void Check() const {
    if (margin != -1 && !(margin >= 0 && margin <= 10)) throw UsageError("--margin", "must be from 0 to 10");
    if (overlap != -1 && !(overlap >= 0 && overlap <= kMostOverlap))
      throw UsageError("--overlap", fmt::format("must be from 0 to {}", kMostOverlap), "0.25 is usual");
    if (!tiles.empty() && !IsTileRule(tiles))
      throw UsageError("--tiles", fmt::format("'{}' is unknown", tiles),
                       "mean, median, max, logit-mean or top-N");
    if (align == "similarity" && detector == "hog") {
      throw UsageError("--align", align + " needs landmarks, which hog does not find",
                       "choose another --detector");
    }
  }

  CropSpec Spec(int size, const WeightSource& source, const DetectorRecipe* recipe) const {
    CropSpec spec;
    spec.set_size(static_cast<std::uint32_t>(size));
    spec.set_margin(margin >= 0 ? margin : recipe != nullptr ? recipe->margin : source.margin);
    const std::string turned = align != "auto" ? align : recipe != nullptr ? recipe->align : "none";
    const bool whole = turned == "centre" || turned == "shorter" || turned == "square" || turned == "tiles";
    if (turned == "tiles") {
      const bool told = recipe != nullptr && recipe->align == "tiles";
      spec.set_overlap(overlap >= 0 ? overlap : told ? recipe->overlap : 0);
      spec.set_faces("all");  // the tiles of a picture all count
      spec.set_tiles(!tiles.empty() ? tiles : told ? recipe->tiles : "mean");
    } else if (overlap >= 0 || !tiles.empty()) {
      throw UsageError(overlap >= 0 ? "--overlap" : "--tiles", "is of tiles, and there are none",
                       "--align tiles makes some");
    }
    // hog finds no landmarks.
    spec.set_align(detector == "hog" && turned == "similarity" ? "none" : turned);
    spec.set_detector(whole ? "whole" : detector);
    spec.set_detect_size(static_cast<std::uint32_t>(detect_size));
    const bool jpeg = encoding == "jpeg" || (encoding == "auto" && recipe == nullptr);
    spec.set_encoding(jpeg ? "jpeg" : "png");
    spec.set_quality(jpeg ? static_cast<std::uint32_t>(quality) : 0);
    spec.set_detect_threshold(detect_threshold);
    return spec;
  }
};

struct Settings {
  std::vector<std::string> files;
  std::string output, notice, recipe = "auto", key, backbone;
  double threshold = 0.5;
  bool strict = true, overwrite = false, guess = false;
  bool recipe_given = false, model_given = false;
  std::uint64_t seed = 1;
  ModelOptions model;
  MatchOptions match;
  ImportedCrop crop;

  void Register(Options* options) {
    options->AddPositional("file", &files);
    options->Add("output", &output, "checkpoint to write");
    auto recipes = RecipeNames();
    recipes.insert(recipes.begin(), {"auto", "none"});
    options->Add("recipe", &recipe,
                 "published detector that the file is of (auto: told by its names, where it is one; none: no "
                 "detector of the table)",
                 recipes);
    options->Add("key", &key, "which weights of a PyTorch file that holds several: state_dict_ema, say");
    options->Add("backbone", &backbone,
                 "file of the backbone's weights, where FILE holds the classifier alone");
    options->Add(
        "guess", &guess,
        "where nothing tells how pictures are scaled and faces cut out, take the usual and record it");
    options->Add("strict", &strict, "every weight must fit; --no-strict keeps fresh ones where none does");
    options->Add("threshold", &threshold, "a score from here on is called fake", Between(0, 1));
    options->Add("notice", &notice, "what users must know: data, licence");
    options->Add("overwrite", &overwrite, "replace the output");
    options->Add("seed", &seed, "draws the weights that a file lacks");
    model.Register(options);
    match.Register(options);
    crop.Register(options);
  }

  void Check() {
    if (files.size() != 1) throw UsageError("file", "give one file of weights");
    if (output.empty()) throw UsageError("--output", "is missing", "name the checkpoint to write");
    crop.Check();
    model_given || recipe == "none" ? model.Check() : model.CheckAlone();
    if (!overwrite && fs::exists(output)) {
      throw Error(output, "exists already", "choose another name, or add --overwrite");
    }
  }
};

void Tell(const WeightMatch& match, bool strict, const std::string& subject) {
  constexpr std::size_t kMostLines = 20;
  if (match.differences.empty()) return;
  const std::size_t lines =
      strict ? std::min(match.differences.size(), kMostLines) : match.differences.size();
  for (std::size_t i = 0; i < lines; ++i) SayWarning(match.differences[i]);
  if (strict) {
    throw Error(subject,
                fmt::format("{} weights do not fit {}; {} listed above", match.differences.size(),
                            match.options.model,
                            lines < match.differences.size() ? fmt::format("the first {} are", lines)
                                                             : std::string("each is")),
                "another --model, --source, --size or --variant may; --no-strict keeps fresh weights there");
  }
  if (!match.unset.empty()) {
    SayWarning(fmt::format("{} weights are fresh, and the network must be trained: {}", match.unset.size(),
                           fmt::join(match.unset, ", ")));
  }
}

// A detector whose weights fit another's network would be fed as that one, in silence.
void CheckNamed(const DetectorRecipe& named, const std::vector<Recognised>& found, const std::string& file) {
  const auto is_named = [&](const Recognised& one) { return one.recipe == &named; };
  if (named.signs.empty() || found.empty() || std::any_of(found.begin(), found.end(), is_named)) return;
  throw UsageError("--recipe",
                   Printable(fmt::format("{} is of {}, not of {}: it has {}", file, found[0].recipe->name,
                                         named.name, fmt::join(found[0].because, " and "))),
                   fmt::format("leave --recipe out, or take --recipe {}; --recipe none goes without one",
                               found[0].recipe->name));
}

// The recipe that the user names or, for "auto", the one that the file's names show; null where there is
// none. Where the names show it behind a prefix that all share, that is taken off.
const DetectorRecipe* ChooseRecipe(const Settings& settings, const std::string& file, PlainTensors* tensors) {
  if (settings.recipe == "none") return nullptr;
  auto found = RecogniseDetector(*tensors);
  if (found.empty()) {
    if (auto inner = WithoutSharedPrefix(*tensors)) {
      found = RecogniseDetector(*inner);
      if (!found.empty()) *tensors = std::move(*inner);
    }
  }
  if (settings.recipe != "auto") {
    const DetectorRecipe& named = FindRecipe(settings.recipe);
    CheckNamed(named, found, file);
    return &named;
  }
  if (found.size() == 1 && (!settings.model_given || found[0].recipe->model.empty() ||
                            settings.model.model == found[0].recipe->model)) {
    Say(Printable(fmt::format("recipe: {} ({}), because it has {}", found[0].recipe->name,
                              found[0].recipe->detector, fmt::join(found[0].because, " and "))));
    return found[0].recipe;
  }
  std::vector<std::string> names;
  for (const auto& one : found) names.push_back(one.recipe->name);
  if (found.size() > 1 && (settings.recipe_given || !settings.model_given)) {
    throw UsageError("--recipe", fmt::format("{} may be of {}", file, fmt::join(names, " or of ")),
                     "name one, or say with --model that it is of another");
  }
  if (settings.recipe_given || !settings.model_given) {
    throw UsageError(
        "--recipe", fmt::format("{} has the names of no detector of the table", file),
        fmt::format("name one of {}; or say with --model which network it is, and with --variant "
                    "scale=..., --margin and --fake-is how it is fed and read",
                    fmt::join(RecipeNames(), ", ")));
  }
  return nullptr;
}

// Who told what the file itself does not: "option", "recipe", "config", "source" or "guess".
struct Told {
  std::string scale, crop, fake_is;
};

// What config.json beside the file says of the network, unless the user said it. Of a recipe without such a
// file, or whose labels are not clear, the user must say which answer means fake.
void ApplyConfig(const std::optional<HubConfig>& config, const std::string& file, ModelOptions* model,
                 MatchOptions* match, Told* told) {
  if (match->fake_is == "auto") {
    const auto label = config ? FakeLabel(config->labels) : std::nullopt;
    if (!label) {
      throw UsageError("--fake-is",
                       config ? fmt::format("{}: config.json has the labels {}", file,
                                            Printable(fmt::format("{}", fmt::join(config->labels, ", "))))
                              : fmt::format("{} has no config.json beside it, which names its labels", file),
                       "of two labels say which means fake: --fake-is 0 the first, --fake-is 1 the second");
    }
    match->fake_is = std::to_string(*label);
    told->fake_is = "config";
  }
  if (!config) return;
  auto& variant = model->variant;
  if (config->mean && config->std && told->scale.empty()) {
    const std::string name = ScaleNamed(*config->mean, *config->std);
    if (name.empty()) {
      throw Error(
          file, "preprocessor_config.json scales pictures in a way that has no name here",
          fmt::format("the nearest may do: --variant scale=NAME ({})", fmt::join(ScaleNames(), ", ")));
    }
    variant["scale"] = name;
    told->scale = "config";
  }
  if (config->heads && !variant.contains("heads")) variant["heads"] = *config->heads;
  if (config->eps && !variant.contains("eps")) variant["eps"] = *config->eps;
  if (!config->act.empty() && !variant.contains("act")) variant["act"] = config->act;
  if (config->size && model->size == -1) model->size = *config->size;
}

Told WhoTold(const Settings& settings, const WeightMatch& match, const DetectorRecipe* recipe, Told config) {
  Told told;
  const bool source = !match.source->library;
  const std::string otherwise = recipe != nullptr ? "recipe" : source ? "source" : "guess";
  told.scale = settings.model.variant.contains("scale") ? "option"
               : config.scale.empty()                   ? otherwise
                                                        : config.scale;
  told.crop = settings.crop.margin >= 0 ? "option" : otherwise;
  told.fake_is = settings.match.fake_is != "auto" ? "option"
                 : config.fake_is.empty()         ? otherwise
                                                  : config.fake_is;
  return told;
}

// A detector that is fed otherwise than it was trained answers something, and it is wrong. What is brought in
// to be trained (its classifier is fresh) may be fed as usual.
void CheckTold(const Settings& settings, const Told& told, const WeightMatch& match,
               const std::string& file) {
  const bool trained = std::none_of(match.unset.begin(), match.unset.end(), [&](const std::string& name) {
    return name.starts_with(match.answer + ".");
  });
  if (!trained || (told.scale != "guess" && told.crop != "guess")) return;
  std::vector<std::string> missing, options;
  if (told.scale == "guess") {
    missing.emplace_back("how pictures are scaled");
    options.push_back(fmt::format("--variant scale=NAME ({})", fmt::join(ScaleNames(), ", ")));
  }
  if (told.crop == "guess") {
    missing.emplace_back("how far around the face they are cut");
    options.emplace_back("--margin M");
  }
  const std::string what = fmt::format("nothing tells {}", fmt::join(missing, " and "));
  if (settings.guess) {
    SayWarning(fmt::format("{}: {}; the usual of {} is taken, and the checkpoint says that it was guessed",
                           file, what, match.options.model));
    return;
  }
  throw Error(file, what,
              fmt::format("--recipe names a published detector; else give {}; --guess takes the usual",
                          fmt::join(options, " and ")));
}

// Where the weights came from: the recipe of the checkpoint, JSON.
std::string Recipe(const std::string& file, const std::string& digest, const Settings& settings,
                   const ForeignWeights& foreign, const WeightMatch& match, const DetectorRecipe* recipe,
                   const Told& told) {
  nlohmann::json origin = {
      {"file", fs::path(file).filename().string()},
      {"sha256", digest},
      {"format", foreign.format},
      {"source", match.source->name},
      {"told_by", {{"scale", told.scale}, {"crop", told.crop}, {"fake_is", told.fake_is}}}};
  if (!foreign.key.empty()) origin["key"] = foreign.key;
  if (!settings.backbone.empty()) {
    origin["backbone"] = {{"file", fs::path(settings.backbone).filename().string()},
                          {"sha256", Sha256OfFile(settings.backbone)}};
  }
  if (recipe != nullptr) {
    origin["recipe"] = recipe->name;
    origin["detector"] = recipe->detector;
    origin["aggregate"] = recipe->aggregate;
    origin["aggregate_as"] = recipe->aggregate_as;
    origin["differs"] = recipe->differs;
    if (recipe->band_low < recipe->band_high) origin["band"] = {recipe->band_low, recipe->band_high};
  }
  if (!match.unset.empty()) origin["fresh"] = match.unset;
  return nlohmann::json{{"seam", Version()}, {"import", origin}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// What of the recipe Seam does not do as the authors, and whether the file is a published one.
void TellRecipe(const DetectorRecipe& recipe, const std::string& digest, std::size_t ignored) {
  if (ignored > 0)
    Say(fmt::format("left out, for inference does not use them: {} tensor{}", ignored,
                    ignored == 1 ? "" : "s"));
  const auto published = std::find_if(recipe.published.begin(), recipe.published.end(),
                                      [&](const auto& file) { return file.first == digest; });
  if (published != recipe.published.end())
    Say(fmt::format("by its SHA-256 it is the published {}", published->second));
  if (!recipe.differs.empty()) Say(fmt::format("not reproduced: {}", recipe.differs));
  if (recipe.band_low < recipe.band_high)
    Say(fmt::format("uncertain there, and here: scores from {} to {}", recipe.band_low, recipe.band_high));
  Say(fmt::format("score of a video there: {}; here: --aggregate {}", recipe.aggregate, recipe.aggregate_as));
}

// The weights with those of --backbone, where the file holds the classifier alone.
PlainTensors Completed(const Settings& settings, const DetectorRecipe* recipe, PlainTensors tensors) {
  const bool wants = recipe != nullptr && recipe->head_alone && IsClassifierAlone(tensors);
  if (wants && settings.backbone.empty()) {
    throw UsageError(
        "--backbone",
        fmt::format("{} holds the classifier alone, and not {}", settings.files[0], recipe->model),
        "name the file of its backbone: OpenAI's ViT-L-14.pt, or the same weights of Hugging Face "
        "(openai/clip-vit-large-patch14), open_clip or timm");
  }
  if (!wants && !settings.backbone.empty())
    throw UsageError("--backbone", fmt::format("{} is no classifier alone", settings.files[0]));
  return wants ? WithBackbone(tensors, LoadForeignWeights(settings.backbone).tensors) : std::move(tensors);
}

std::string Joined(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + " " + b;
}

}  // namespace

int ImportModel(const std::vector<std::string>& arguments) {
  Settings settings;
  Options options("seam models import", "[--recipe NAME | --model NAME] FILE -o OUT [OPTION...]",
                  "make a checkpoint of weights that another library wrote",
                  "seam models import --recipe auto FFc23.tar -o sbi.safetensors");
  settings.Register(&options);
  if (!options.Parse(arguments)) return kExitGood;
  settings.recipe_given = options.Given("recipe");
  settings.model_given = options.Given("model");
  settings.Check();
  const std::string& file = settings.files[0];
  ForeignWeights foreign = LoadForeignWeights(file, settings.key);
  if (!foreign.others.empty()) {
    Say(Printable(fmt::format("{}: took {}; it also holds {} (--key takes another)", file,
                              foreign.key.empty() ? "what lies at the top" : foreign.key,
                              fmt::join(foreign.others, ", "))));
  }
  const DetectorRecipe* recipe = ChooseRecipe(settings, file, &foreign.tensors);
  ModelOptions model = settings.model;
  MatchOptions match_options = settings.match;
  std::size_t ignored = 0;
  Told by_config;
  foreign.tensors = Completed(settings, recipe, std::move(foreign.tensors));
  if (recipe != nullptr) {
    if (recipe->choose != nullptr) recipe->choose(foreign.tensors, &model);
    if (!recipe->model.empty()) model.model = recipe->model;
    if (settings.model_given && model.model != settings.model.model) {
      throw UsageError("--model", fmt::format("the recipe {} is of {}", recipe->name, model.model),
                       "leave --model out, or take --recipe none");
    }
    if (recipe->has_config) {
      if (settings.model.variant.contains("scale")) by_config.scale = "option";
      ApplyConfig(ReadHubConfig(file), file, &model, &match_options, &by_config);
    }
    for (const auto& [key, value] : recipe->variant.items()) {
      if (!model.variant.contains(key)) model.variant[key] = value;
    }
    if (model.size == -1) model.size = recipe->size;
    if (match_options.source == "auto") match_options.source = recipe->source;
    if (match_options.fake_is == "auto") match_options.fake_is = std::to_string(recipe->fake_is);
    foreign.tensors = ApplyRecipe(*recipe, foreign.tensors, &ignored);
  }
  const WeightMatch match = MatchWeights(foreign, model, match_options, file);
  Tell(match, settings.strict, file);
  const Told told = WhoTold(settings, match, recipe, by_config);
  CheckTold(settings, told, match, file);
  const std::string digest = Sha256OfFile(file);
  if (recipe != nullptr) TellRecipe(*recipe, digest, ignored);
  torch::manual_seed(settings.seed);
  const auto network = MakeMatched(match, file);
  CheckpointInfo info;
  info.model = match.options.model;
  info.crop = settings.crop.Spec(network->input().size, *match.source, recipe);
  info.threshold = settings.threshold;
  info.notice = Joined(recipe != nullptr ? recipe->notice : "", settings.notice);
  info.recipe = Recipe(file, digest, settings, foreign, match, recipe, told);
  SaveCheckpoint(settings.output, *network, info);
  return kExitGood;
}

}  // namespace seam

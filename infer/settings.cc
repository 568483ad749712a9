#include "infer/settings.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/sha256.h"
#include "base/version.h"
#include "extract/faces/whole_picture.h"
#include "labels/video.h"
#include "models/zoo/stored_aggregate.h"
#include "models/zoo/stored_network.h"
#include "proto/crop_spec.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

constexpr int kMostWindows = 1'000'000;
constexpr int kMostWindowSets = 8;  // each holds the crops of a window of its own

int WindowStep(const CropSpec& crop) { return std::max(1, static_cast<int>(crop.window_stride())); }

}  // namespace

void LookOptions::Register(Options* options) {
  options->Add("frames", &frames,
               "frames to look at in each video, evenly in time (about so many in windows)");
  options->Add("stride", &stride, "look at every K-th frame instead of --frames (0: use --frames)");
  options->Add("windows", &windows,
               "networks of windows: so many in each video, evenly in time (0: as --frames says)");
  options->Add("window-stride", &window_stride,
               "networks of windows: look at the whole video, a window begins every K frames (0: --windows)");
  options->Add("detect-every", &detect_every,
               "networks of windows: look for faces in every K-th frame of a window, and in its last");
}

void LookOptions::CheckFor(const Ensemble& ensemble, const Options& options) const {
  const bool of_windows = ensemble.frames() > 1;
  for (const char* name : {"windows", "window-stride", "detect-every"}) {
    if (!of_windows && options.Given(name)) {
      throw UsageError(fmt::format("--{}", name),
                       "is for networks of windows, and this one takes single frames",
                       "use --frames or --stride");
    }
  }
  if (of_windows && options.Given("stride")) {
    throw UsageError(
        "--stride",
        fmt::format("is for single frames, and the network takes windows of {}", ensemble.frames()),
        "use --windows or --window-stride");
  }
  constexpr std::pair<const char*, const char*> kApart[] = {
      {"frames", "stride"}, {"frames", "windows"}, {"frames", "window-stride"}, {"windows", "window-stride"}};
  for (const auto& [one, other] : kApart) {
    if (options.Given(one) && options.Given(other))
      throw UsageError(fmt::format("--{}", one), fmt::format("makes no sense with --{}", other),
                       "choose one");
  }
  if (windows < 0) throw UsageError("--windows", "must not be negative");
  if (window_stride < 0) throw UsageError("--window-stride", "must not be negative");
}

SampleOptions LookOptions::For(const Ensemble& ensemble, const Options& options) const {
  SampleOptions sample;
  if (ensemble.frames() == 1) {
    sample.frames = frames;
    sample.stride = stride;
    return sample;
  }
  sample.window = ensemble.frames();
  sample.window_stride = WindowStep(ensemble.info().crop);
  sample.detect_every = detect_every;
  sample.windows = windows;
  if (windows == 0) {
    const int fitting = std::max(1, frames / sample.window);
    sample.windows = options.Given("frames") ? fitting : std::max(kFewestWindows, fitting);
  }
  if (window_stride > 0) {
    sample.window_hop = window_stride;
    sample.windows = kMostWindows;
    if (sample.WindowSets() > kMostWindowSets) {
      const auto least = (sample.WindowSpan() + kMostWindowSets - 1) / kMostWindowSets;
      throw UsageError("--window-stride", fmt::format("must be at least {} for windows of {} frames", least,
                                                      sample.WindowSpan()));
    }
  }
  return sample;
}

void InferSettings::RegisterScoring(Options* options) {
  options->Add(
      "model", &model,
      "checkpoint to score with, or several joined by commas, whose scores are fused (default: Seam's "
      "own network)");
  options->Add("threshold", &threshold,
               "a score from here on is called fake: a number, eer or fpr1 (default: the checkpoint's)");
  options->Add("perturb", &perturb,
               "make every input worse first, NAME:LEVEL: blur:3, h264:2, ... (docs/robustness.md)");
  options->Add("jobs", &jobs, "threads at work (0: one per core)");
  options->Add("overlap", &overlap, "--tiles: neighbours share at least this part of a tile's side",
               Between(0, kMostOverlap, "0.25 is usual"));
  look.Register(options);
  detector.Register(options);
  choice.Register(options);
  media.Register(options);
  score.Register(options);
  compile.Register(options);
}

void InferSettings::Register(Options* options) {
  options->AddPositional("input", &inputs);
  options->Add("recursive", &recursive, "look into folders below the folders named");
  options->Add("label-folders", &label_folders,
               "take each file's label from the folder real or fake it is in");
  options->Add("label-prefix", &label_prefix,
               "take each file's label from its name: those that begin so are fake, all others real");
  options->Add("fail-on", &fail_on,
               "end with status 4 when an input gets one of these verdicts: fake, or a list: fake,uncertain");
  options->Add("resume", &resume, "go on where an interrupted run of the same command stopped");
  RegisterScoring(options);
  report.Register(options);
  page.Register(options);
}

void InferSettings::Check() const {
  if (inputs.empty()) {
    throw UsageError("seam infer", "nothing to score",
                     "name videos, pictures, folders or patterns of them, or - for a list on standard input");
  }
  FailOn();
  ParsePerturbation("--perturb", perturb);
  score.Check();
  report.Check();
  page.Check();
  const auto same = [&](const std::string& file) {
    return !file.empty() &&
           fs::absolute(file).lexically_normal() == fs::absolute(page.report).lexically_normal();
  };
  if (!page.report.empty() && (same(report.output) || same(report.jsonl)))
    throw UsageError("--report", "names the file of the scores", "name an HTML file");
  if (resume && !report.HasFile())
    throw UsageError("--resume", "needs a file to go on with", "add --output FILE or --jsonl FILE");
}

std::vector<Verdict> InferSettings::FailOn() const {
  std::vector<Verdict> verdicts;
  for (std::size_t from = 0; from < fail_on.size();) {
    const std::size_t to = std::min(fail_on.find(',', from), fail_on.size());
    const std::string name = fail_on.substr(from, to - from);
    const auto verdict = ParseVerdict(name);
    if (!verdict) {
      std::vector<std::string_view> names;
      for (const Verdict each : kVerdicts) names.push_back(GetName(each));
      throw UsageError("--fail-on", fmt::format("'{}' is no verdict", name),
                       fmt::format("one or more of {}", fmt::join(names, ",")));
    }
    verdicts.push_back(*verdict);
    from = to + 1;
  }
  return verdicts;
}

namespace {

// --tiles and --overlap, of networks that take whole pictures.
void TakeTiles(const InferSettings& settings, const Options& options, ExtractOptions* extract) {
  const bool tiles = options.Given("tiles"), overlap = options.Given("overlap");
  if (!tiles && !overlap) return;
  const char* given = tiles ? "--tiles" : "--overlap";
  if (tiles && settings.score.aggregate.tiles.empty())
    throw UsageError(given, "names no rule", "mean, median, max, logit-mean or top-N");
  if (extract->detector.detector != kWholePicture)
    throw UsageError(given, "is for networks that take whole pictures, and this one takes faces");
  std::vector<CropOptions*> views = {&extract->crop};
  for (CropOptions& more : extract->more_crops) views.push_back(&more);
  for (CropOptions* view : views) {
    if (view->align != kTiles) {
      if (!tiles) throw UsageError(given, "is of tiles, and the network takes none", "add --tiles mean");
      view->align = kTiles;
      view->margin = 0;
    }
    if (overlap) view->overlap = settings.overlap;
  }
}

}  // namespace

ExtractOptions ExtractionFor(const Ensemble& ensemble, const InferSettings& settings,
                             const Options& options) {
  const CropSpec& crop = ensemble.info().crop;
  settings.look.CheckFor(ensemble, options);
  ExtractOptions extract;
  extract.sample = settings.look.For(ensemble, options);
  extract.detector = settings.detector;
  extract.media = settings.media;
  extract.jobs = settings.jobs;
  extract.perturb = ParsePerturbation("--perturb", settings.perturb);
  extract.crop = ensemble.views().front();
  extract.more_crops.assign(ensemble.views().begin() + 1, ensemble.views().end());
  extract.choice = settings.choice;
  if (!options.Given("min-face")) extract.choice.min_face = static_cast<int>(crop.min_face());
  if (!options.Given("detector")) extract.detector.detector = crop.detector();
  if (!options.Given("detect-size") && !options.Given("detector")) {
    extract.detector.detect_size = static_cast<int>(crop.detect_size());
  }
  if (!options.Given("detect-threshold")) extract.detector.detect_threshold = crop.detect_threshold();
  TakeTiles(settings, options, &extract);
  extract.Check();
  return extract;
}

namespace {

// Where the crops differ from those that `the_network` was trained on.
void NoteCrops(const CropSpec& used, const CropSpec& trained, const std::string& the_network,
               std::vector<std::string>* notes) {
  if (used.detector() != trained.detector() || used.detect_size() != trained.detect_size()) {
    notes->push_back(fmt::format("faces are found by {} at {} pixels, but {} was trained on {} at {}",
                                 used.detector(), used.detect_size(), the_network, trained.detector(),
                                 trained.detect_size()));
  }
  if (used.detect_threshold() != trained.detect_threshold()) {
    notes->push_back(fmt::format("faces are found from a score of {} on, but {} was trained from {}",
                                 used.detect_threshold(), the_network, trained.detect_threshold()));
  }
  if (used.min_face() != trained.min_face()) {
    notes->push_back(fmt::format("faces below {} pixels are passed over, but {} was trained from {}",
                                 used.min_face(), the_network, trained.min_face()));
  }
}

// Where pictures are seen by tiles otherwise than the checkpoint says. `of_which`: " of NAME", or "".
void NoteTiles(const CropSpec& used, const AggregateOptions& aggregate, const CropSpec& trained,
               const std::string& of_which, std::vector<std::string>* notes) {
  if (used.align() != kTiles) return;
  if (trained.align() != kTiles) {
    notes->push_back(
        fmt::format("pictures are seen by tiles, in their own pixels, but the network{} was trained on '{}'",
                    of_which, trained.align()));
    return;
  }
  if (used.overlap() != trained.overlap()) {
    notes->push_back(fmt::format("tiles overlap by {}, but the threshold{} is for {}", used.overlap(),
                                 of_which, trained.overlap()));
  }
  if (aggregate.tiles != TileRule(trained)) {
    notes->push_back(fmt::format("the tiles' scores are joined by {}, but the threshold{} is for {}",
                                 aggregate.tiles, of_which, TileRule(trained)));
  }
}

}  // namespace

std::vector<AggregateOptions> AggregatesFor(const Ensemble& ensemble, const InferSettings& settings,
                                            const Options& options) {
  std::vector<AggregateOptions> aggregates;
  for (const auto& network : ensemble.networks()) {
    AggregateOptions& own = aggregates.emplace_back(settings.score.aggregate);
    if (!options.Given("tiles")) own.tiles = TileRule(network->info().crop);
    const std::string stored = StoredAggregate(network->info());
    if (stored.empty() || options.Given("aggregate")) continue;
    own.aggregate = stored;
    if (!own.IsKnown())
      throw Error(network->path().string(),
                  fmt::format("joins frames by '{}', which this Seam does not know", stored),
                  "use a newer Seam, or say --aggregate");
  }
  return aggregates;
}

std::vector<std::string> ListNotes(const Ensemble& ensemble, const ExtractOptions& extract,
                                   const std::vector<AggregateOptions>& aggregates) {
  const CropSpec used = extract.Spec();
  std::vector<std::string> notes;
  const auto without_tiles = [](AggregateOptions aggregate) {
    aggregate.tiles.clear();
    return aggregate.Name();
  };
  if (!extract.perturb.none())
    notes.push_back(fmt::format("made worse on purpose: {}", extract.perturb.Words()));
  const auto& fusion = ensemble.fusion();
  for (std::size_t i = 0; i < ensemble.networks().size(); ++i) {
    const CheckpointInfo& info = ensemble.networks()[i]->info();
    NoteCrops(used, info.crop, fusion ? "the network " + fusion->networks[i].name : "the network", &notes);
    AggregateOptions usual;
    if (const std::string stored = StoredAggregate(info); !stored.empty()) usual.aggregate = stored;
    const std::string of_which = fusion ? " of " + fusion->networks[i].name : "";
    NoteTiles(used, aggregates[i], info.crop, of_which, &notes);
    const std::string name = without_tiles(aggregates[i]);
    if (name == usual.Name()) continue;
    notes.push_back(
        fmt::format("a person's score is the {} over the frames, but the threshold{} is for the {}", name,
                    of_which, usual.Name()));
  }
  const int min_track = aggregates.front().min_track;
  if (min_track != kMinTrackFrames) {
    notes.push_back(fmt::format("people count from {} frames on, but the threshold is for {}", min_track,
                                kMinTrackFrames));
  }
  return notes;
}

namespace {

// Of one file, or of each, joined by ",".
std::string ComputeDigest(const std::vector<fs::path>& files) {
  std::vector<std::string> digests;
  for (const fs::path& file : files) digests.push_back(Sha256OfFile(file));
  return fmt::format("{}", fmt::join(digests, ","));
}

}  // namespace

nlohmann::ordered_json MakeRecord(const Ensemble& ensemble, const ExtractOptions& extract,
                                  const InferSettings& settings,
                                  const std::vector<AggregateOptions>& aggregates, const VerdictRule& rule) {
  const CropSpec spec = extract.Spec();
  const SampleOptions& sample = extract.sample;
  const MediaLimits& media = extract.media;
  const bool of_windows = ensemble.frames() > 1;
  std::vector<std::string> names;
  for (const AggregateOptions& aggregate : aggregates) names.push_back(aggregate.Name());
  nlohmann::ordered_json json = {{"seam", Version()},
                                 {"model", Utf8Id(ensemble.path().string())},
                                 {"model_sha256", ComputeDigest(ensemble.files())},
                                 {"network", ensemble.info().model},
                                 {"computes", ensemble.description()},
                                 {"frames", of_windows || sample.stride > 0 ? 0 : sample.frames},
                                 {"stride", sample.stride},
                                 {"window", sample.window},
                                 {"windows", of_windows && sample.window_hop == 0 ? sample.windows : 0},
                                 {"window_step", of_windows ? sample.window_stride : 0},
                                 {"window_stride", sample.window_hop},
                                 {"detect_every", sample.detect_every},
                                 {"detector", spec.detector()},
                                 {"detect_size", spec.detect_size()},
                                 {"detect_threshold", spec.detect_threshold()},
                                 {"min_face", spec.min_face()},
                                 {"faces", spec.faces()},
                                 {"margin", spec.margin()},
                                 {"align", spec.align()},
                                 {"size", spec.size()},
                                 {"overlap", spec.overlap()},
                                 {"aggregate", fmt::format("{}", fmt::join(names, ","))},
                                 {"min_track", settings.score.aggregate.min_track},
                                 {"threshold", rule.threshold},
                                 {"band", {rule.band_low, rule.band_high}},
                                 {"temperature", rule.temperature},
                                 {"label_folders", settings.label_folders},
                                 {"label_prefix", settings.label_prefix},
                                 {"max_pixels", media.max_pixels},
                                 {"max_seconds", media.max_seconds},
                                 {"notes", ListNotes(ensemble, extract, aggregates)}};
  if (!settings.detector.detector_model.empty())
    json["detector_model_sha256"] = Sha256OfFile(settings.detector.detector_model);
  return json;
}

}  // namespace seam

#include "seam/detector.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "extract/media/decoder_pool.h"
#include "infer/engine.h"
#include "infer/verdict_words.h"
#include "scores/score_json.h"

namespace seam {

namespace {

Detection::Verdict PublicVerdict(Verdict verdict) {
  switch (verdict) {
    case Verdict::kFake:
      return Detection::Verdict::kFake;
    case Verdict::kUncertain:
      return Detection::Verdict::kUncertain;
    case Verdict::kReal:
      return Detection::Verdict::kReal;
    case Verdict::kNoFace:
      return Detection::Verdict::kNoFace;
    case Verdict::kError:
      break;
  }
  return Detection::Verdict::kError;
}

Detection::Moment ToMoment(const ClipScore& clip) {
  const SeenFace& first = clip.faces.front();
  return {.begin_seconds = first.pts_seconds,
          .end_seconds = clip.faces.back().pts_seconds,
          .score = clip.score,
          .box = {first.box.x, first.box.y, first.box.width, first.box.height}};
}

Detection ToDetection(const VideoResult& result, const VerdictRule& rule, const AggregateOptions& aggregate,
                      bool whole_pictures) {
  const ScoreRow& row = result.row;
  Detection detection;
  detection.verdict = PublicVerdict(row.verdict.value_or(Verdict::kError));
  detection.score = row.score;
  detection.probability = row.probability;
  detection.threshold = rule.threshold;
  detection.status = GetName(row.status);
  detection.reason = ListReasons(row);
  detection.hint = result.hint;
  detection.explanation = VerdictWords(result, rule, aggregate, whole_pictures);
  const auto* deciding = DecidingTrack(row.people);
  for (const auto& entry : row.people) {
    const auto& [number, track] = entry;
    Detection::Person& person = detection.people.emplace_back();
    person.number = number;
    person.score = track.score;
    person.counts = track.counts;
    person.decides = &entry == deciding;
    for (const ClipScore& clip : track.clips) person.moments.push_back(ToMoment(clip));
  }
  detection.json = ScoreJsonLine(row);
  while (detection.json.ends_with('\n')) detection.json.pop_back();
  return detection;
}

// What `action` returns; its Errors as those of the interface.
template <class Action>
auto Translated(const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    throw DetectorError(error.what(), error.hint());
  }
}

}  // namespace

const char* GetName(Detection::Verdict verdict) {
  for (const Verdict each : kVerdicts) {
    if (PublicVerdict(each) == verdict) return GetName(each).data();
  }
  return "error";
}

DetectorError::DetectorError(const std::string& what, std::string hint)
    : std::runtime_error(what), hint_(std::move(hint)) {}

DetectorError::~DetectorError() = default;

struct Detector::Impl {
  Engine engine;
  ScoreRequest request;  // without inputs
  std::vector<std::string> notes;

  explicit Impl(const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) {
      if (argument == "-h" || argument == "--help" || argument == "--help-json" || argument == "--version")
        throw UsageError(argument, "is for the command line alone", "seam infer --help lists the options");
    }
    Options options("seam infer", "", "", "");
    InferSettings settings;
    options.AddPositional("input", &settings.inputs);
    settings.RegisterScoring(&options);
    options.Parse(arguments);
    if (!settings.inputs.empty())
      throw UsageError(settings.inputs.front(), "is no option", "Score() takes the files");
    if (settings.compile.device == "cuda")
      throw UsageError("--device", "the library computes on the CPU alone", "seam infer uses GPUs");
    settings.score.Check();
    settings.score.unordered = false;
    request = engine.Prepare(settings, options);
    // Here, since it takes long and may fail.
    engine.Faces(request.extract.detector, request.extract.landmarks);
    notes = request.notes;
    if (const std::string warning = IsolationWarning(request.extract.media); !warning.empty())
      notes.push_back(warning);
  }

  void Score(const std::vector<std::string>& paths, const std::function<void(std::size_t, Detection)>& done) {
    ScoreRequest scored = request;
    std::string note;
    for (const std::string& each : request.notes) note += (note.empty() ? "" : "; ") + each;
    for (const std::string& path : paths) {
      ScoreRow& row = scored.inputs.emplace_back();
      row.path = path;
      row.note = note;
    }
    const bool whole_pictures = request.extract.detector.detector == "whole";
    engine.Score(scored, {}, [&](std::size_t i, const VideoResult& result) {
      done(i, ToDetection(result, scored.rule, scored.score.aggregate, whole_pictures));
    });
  }
};

Detector::Detector(const std::vector<std::string>& options)
    : impl_(Translated([&] { return std::make_unique<Impl>(options); })) {}

Detector::~Detector() = default;
Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;

Detection Detector::Score(const std::string& path) const {
  Detection detection;
  Score({path}, [&](std::size_t, Detection found) { detection = std::move(found); });
  return detection;
}

void Detector::Score(const std::vector<std::string>& paths,
                     const std::function<void(std::size_t, Detection)>& done) const {
  Translated([&] { impl_->Score(paths, done); });
}

const std::vector<std::string>& Detector::notes() const { return impl_->notes; }

}  // namespace seam

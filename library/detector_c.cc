#include "seam/detector_c.h"

#include <cmath>
#include <exception>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/version.h"
#include "seam/detector.h"

struct seam_detector {
  seam::Detector detector;
};

struct seam_detection {
  seam::Detection detection;
  std::string explanation;
};

namespace {

thread_local std::string last_error;

// What `action` makes, which the caller owns; nullptr, and last_error, where it throws.
template <class Action>
auto Made(const Action& action) noexcept -> decltype(action()) {
  try {
    last_error.clear();
    return action();
  } catch (const seam::DetectorError& error) {
    last_error = error.what();
    if (!error.hint().empty()) last_error += "\n" + error.hint();
  } catch (const std::exception& error) {
    last_error = error.what();
  } catch (...) {
    last_error = "an unknown exception";
  }
  return nullptr;
}

double OrNan(const std::optional<double>& number) {
  return number.value_or(std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

int seam_c_version() { return SEAM_C_VERSION; }

const char* seam_version() {
  static const std::string version = seam::Version();
  return version.c_str();
}

seam_detector* seam_detector_new(const char* const* options, size_t count) {
  return Made(
      [&] { return new seam_detector{seam::Detector(std::vector<std::string>(options, options + count))}; });
}

void seam_detector_free(seam_detector* detector) { delete detector; }

seam_detection* seam_detector_score(const seam_detector* detector, const char* path) {
  return Made([&] {
    if (detector == nullptr || path == nullptr)
      throw std::invalid_argument("no detector or no path was given");
    seam::Detection found = detector->detector.Score(path);
    std::string explanation;
    for (const std::string& sentence : found.explanation)
      explanation += (explanation.empty() ? "" : " ") + sentence;
    return new seam_detection{std::move(found), std::move(explanation)};
  });
}

void seam_detection_free(seam_detection* detection) { delete detection; }

seam_verdict seam_detection_verdict(const seam_detection* detection) {
  switch (detection->detection.verdict) {
    case seam::Detection::Verdict::kFake:
      return SEAM_VERDICT_FAKE;
    case seam::Detection::Verdict::kUncertain:
      return SEAM_VERDICT_UNCERTAIN;
    case seam::Detection::Verdict::kReal:
      return SEAM_VERDICT_REAL;
    case seam::Detection::Verdict::kNoFace:
      return SEAM_VERDICT_NO_FACE;
    case seam::Detection::Verdict::kError:
      break;
  }
  return SEAM_VERDICT_ERROR;
}

double seam_detection_score(const seam_detection* detection) { return OrNan(detection->detection.score); }
double seam_detection_probability(const seam_detection* detection) {
  return OrNan(detection->detection.probability);
}
double seam_detection_threshold(const seam_detection* detection) { return detection->detection.threshold; }
const char* seam_detection_status(const seam_detection* detection) {
  return detection->detection.status.c_str();
}
const char* seam_detection_reason(const seam_detection* detection) {
  return detection->detection.reason.c_str();
}
const char* seam_detection_explanation(const seam_detection* detection) {
  return detection->explanation.c_str();
}
const char* seam_detection_json(const seam_detection* detection) { return detection->detection.json.c_str(); }

size_t seam_detection_people(const seam_detection* detection) { return detection->detection.people.size(); }

int seam_detection_person(const seam_detection* detection, size_t person, seam_person* out) {
  const auto& people = detection->detection.people;
  if (person >= people.size()) return 0;
  const seam::Detection::Person& found = people[person];
  *out = {found.number, found.counts ? 1 : 0, found.decides ? 1 : 0, found.score, found.moments.size()};
  return 1;
}

int seam_detection_moment(const seam_detection* detection, size_t person, size_t moment, seam_moment* out) {
  const auto& people = detection->detection.people;
  if (person >= people.size() || moment >= people[person].moments.size()) return 0;
  const seam::Detection::Moment& found = people[person].moments[moment];
  *out = {found.begin_seconds, found.end_seconds, found.score,     found.box.x,
          found.box.y,         found.box.width,   found.box.height};
  return 1;
}

const char* seam_last_error() { return last_error.c_str(); }

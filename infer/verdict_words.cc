#include "infer/verdict_words.h"

#include <set>

#include <fmt/format.h>

#include "infer/score_chart.h"

namespace seam {
namespace {

// The track that gave the video its score.
const std::pair<const int, TrackScore>* Deciding(const TrackScores& tracks) {
  const std::pair<const int, TrackScore>* best = nullptr;
  for (const auto& entry : tracks) {
    if (entry.second.counts && (best == nullptr || entry.second.score > best->second.score)) best = &entry;
  }
  return best;
}

std::string ScoreWords(const VideoResult& result, const VerdictRule& rule) {
  const double score = *result.score;
  std::string words = fmt::format("The score is {:.4f}", score);
  if (result.verdict == "uncertain") {
    return words +
           fmt::format(
               ", inside the band from {:.3f} to {:.3f} in which the network was too often wrong on its "
               "validation videos: it is read as neither real nor fake.",
               rule.band_low, rule.band_high);
  }
  const bool fake = score >= rule.threshold;
  words += fmt::format(", {} the threshold of {:.3f} ({})", fake ? "at or above" : "below", rule.threshold,
                       rule.source);
  if (!rule.HasBand()) return words + ".";
  return words + fmt::format(", and outside the uncertain band from {:.3f} to {:.3f}.", rule.band_low,
                             rule.band_high);
}

std::string ProbabilityWords(const VideoResult& result) {
  if (!result.probability)
    return "The network was not calibrated: the score ranks videos, and is no probability of being fake.";
  return fmt::format(
      "Calibrated on the validation videos, that is a probability of {:.0f} % of being fake, if fakes are as "
      "common and of the same kinds as there.",
      *result.probability * 100);
}

std::string AggregateWords(const AggregateOptions& aggregate) {
  if (aggregate.aggregate == "top-k") return fmt::format("the mean of the {} greatest", aggregate.top_k);
  return aggregate.aggregate == "max" ? "the greatest" : "the " + aggregate.aggregate;
}

std::string DecidingWords(const TrackScores& tracks, const AggregateOptions& aggregate) {
  const auto* deciding = Deciding(tracks);
  if (deciding == nullptr) return "";
  const auto& [number, track] = *deciding;
  const bool windows = track.clips.front().faces.size() > 1;
  const std::string parts = windows ? CountOf(static_cast<std::int64_t>(track.clips.size()), "window") +
                                          fmt::format(" of {} frames", track.clips.front().faces.size())
                                    : CountOf(static_cast<std::int64_t>(track.clips.size()), "frame");
  const std::string whose = tracks.size() == 1
                                ? "It is"
                                : fmt::format("It is that of the most suspicious person, #{}:", number + 1);
  return fmt::format("{} {} of the scores of {} from {} to {}.", whose, AggregateWords(aggregate), parts,
                     ClockOf(track.first().pts_seconds), ClockOf(track.last().pts_seconds));
}

// Of the frames looked at, those with no face that was scored.
int FramesWithoutFace(const VideoResult& result) {
  std::set<std::int64_t> seen;
  for (const auto& [number, track] : result.tracks) {
    for (const ClipScore& clip : track.clips) {
      for (const SeenFace& face : clip.faces) seen.insert(face.stamp.index);
    }
  }
  return std::max(0, result.summary.frames - static_cast<int>(seen.size()));
}

void AddSeen(const VideoResult& result, std::vector<std::string>* words) {
  const VideoSummary& summary = result.summary;
  if (summary.frames == 0) return;
  const std::int64_t people = summary.tracks;
  words->push_back(fmt::format("{} looked at, {} found, {} followed.", CountOf(summary.frames, "frame"),
                               CountOf(summary.faces, "face"),
                               people == 1 ? "1 person" : CountOf(people, "people")));
  const int without = FramesWithoutFace(result);
  if (without > 0 && !result.tracks.empty())
    words->push_back(fmt::format("In {} no face was scored; what happens there is not judged.",
                                 CountOf(without, "frame")));
  if (summary.interpolated > 0)
    words->push_back(
        fmt::format("In {} of the windows the face was not found, but lies between its neighbours.",
                    CountOf(summary.interpolated, "frame")));
  if (summary.small_faces > 0)
    words->push_back(CountOf(summary.small_faces, "face") + " too small to be judged passed over.");
  if (summary.windows_dropped > 0)
    words->push_back(CountOf(summary.windows_dropped, "window") +
                     " in which nobody was seen throughout left out.");
  std::int64_t brief = 0;
  for (const auto& [number, track] : result.tracks) brief += track.counts ? 0 : 1;
  if (brief > 0)
    words->push_back(
        fmt::format("{} seen too briefly to count: told, but without a score and a say in the verdict.",
                    brief == 1 ? "1 person was" : fmt::format("{} people were", brief)));
}

}  // namespace

std::string CountOf(std::int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 || noun == "people" ? "" : "s");
}

std::vector<std::string> VerdictWords(const VideoResult& result, const VerdictRule& rule,
                                      const AggregateOptions& aggregate) {
  std::vector<std::string> words;
  if (result.score) {
    words = {ScoreWords(result, rule), ProbabilityWords(result)};
    if (const std::string deciding = DecidingWords(result.tracks, aggregate); !deciding.empty())
      words.push_back(deciding);
  } else if (result.verdict == "no_face") {
    words.emplace_back("No face could be scored, so nothing is said: that is no sign of being real.");
  } else {
    words.emplace_back("Nothing could be scored, so nothing is said.");
  }
  const VideoSummary& summary = result.summary;
  if (!summary.reason.empty())
    words.push_back(fmt::format("Status {}: {}.", NameOf(summary.status), summary.reason));
  if (!summary.reason.empty() && !summary.hint.empty()) words.push_back("Hint: " + summary.hint + ".");
  AddSeen(result, &words);
  return words;
}

}  // namespace seam

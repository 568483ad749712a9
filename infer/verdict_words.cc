#include "infer/verdict_words.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "pages/score_chart.h"

namespace seam {
namespace {

std::string ScoreWords(const VideoResult& result, const VerdictRule& rule) {
  const ScoreRow& row = result.row;
  const double score = *row.score;
  std::string words = fmt::format("The score is {:.4f}", score);
  const auto brief = std::find_if(row.cautions.begin(), row.cautions.end(), [](const Caution& caution) {
    return caution.kind == CautionKind::kFewFrames;
  });
  if (brief != row.cautions.end()) {
    return words + fmt::format(
                       ", and decides nothing: nobody was seen in enough frames ({}). A face found so "
                       "rarely may be a detector's mistake.",
                       brief->words);
  }
  if (row.verdict == Verdict::kUncertain) {
    return words +
           fmt::format(", inside the band from {:.3f} to {:.3f} {}: it is read as neither real nor fake.",
                       rule.band_low, rule.band_high,
                       rule.calibrated ? "in which the network was too often wrong on its validation videos"
                                       : "that the network's authors call uncertain");
  }
  const bool fake = score >= rule.threshold;
  words += fmt::format(", {} the threshold of {:.3f} ({})", fake ? "at or above" : "below", rule.threshold,
                       rule.source);
  if (!rule.HasBand()) return words + ".";
  return words + fmt::format(", and outside the uncertain band from {:.3f} to {:.3f}.", rule.band_low,
                             rule.band_high);
}

std::string ProbabilityWords(const VideoResult& result) {
  if (!result.row.probability)
    return "The network was not calibrated: the score ranks videos, and is no probability of being fake.";
  return fmt::format(
      "Calibrated on the validation videos, that is a probability of {:.0f} % of being fake, if fakes are as "
      "common and of the same kinds as there.",
      *result.row.probability * 100);
}

std::string AggregateWords(const AggregateOptions& aggregate) {
  if (aggregate.aggregate == "top-k") return fmt::format("the mean of the {} greatest", aggregate.top_k);
  if (aggregate.aggregate == "logit-mean") return "the mean of the logits";
  return aggregate.aggregate == "max" ? "the greatest" : "the " + aggregate.aggregate;
}

std::string DecidingWords(const ScoreRow& row, const AggregateOptions& aggregate) {
  const TrackScores& tracks = row.people;
  const auto* deciding = DecidingTrack(tracks);
  if (deciding == nullptr) return "";
  const std::string who = row.networks.empty() ? "It" : "Each";
  if (!row.tiles.empty()) {
    return fmt::format("{} is joined ({}) of the scores of {}; {}.", who, row.tiles,
                       DescribeCount(static_cast<std::int64_t>(tracks.size()), "tile"), WorstTileWords(row));
  }
  if (row.aggregate.find('+') != std::string::npos)
    return fmt::format("The networks' are joined from the frames each in its own way: {}.", row.aggregate);
  if (aggregate.aggregate == "frame-max")
    return who +
           " is the mean over the frames of the greatest score of a frame's large faces, whosever they are.";
  if (aggregate.aggregate == "confident")
    return who +
           " is the mean of the scores above 0.8, or of those below 0.2, where these are most, otherwise of "
           "all, "
           "of whosever faces.";
  const auto& [number, track] = *deciding;
  const bool windows = track.clips.front().faces.size() > 1;
  const std::string parts = windows ? DescribeCount(static_cast<std::int64_t>(track.clips.size()), "window") +
                                          fmt::format(" of {} frames", track.clips.front().faces.size())
                                    : DescribeCount(static_cast<std::int64_t>(track.clips.size()), "frame");
  const std::string whose =
      tracks.size() == 1 ? who + " is"
                         : fmt::format("{} is that of the most suspicious person, #{}:", who, number + 1);
  return fmt::format("{} {} of the scores of {} from {} to {}.", whose, AggregateWords(aggregate), parts,
                     ToClock(track.first().pts_seconds), ToClock(track.last().pts_seconds));
}

// Of the frames looked at, those with no face that was scored.
int FramesWithoutFace(const VideoResult& result) {
  std::set<std::int64_t> seen;
  for (const auto& [number, track] : result.row.people) {
    for (const ClipScore& clip : track.clips) {
      for (const SeenFace& face : clip.faces) seen.insert(face.index);
    }
  }
  return std::max(0, result.row.frames - static_cast<int>(seen.size()));
}

void AddSeen(const VideoResult& result, std::vector<std::string>* words) {
  const ScoreRow& row = result.row;
  if (row.frames == 0) return;
  const std::int64_t people = row.tracks;
  words->push_back(fmt::format("{} looked at, {} found, {} followed.", DescribeCount(row.frames, "frame"),
                               DescribeCount(row.faces, "face"),
                               people == 1 ? "1 person" : DescribeCount(people, "people")));
  const int without = FramesWithoutFace(result);
  if (without > 0 && !row.people.empty())
    words->push_back(fmt::format("In {} no face was scored; what happens there is not judged.",
                                 DescribeCount(without, "frame")));
  if (row.interpolated > 0)
    words->push_back(
        fmt::format("In {} of the windows the face was not found, but lies between its neighbours.",
                    DescribeCount(row.interpolated, "frame")));
  if (row.small_faces > 0)
    words->push_back(DescribeCount(row.small_faces, "face") + " too small to be judged passed over.");
  if (row.windows_dropped > 0)
    words->push_back(DescribeCount(row.windows_dropped, "window") +
                     " in which nobody was seen throughout left out.");
  std::int64_t brief = 0;
  for (const auto& [number, track] : result.row.people) brief += track.counts ? 0 : 1;
  if (brief > 0)
    words->push_back(
        fmt::format("{} seen too briefly to count: told, but without a score and a say in the verdict.",
                    brief == 1 ? "1 person was" : fmt::format("{} people were", brief)));
}

}  // namespace

std::string DescribeCount(std::int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 || noun == "people" ? "" : "s");
}

std::vector<std::string> VerdictWords(const VideoResult& result, const VerdictRule& rule,
                                      const AggregateOptions& aggregate, bool whole_pictures) {
  std::vector<std::string> words;
  const ScoreRow& row = result.row;
  if (row.score) {
    words = {ScoreWords(result, rule), ProbabilityWords(result)};
    if (!row.networks.empty())
      words.push_back(fmt::format("It is fused of the scores of {} networks: {}.", row.networks.size(),
                                  ToWords(row.networks)));
    if (const std::string deciding = DecidingWords(row, aggregate); !deciding.empty())
      words.push_back(deciding);
  } else if (row.verdict == Verdict::kNoFace) {
    words.emplace_back("No face could be scored, so nothing is said: that is no sign of being real.");
  } else {
    words.emplace_back("Nothing could be scored, so nothing is said.");
  }
  if (!row.reason.empty()) words.push_back(fmt::format("Status {}: {}.", GetName(row.status), row.reason));
  if (!row.reason.empty() && !result.hint.empty()) words.push_back("Hint: " + result.hint + ".");
  for (const Caution& caution : row.cautions) words.push_back("Caution: " + caution.words + ".");
  if (whole_pictures) {
    if (row.frames > 0)
      words.push_back(fmt::format("{} looked at, each {}; no faces were looked for.",
                                  DescribeCount(row.frames, row.frames_decoded > 1 ? "frame" : "picture"),
                                  row.tiles.empty() ? "as a whole" : "tile by tile"));
  } else {
    AddSeen(result, &words);
  }
  return words;
}

}  // namespace seam

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "labels/video_facts.h"
#include "proto/clip.pb.h"

namespace seam {

// What to make of a score: docs/scores.md.
enum class Verdict : std::uint8_t { kFake, kUncertain, kReal, kNoFace, kError };
// The most alarming first.
inline constexpr Verdict kVerdicts[] = {Verdict::kFake, Verdict::kUncertain, Verdict::kReal, Verdict::kNoFace,
                                        Verdict::kError};

// "fake", "uncertain", "real", "no_face", "error".
std::string_view GetName(Verdict verdict);
std::optional<Verdict> ParseVerdict(std::string_view name);

// In pixels of the upright frame, which it may overhang.
struct FaceBox {
  float x = 0, y = 0, width = 0, height = 0;
};

// In pixels.
struct FrameSize {
  int width = 0, height = 0;
};

// One person's face in one frame.
struct SeenFace {
  std::int64_t index = 0;  // of the frame, in order of presentation, from 0
  double pts_seconds = 0;  // the stream's own time, which need not begin at 0
  FaceBox box = {};
  bool interpolated = false;  // no face was found here: the box lies between the neighbours'
  FrameSize frame_size = {};  // of that frame; empty: the same as all others
};

// What the network said once: of a single frame, or of a window of T frames.
struct ClipScore {
  std::vector<SeenFace> faces;        // T of them, in order of time
  double score = 0;                   // P(fake)
  std::vector<double> networks = {};  // that of each network, where several are fused; see Fusion
};

// One person in a video.
struct TrackScore {
  std::vector<ClipScore> clips = {};  // in order of time
  double score = 0;                   // of them all, as AggregateOptions say
  std::vector<double> networks = {};  // that of each network, where several are fused
  bool counts = true;                 // seen in enough frames to decide the video's score

  const SeenFace& first() const { return clips.front().faces.front(); }
  const SeenFace& last() const { return clips.back().faces.back(); }
  // In so many frames the person was scored; windows may share some.
  int frames() const;
};

// By number of the track.
using TrackScores = std::map<int, TrackScore>;

// The person whose score is the video's: the greatest of those who count. nullptr: nobody was scored.
const TrackScores::value_type* DecidingTrack(const TrackScores& people);

// What one of several networks says of a whole video.
struct NetworkScore {
  std::string name;
  std::optional<double> score;  // P(fake); none where nothing could be scored
  bool operator==(const NetworkScore&) const = default;
};

// One input and what became of it: a row of a score file, see docs/scores.md.
struct ScoreRow : VideoFacts {
  std::string path;
  std::optional<double> score;         // P(fake), 0 to 1; none where nothing could be scored
  std::optional<double> probability;   // calibrated, where the checkpoint can tell
  std::optional<double> threshold;     // that the verdict was given by
  std::optional<Verdict> verdict;      // none in a file of another program
  std::optional<Label> label;          // where it is known
  std::string aggregate;               // "mean", "top-8": how the frames' scores became one
  std::string tiles;                   // AggregateOptions::tiles, where pictures were cut into such
  std::vector<NetworkScore> networks;  // where several are fused: each; otherwise none
  std::string note;                    // where the user made the run differ from the checkpoint's training
  TrackScores people;                  // those who were scored; not read back
  // Of shards alone.
  std::string dataset, method, split, group;
  bool trained_on = false;  // the network learned from these very shards
  std::string chosen_on;    // what was chosen on these very shards: "epoch", "epoch and threshold", ""
  // Read from the JSON lines form alone: of the faces of people who count.
  std::vector<double> frame_scores;
};

// Of pictures that were cut into tiles, the one with the greatest score, and in it the frame (or window) with
// the greatest. nullptr: there are no tiles, or none was scored.
const ClipScore* WorstTile(const ScoreRow& row);
// "the most suspicious tile is 224 x 224 pixels at (448, 0): 0.9800"; "" where there is none.
std::string WorstTileWords(const ScoreRow& row);

}  // namespace seam

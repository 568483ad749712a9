#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace seam {

// What became of a video: docs/scores.md and docs/extraction.md say what each means.
enum class Status : std::uint8_t {
  kOk,
  kDamaged,          // part of the file could not be decoded, the rest is there
  kNoFace,           // decoded, but no face was found
  kNoWindow,         // faces, but nobody throughout a window
  kTooShort,         // fewer frames than a window
  kUnreadable,       // nothing could be decoded
  kTimeout,          // given up for --max-seconds
  kCrashed,          // the process that decoded it crashed, hung or was stopped
  kNoClip,           // the manifest knows it, the shards hold no clip of it
  kOfficialOverlap,  // left out of a dataset: its official splits share it
  kPlanned,          // a dry run would look at it
  kOther,            // what another program called it
};

// "ok", "no_face", ...; kOther is "".
std::string_view GetName(Status status);
// kOther for a name that is none of these.
Status ReadStatus(std::string_view name);
// Whether an input of this status is among the failed ones: it is told as an error, and the exit status is
// 3.
bool IsFailure(Status status);

// Something besides the faces that a verdict rests on, and that a reader must know who is to trust it.
//
// Whoever finds such a thing out adds it to VideoFacts::cautions (in extraction that is the VideoSummary).
// From there it reaches the manifest, score files in CSV and JSON, the console and the page by itself. A new
// kind is a value here, its name in video_facts.cc, a function below that words it, and a line in the table
// of docs/scores.md.
enum class CautionKind : std::uint8_t {
  kFewFrames,   // nobody was seen in enough frames to decide
  kLargerLook,  // a face was found only at a second look, at a larger size
  kHdr,         // a film with a high dynamic range, whose colours were mapped to the usual range
  kTurned,      // pixels stood on their side, and were turned before faces were looked for
  kSmallFace,   // the face that decided is very small
  kDrawn,       // the faces look drawn: flat colours between hard lines
  kOther,       // of a file by a newer version
};

struct Caution {
  CautionKind kind = CautionKind::kOther;
  std::string words;  // a clause for people, in lower case and without a full stop
  bool operator==(const Caution&) const = default;
};

// "few_frames", "larger_look", ...
std::string_view GetName(CautionKind kind);

// "seen in 1 of 32 frames"
Caution FewFrames(int seen, int looked_at);
// "the face was found only at a second look, at 960 pixels"
Caution LargerLook(int detect_size);
// "an HDR film (PQ): its colours were mapped to the usual range"; `transfer`: "PQ", "HLG".
Caution HdrFilm(std::string_view transfer);
// "the picture was turned by 90 degrees to stand upright"; clockwise.
Caution TurnedPicture(int degrees);
// "in 16 of 32 frames the picture was turned to stand upright"
Caution TurnedFrames(int turned, int looked_at);
// "the face is very small: 24 pixels"
Caution SmallFace(int pixels);

// "the face looks drawn (flat colours between hard lines), ...".
Caution DrawnFace();

// Adds it where none of its kind is there yet.
void AddCaution(Caution caution, std::vector<Caution>* cautions);

// A list of {"kind", "words"}. ReadCautions() passes over what is no such object.
nlohmann::ordered_json CautionsJson(const std::vector<Caution>& cautions);
std::vector<Caution> ReadCautions(const nlohmann::json& json);

// The facts of one video: what extraction found, a manifest keeps and a score file tells.
struct VideoFacts {
  Status status = Status::kOther;
  std::string reason;  // why the status is not ok, or why an ok video gave less than was asked for; one line
  std::vector<Caution> cautions;
  int frames_decoded = 0;   // all that came out of the decoder
  int damaged = 0;          // packets and frames that were
  int frames = 0;           // looked at
  int faces = 0;            // found in them
  int small_faces = 0;      // passed over
  int tracks = 0;           // people followed
  int windows_dropped = 0;  // those that gave no clip of the people wanted
  int interpolated = 0;     // frames of the clips kept
  int clips = 0;            // kept
  double seconds = 0;       // between the first and the last frame looked at
};

// The reason and the words of the cautions, with "; " between them.
std::string ListReasons(const VideoFacts& facts);

}  // namespace seam

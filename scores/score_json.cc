#include "scores/score_json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/lines.h"
#include "labels/label.h"
#include "labels/video.h"

namespace seam {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::pair<const char*, std::string ScoreRow::*> kTexts[] = {
    {"note", &ScoreRow::note},     {"chosen_on", &ScoreRow::chosen_on}, {"dataset", &ScoreRow::dataset},
    {"method", &ScoreRow::method}, {"group", &ScoreRow::group},         {"split", &ScoreRow::split}};

// Three digits after the point of a pixel say all that a detector knows.
double Rounded(float pixels) { return std::round(static_cast<double>(pixels) * 1000) / 1000; }

Json FaceJson(const SeenFace& face) {
  const FaceBox& box = face.box;
  return {{"index", face.index},
          {"pts_seconds", face.pts_seconds},
          {"box", {Rounded(box.x), Rounded(box.y), Rounded(box.width), Rounded(box.height)}}};
}

// A network of single frames gives a score to each of them, one of windows to each window.
void AddClips(const TrackScore& track, Json* json) {
  for (const ClipScore& clip : track.clips) {
    if (clip.faces.size() == 1) {
      Json& frame = (*json)["frames"].emplace_back(FaceJson(clip.faces[0]));
      frame["score"] = clip.score;
      if (!clip.networks.empty()) frame["networks"] = clip.networks;
      continue;
    }
    Json window = {{"score", clip.score}};
    if (!clip.networks.empty()) window["networks"] = clip.networks;
    for (const SeenFace& face : clip.faces) {
      Json& frame = window["frames"].emplace_back(FaceJson(face));
      if (face.interpolated) frame["interpolated"] = true;
    }
    (*json)["windows"].push_back(std::move(window));
  }
}

Json PeopleJson(const TrackScores& people) {
  auto json = Json::array();
  for (const auto& [number, track] : people) {
    Json each = {{"track", number},
                 {"score", track.counts ? Json(track.score) : nullptr},
                 {"counts", track.counts},
                 {"first_seconds", track.first().pts_seconds},
                 {"last_seconds", track.last().pts_seconds}};
    if (!track.networks.empty() && track.counts) each["networks"] = track.networks;
    AddClips(track, &each);
    json.push_back(std::move(each));
  }
  return json;
}

template <class Value>
Json OrNull(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// A line, checked.
class JsonRow {
 public:
  JsonRow(nlohmann::json json, const std::string& subject, std::size_t line)
      : json_(std::move(json)), subject_(subject), line_(line) {}

  ScoreRow Row() const {
    if (!json_.is_object()) throw Wrong("not a JSON object");
    ScoreRow row;
    row.path = Text("path");
    if (row.path.empty()) throw Wrong("the path is missing");
    row.status = ReadStatus(Text("status"));
    row.verdict = ParseVerdict(Text("verdict"));
    row.aggregate = Text("aggregate");
    for (const auto& [key, member] : kTexts) row.*member = Text(key);
    row.trained_on = json_.value("trained_on", nlohmann::json(false)) == true;
    row.score = Score(json_, "score");
    row.threshold = Score(json_, "threshold");
    row.probability = Score(json_, "probability");
    if (const auto word = json_.find("label"); word != json_.end() && word->is_string()) {
      row.label = ParseLabel(word->get<std::string>());
      if (!row.label) throw Wrong("label is neither real (0) nor fake (1)");
    } else if (const auto label = Score(json_, "label")) {
      if (*label != 0 && *label != 1) throw Wrong("label is neither 0 (real) nor 1 (fake)");
      row.label = *label == 1 ? FAKE : REAL;
    }
    row.frames = Count("frames");
    row.faces = Count("faces");
    row.small_faces = Count("small_faces");
    if (const auto seconds = json_.find("seconds"); seconds != json_.end()) {
      const bool duration = seconds->is_number() && seconds->get<double>() >= 0 &&
                            seconds->get<double>() <= std::numeric_limits<double>::max();
      if (!duration) throw Wrong("seconds is not a duration");
      row.seconds = seconds->get<double>();
    }
    ReadReasons(&row);
    ReadNetworks(&row);
    ReadTracks(&row);
    return row;
  }

 private:
  Error Wrong(const std::string& problem) const {
    return Error(subject_, fmt::format("line {}: {}", line_, problem), "score the video again");
  }

  std::string Text(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return "";
    if (!found->is_string()) throw Wrong(fmt::format("{} is not a text", key));
    return found->get<std::string>();
  }

  std::optional<double> Score(const nlohmann::json& json, const char* key) const {
    const auto found = json.find(key);
    if (found == json.end() || found->is_null()) return std::nullopt;
    if (!found->is_number() || !(found->get<double>() >= 0 && found->get<double>() <= 1))
      throw Wrong(fmt::format("{} is not a number from 0 to 1", key));
    return found->get<double>();
  }

  int Count(const char* key) const {
    const auto found = json_.find(key);
    if (found == json_.end()) return 0;
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > std::numeric_limits<int>::max())
      throw Wrong(fmt::format("{} is not a count", key));
    return found->get<int>();
  }

  // `reason` has the cautions' words, too, behind the row's own.
  void ReadReasons(ScoreRow* row) const {
    if (const auto cautions = json_.find("cautions"); cautions != json_.end())
      row->cautions = ReadCautions(*cautions);
    row->reason = Text("reason");
    VideoFacts rest;
    rest.cautions = row->cautions;
    const std::string words = ListReasons(rest);
    if (words.empty() || !row->reason.ends_with(words)) return;
    row->reason.resize(row->reason.size() - words.size());
    if (row->reason.ends_with("; ")) row->reason.resize(row->reason.size() - 2);
  }

  void ReadNetworks(ScoreRow* row) const {
    const auto networks = json_.find("networks");
    if (networks == json_.end()) return;
    if (!networks->is_array()) throw Wrong("networks is not a list");
    for (const auto& network : *networks) {
      const auto name = network.is_object() ? network.find("name") : network.end();
      if (!network.is_object() || name == network.end() || !name->is_string())
        throw Wrong("a network has no name");
      row->networks.push_back({name->get<std::string>(), Score(network, "score")});
    }
  }

  void ReadTracks(ScoreRow* row) const {
    const auto tracks = json_.find("tracks");
    if (tracks == json_.end()) return;
    if (!tracks->is_array()) throw Wrong("tracks is not a list");
    row->tracks = json_.contains("people") ? Count("people") : static_cast<int>(tracks->size());
    for (const auto& track : *tracks) {
      // Windows of a network that takes such, otherwise frames.
      const char* parts = track.is_object() && track.contains("windows") ? "windows" : "frames";
      if (!track.is_object() || !track.contains(parts) || !track[parts].is_array())
        throw Wrong("a track has no list of frames");
      if (track.value("counts", nlohmann::json(true)) == false) continue;  // as in the video's score
      for (const auto& part : track[parts]) {
        const auto score = part.is_object() ? Score(part, "score") : std::nullopt;
        if (!score) throw Wrong("a frame of a track has no score");
        row->frame_scores.push_back(*score);
      }
    }
  }

  nlohmann::json json_;
  const std::string& subject_;
  std::size_t line_;
};

}  // namespace

std::string ScoreJsonLine(const ScoreRow& row) {
  // The names of shards are such ids already.
  const auto text = [&](const std::string& each) { return row.split.empty() ? Utf8Id(each) : each; };
  Json json = {{"path", text(row.path)},
               {"status", GetName(row.status)},
               {"score", OrNull(row.score)},
               {"probability", OrNull(row.probability)},
               {"threshold", OrNull(row.threshold)},
               {"verdict", row.verdict ? GetName(*row.verdict) : ""},
               {"label", row.label ? Json(static_cast<int>(*row.label)) : Json(nullptr)},
               {"frames", row.frames},
               {"faces", row.faces},
               {"people", row.tracks},
               {"small_faces", row.small_faces},
               {"seconds", row.seconds},
               {"aggregate", row.aggregate},
               {"reason", text(ListReasons(row))},
               {"cautions", CautionsJson(row.cautions)}};
  for (const auto& [key, member] : kTexts) {
    if (!(row.*member).empty() || member == &ScoreRow::note) json[key] = text(row.*member);
  }
  if (row.trained_on) json["trained_on"] = true;
  for (const NetworkScore& network : row.networks)
    json["networks"].push_back({{"name", text(network.name)}, {"score", OrNull(network.score)}});
  if (const ClipScore* tile = WorstTile(row)) {
    json["worst_tile"] = FaceJson(tile->faces.front());
    json["worst_tile"]["score"] = tile->score;
  }
  json["tracks"] = PeopleJson(row.people);
  return json.dump() + "\n";
}

std::vector<ScoreRow> ReadScoreJson(const std::string& subject, std::string_view text) {
  std::vector<ScoreRow> rows;
  for (const auto& [number, line] : NumberedLines(text))
    rows.push_back(JsonRow(nlohmann::json::parse(line, nullptr, false), subject, number).Row());
  return rows;
}

}  // namespace seam

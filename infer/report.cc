#include "infer/report.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "labels/video.h"

namespace seam {
namespace {

std::string TableLine(const ScoreRow& row) {
  const std::string score = row.score ? fmt::format("{:.4f}", *row.score) : "-";
  const std::string faces = fmt::format("{}/{}", row.faces, row.frames);
  return fmt::format("{:>6}  {:<9} {:>7}  {}\n", score, row.verdict, faces, Printable(row.path));
}

// Three digits after the point of a pixel say all that a detector knows.
double Rounded(float pixels) { return std::round(static_cast<double>(pixels) * 1000) / 1000; }

nlohmann::ordered_json BoxJson(const cv::Rect2f& box) {
  return {Rounded(box.x), Rounded(box.y), Rounded(box.width), Rounded(box.height)};
}

nlohmann::ordered_json FrameJson(const SeenFace& face) {
  return {{"index", face.stamp.index}, {"pts_seconds", face.stamp.pts_seconds}, {"box", BoxJson(face.box)}};
}

// A network of single frames gives a score to each of them, one of windows to each window.
void AddClips(const TrackScore& track, nlohmann::ordered_json* json) {
  for (const ClipScore& clip : track.clips) {
    if (clip.faces.size() == 1) {
      nlohmann::ordered_json& frame = (*json)["frames"].emplace_back(FrameJson(clip.faces[0]));
      frame["score"] = clip.score;
      continue;
    }
    nlohmann::ordered_json window = {{"score", clip.score}};
    for (const SeenFace& face : clip.faces) {
      nlohmann::ordered_json& frame = window["frames"].emplace_back(FrameJson(face));
      if (face.interpolated) frame["interpolated"] = true;
    }
    (*json)["windows"].push_back(std::move(window));
  }
}

nlohmann::ordered_json TracksJson(const TrackScores& tracks) {
  auto json = nlohmann::ordered_json::array();
  for (const auto& [number, track] : tracks) {
    nlohmann::ordered_json each = {{"track", number},
                                   {"score", track.counts ? nlohmann::ordered_json(track.score) : nullptr},
                                   {"counts", track.counts},
                                   {"first_seconds", track.first().pts_seconds},
                                   {"last_seconds", track.last().pts_seconds}};
    AddClips(track, &each);
    json.push_back(std::move(each));
  }
  return json;
}

template <class Value>
nlohmann::ordered_json OrNull(const std::optional<Value>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

std::string JsonLine(const ScoreRow& row, const VideoResult& result, const AggregateOptions& aggregate) {
  nlohmann::ordered_json json = {{"path", Utf8Id(row.path)},
                                 {"status", row.status},
                                 {"score", OrNull(row.score)},
                                 {"probability", OrNull(row.probability)},
                                 {"threshold", OrNull(row.threshold)},
                                 {"verdict", row.verdict},
                                 {"label", OrNull(row.label)},
                                 {"frames", row.frames},
                                 {"faces", row.faces},
                                 {"small_faces", result.summary.small_faces},
                                 {"seconds", row.seconds},
                                 {"aggregate", aggregate.Name()},
                                 {"reason", Utf8Id(row.reason)},
                                 {"note", Utf8Id(row.note)},
                                 {"tracks", TracksJson(result.tracks)}};
  return json.dump() + "\n";
}

}  // namespace

void ReportOptions::Register(Options* options) {
  options->Add("output", &output, "write scores as CSV to this file (-: standard output)");
  options->Add("jsonl", &jsonl,
               "write JSON lines with every track and frame to this file (-: standard output)");
}

void ReportOptions::Check() const {
  if (output == "-" && jsonl == "-") throw UsageError("--jsonl", "standard output is taken by --output");
  if (!output.empty() && output != "-" &&
      std::filesystem::path(output).lexically_normal() == std::filesystem::path(jsonl).lexically_normal())
    throw UsageError("--jsonl", "names the file of --output");
}

void Report::Closer::operator()(std::FILE* file) const {
  if (file != stdout) std::fclose(file);
}

bool ReportOptions::HasFile() const {
  return (!output.empty() && output != "-") || (!jsonl.empty() && jsonl != "-");
}

Report::Report(const ReportOptions& options, bool append, const std::vector<std::string>& notes)
    : options_(options),
      csv_(Open(options.output, append)),
      jsonl_(Open(options.jsonl, append)),
      table_(options.output != "-" && options.jsonl != "-") {
  if (csv_ && !(append && options.output != "-")) WriteLine(csv_.get(), options_.output, ScoreFileHeader());
  if (!table_) return;
  for (const std::string& note : notes) WriteLine(stdout, "standard output", "note: " + note + "\n");
  WriteLine(stdout, "standard output",
            fmt::format("{:>6}  {:<9} {:>7}  {}\n", "score", "verdict", "faces", "file"));
}

Report::File Report::Open(const std::string& path, bool append) {
  if (path.empty()) return nullptr;
  if (path == "-") return File(stdout);
  std::error_code ignored;
  if (IsMediaFile(path) && std::filesystem::exists(path, ignored)) {
    throw UsageError(path, "is a video or picture, and would be overwritten",
                     "name the file for the scores after --output");
  }
  File file(std::fopen(path.c_str(), append ? "ae" : "we"));
  if (!file) throw Error(path, fmt::format("cannot be written: {}", std::strerror(errno)), "check the path");
  return file;
}

void Report::WriteLine(std::FILE* file, const std::string& path, const std::string& line) {
  const bool written =
      std::fwrite(line.data(), 1, line.size(), file) == line.size() && std::fflush(file) == 0;
  if (!written)
    throw Error(path, fmt::format("cannot be written: {}", std::strerror(errno)), "free some space");
}

void Report::Add(const ScoreRow& row, const VideoResult& result, const AggregateOptions& aggregate) {
  if (table_) WriteLine(stdout, "standard output", TableLine(row));
  if (csv_) WriteLine(csv_.get(), options_.output, ScoreFileLine(row));
  if (jsonl_) WriteLine(jsonl_.get(), options_.jsonl, JsonLine(row, result, aggregate));
}

}  // namespace seam

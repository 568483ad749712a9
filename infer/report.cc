#include "infer/report.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "evaluate/video_score.h"
#include "labels/video.h"

namespace seam {
namespace {

std::string TableLine(const ScoreRow& row) {
  const std::string score = row.score ? fmt::format("{:.4f}", *row.score) : "-";
  const std::string faces = fmt::format("{}/{}", row.faces, row.frames);
  return fmt::format("{:>6}  {:<8} {:>7}  {}\n", score, row.verdict, faces, Printable(row.path));
}

// Three digits after the point of a pixel say all that a detector knows.
double Rounded(float pixels) { return std::round(static_cast<double>(pixels) * 1000) / 1000; }

nlohmann::ordered_json TracksJson(const TrackScores& tracks) {
  auto json = nlohmann::ordered_json::array();
  const std::vector<std::vector<double>> people = ScoresOf(tracks);
  std::size_t person = 0;
  for (const auto& [track, frames] : tracks) {
    nlohmann::ordered_json each = {{"track", track}, {"score", MeanOf(people[person++])}};
    for (const FrameScore& frame : frames) {
      const cv::Rect2f& box = frame.box;
      each["frames"].push_back(
          {{"index", frame.stamp.index},
           {"pts_seconds", frame.stamp.pts_seconds},
           {"score", frame.score},
           {"box", {Rounded(box.x), Rounded(box.y), Rounded(box.width), Rounded(box.height)}}});
    }
    json.push_back(std::move(each));
  }
  return json;
}

std::string JsonLine(const ScoreRow& row, const TrackScores& tracks) {
  nlohmann::ordered_json json = {
      {"path", Utf8Id(row.path)}, {"status", row.status},   {"score", nullptr},
      {"verdict", row.verdict},   {"label", nullptr},       {"frames", row.frames},
      {"faces", row.faces},       {"seconds", row.seconds}, {"reason", Utf8Id(row.reason)}};
  if (row.score) json["score"] = *row.score;
  if (row.label) json["label"] = *row.label;
  json["tracks"] = TracksJson(tracks);
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

Report::Report(const ReportOptions& options)
    : options_(options),
      csv_(Open(options.output)),
      jsonl_(Open(options.jsonl)),
      table_(options.output != "-" && options.jsonl != "-") {
  if (csv_) WriteLine(csv_.get(), options_.output, ScoreFileHeader());
  if (table_)
    WriteLine(stdout, "standard output",
              fmt::format("{:>6}  {:<8} {:>7}  {}\n", "score", "verdict", "faces", "file"));
}

Report::File Report::Open(const std::string& path) {
  if (path.empty()) return nullptr;
  if (path == "-") return File(stdout);
  std::error_code ignored;
  if (IsMediaFile(path) && std::filesystem::exists(path, ignored)) {
    throw UsageError(path, "is a video or picture, and would be overwritten",
                     "name the file for the scores after --output");
  }
  File file(std::fopen(path.c_str(), "we"));
  if (!file) throw Error(path, fmt::format("cannot be written: {}", std::strerror(errno)), "check the path");
  return file;
}

void Report::WriteLine(std::FILE* file, const std::string& path, const std::string& line) {
  const bool written =
      std::fwrite(line.data(), 1, line.size(), file) == line.size() && std::fflush(file) == 0;
  if (!written)
    throw Error(path, fmt::format("cannot be written: {}", std::strerror(errno)), "free some space");
}

void Report::Add(const ScoreRow& row, const TrackScores& tracks) {
  if (table_) WriteLine(stdout, "standard output", TableLine(row));
  if (csv_) WriteLine(csv_.get(), options_.output, ScoreFileLine(row));
  if (jsonl_) WriteLine(jsonl_.get(), options_.jsonl, JsonLine(row, tracks));
}

}  // namespace seam

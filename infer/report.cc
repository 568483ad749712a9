#include "infer/report.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "labels/video.h"
#include "scores/fusion.h"
#include "scores/score_file.h"

namespace seam {
namespace {

// With a second line for what a verdict rests on, or what else must be known of an input that did not fail:
// failures are told as errors.
std::string TableLine(const ScoreRow& row) {
  const std::string score = row.score ? fmt::format("{:.4f}", *row.score) : "-";
  const std::string faces = fmt::format("{}/{}", row.faces, row.frames);
  std::string line = fmt::format("{:>6}  {:<9} {:>7}  {}\n", score, row.verdict ? GetName(*row.verdict) : "",
                                 faces, Printable(row.path));
  const std::string networks = ToWords(row.networks);
  if (!networks.empty()) line += fmt::format("{:>6}  {:<9} {:>7}  {}\n", "", "", "", Printable(networks));
  const std::string tile = WorstTileWords(row);
  if (!tile.empty()) line += fmt::format("{:>6}  {:<9} {:>7}  {}\n", "", "", "", tile);
  VideoFacts told = row;
  if (IsFailure(row.status)) told.reason.clear();
  const std::string reasons = ListReasons(told);
  if (!reasons.empty()) line += fmt::format("{:>6}  {:<9} {:>7}  {}\n", "", "", "", Printable(reasons));
  return line;
}

}  // namespace

void ReportOptions::Register(Options* options) {
  options->Add("output", &output, "write scores as CSV to this file (-: standard output)");
  options->Add("jsonl", &jsonl,
               "write JSON lines with every track and frame to this file (-: standard output)");
  options->Add("format", &format, "what is printed: a table for people, or SARIF 2.1.0 for code scanners",
               {"table", "sarif"});
}

void ReportOptions::Check() const {
  if (format != "table" && (output == "-" || jsonl == "-"))
    throw UsageError("--format", "standard output is taken by --output or --jsonl");
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
      table_(options.output != "-" && options.jsonl != "-" && options.format == "table") {
  if (options.format == "sarif") sarif_.emplace();
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

void Report::Add(const ScoreRow& row) {
  if (table_) WriteLine(stdout, "standard output", TableLine(row));
  if (sarif_) sarif_->Add(row);
  if (csv_) WriteLine(csv_.get(), options_.output, ScoreFileLine(row, ScoreFileForm::kCsv));
  if (jsonl_) WriteLine(jsonl_.get(), options_.jsonl, ScoreFileLine(row, ScoreFileForm::kJsonLines));
}

void Report::Finish(bool finished) {
  if (sarif_) WriteLine(stdout, "standard output", sarif_->Text(finished));
}

}  // namespace seam

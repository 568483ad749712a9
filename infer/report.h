#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/options.h"
#include "infer/sarif.h"
#include "scores/score_row.h"

namespace seam {

struct ReportOptions {
  std::string output;            // CSV; "-" is standard output
  std::string jsonl;             // JSON lines with tracks and frames; "-" is standard output
  std::string format = "table";  // of standard output, where no file goes there: table, sarif
  void Register(Options* options);
  void Check() const;
  // Whether at least one of them is a file.
  bool HasFile() const;
};

// Writes each result as soon as it is there: a table for people on standard output unless a file goes there.
// The files that were asked for get whole lines only. docs/scores.md describes them. An Error names the file
// that cannot be written.
class Report {
 public:
  // `append`: the files go on where they end (infer/resume.h) instead of beginning anew. `notes`: what the
  // table begins with; the files have them in each row.
  Report(const ReportOptions& options, bool append, const std::vector<std::string>& notes = {});

  void Add(const ScoreRow& row);
  // Writes what is one document, after the last row. `finished`: all inputs have theirs.
  void Finish(bool finished);

 private:
  struct Closer {
    void operator()(std::FILE* file) const;
  };
  using File = std::unique_ptr<std::FILE, Closer>;

  static File Open(const std::string& path, bool append);
  static void WriteLine(std::FILE* file, const std::string& path, const std::string& line);

  ReportOptions options_;
  File csv_, jsonl_;
  bool table_;
  std::optional<SarifLog> sarif_;
};

}  // namespace seam

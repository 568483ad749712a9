#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/options.h"
#include "infer/model_card.h"
#include "infer/video_section.h"

namespace seam {

// For people to look at: the page, the annotated videos.
struct PageOptions {
  std::string report = {};    // the HTML page
  std::string annotate = {};  // folder of the annotated videos
  bool explain = false;       // heat maps in the page
  int report_pictures = 100;  // so many of the most suspicious videos have pictures in the page
  void Register(Options* options);
  void Check() const;
  // How many faces of a video are kept for the page.
  std::size_t Faces() const { return report.empty() || report_pictures == 0 ? 0 : 6; }
};

// The report of a run as one HTML page that needs nothing else. Memory holds a line for each video, and the
// sections wait in an unnamed file. The page appears whole, at the end, the most suspicious video first.
// Pictures are in it for the most suspicious videos alone.
class HtmlReport {
 public:
  // An Error when the file cannot be written; UsageError when a video or picture is there.
  HtmlReport(const PageOptions& options, RunFacts facts, AggregateOptions aggregate);
  ~HtmlReport();

  // `annotated`: the annotated form of the video, or empty.
  void Add(const VideoResult& result, const std::filesystem::path& annotated);
  // A row that an earlier run has left in the score file: without pictures and curves.
  void AddEarlier(ScoreRow row);
  // Writes the page. `stopped`: why it is not all that was asked for, or empty.
  void Finish(const std::string& stopped);

 private:
  class Spool;
  struct Part {
    std::uint64_t offset = 0, size = 0;
  };
  struct Entry {
    ScoreRow row;
    bool earlier = false;
    Part head, pictures, tail;
  };

  // Whether a video of this score is among those whose pictures the page can hold, as far as is known.
  bool WantsPictures(double score);
  std::vector<std::size_t> MostSuspiciousFirst() const;
  std::string Header(const std::string& stopped) const;
  std::string TableRow(std::size_t number) const;

  PageOptions options_;
  RunFacts facts_;
  SectionOptions section_;
  std::unique_ptr<Spool> spool_;
  std::vector<Entry> entries_;
  std::multiset<double> pictured_;  // scores of the videos that may have pictures
};

}  // namespace seam

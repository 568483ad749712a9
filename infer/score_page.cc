#include "infer/score_page.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <numeric>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/version.h"
#include "infer/verdict_words.h"
#include "labels/video.h"
#include "pages/page.h"
#include "pages/table.h"

namespace seam {

namespace fs = std::filesystem;

namespace {

std::string NumberCell(const std::optional<double>& number, int digits, const std::string& before = "") {
  if (!number) return "<td class=\"n\" data-k=\"\">–</td>";
  return fmt::format("<td class=\"n\" data-k=\"{}\">{}{:.{}f}</td>", *number, before, *number, digits);
}

std::string CountCell(std::int64_t count) {
  return fmt::format("<td class=\"n\" data-k=\"{0}\">{0}</td>", count);
}

std::string SectionId(std::size_t number) { return fmt::format("v{}", number + 1); }

}  // namespace

void PageOptions::Register(Options* options) {
  options->Add("report", &report,
               "write a page for people to this HTML file: verdicts, reasons, faces, scores");
  options->Add("explain", &explain, "show in the report where the network looked (Grad-CAM heat maps)");
  options->Add("report-pictures", &report_pictures,
               "how many of the most suspicious videos have pictures in the report", AtLeast(0));
  options->Add("annotate", &annotate,
               "write every video again into this folder, with boxes and scores drawn");
}

void PageOptions::Check() const {
  if (explain && report.empty())
    throw UsageError("--explain", "needs --report", "name a page for the heat maps");
  CheckDeclared(*this);
  if (explain && report_pictures == 0) throw UsageError("--explain", "needs --report-pictures above 0");
}

// Text that waits, in a file without a name: whatever happens, nothing is left of it.
class HtmlReport::Spool {
 public:
  explicit Spool(const fs::path& page) : page_(page) {
    const std::string name = page.string() + fmt::format(".{}.parts", getpid());
    descriptor_ = open(name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor_ < 0) Fail();
    unlink(name.c_str());
  }
  ~Spool() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  Part Append(const std::string& text) {
    const Part part{size_, text.size()};
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t wrote = write(descriptor_, text.data() + done, text.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) Fail();
      done += static_cast<std::size_t>(wrote);
    }
    size_ += text.size();
    return part;
  }

  std::string Read(const Part& part) const {
    std::string text(part.size, '\0');
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t got =
          pread(descriptor_, text.data() + done, text.size() - done, static_cast<off_t>(part.offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) Fail();
      done += static_cast<std::size_t>(got);
    }
    return text;
  }

 private:
  [[noreturn]] void Fail() const {
    const int code = errno;
    throw Error(page_.string(), fmt::format("cannot be written: {}", std::strerror(code)),
                code == ENOSPC ? "free some space" : "check the path");
  }

  fs::path page_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

HtmlReport::HtmlReport(const PageOptions& options, RunFacts facts, AggregateOptions aggregate)
    : options_(options), facts_(std::move(facts)) {
  std::error_code ignored;
  const fs::path page = options.report;
  if (IsMediaFile(page) && fs::exists(page, ignored)) {
    throw UsageError("--report",
                     fmt::format("{} is a video or picture, and would be overwritten", page.string()),
                     "name an HTML file");
  }
  if (fs::is_directory(page, ignored)) throw UsageError("--report", "names a folder", "name an HTML file");
  section_ = {std::move(aggregate), facts_.rule, facts_.info.crop, page.parent_path()};
  spool_ = std::make_unique<Spool>(page);
}

HtmlReport::~HtmlReport() = default;

bool HtmlReport::WantsPictures(double score) {
  const auto most = static_cast<std::size_t>(options_.report_pictures);
  pictured_.insert(score);
  if (pictured_.size() <= most) return true;
  const bool wanted = most > 0 && score > *pictured_.begin();
  pictured_.erase(pictured_.begin());
  return wanted;
}

void HtmlReport::Add(const VideoResult& result, const fs::path& annotated) {
  const ScoreRow& row = result.row;
  const VideoSection section = MakeSection(SectionId(entries_.size()), result, annotated, section_);
  Entry entry;
  entry.row = row;
  entry.row.people.clear();
  entry.head = spool_->Append(section.head);
  if (!section.pictures.empty() && WantsPictures(row.score.value_or(0)))
    entry.pictures = spool_->Append(section.pictures);
  entry.tail = spool_->Append(section.tail);
  entries_.push_back(std::move(entry));
}

void HtmlReport::AddEarlier(ScoreRow row) {
  VideoResult result;
  result.row = std::move(row);
  if (!result.row.verdict) result.row.verdict = Verdict::kError;  // of a file that somebody changed
  result.row.frame_scores = {};
  SectionOptions options = section_;
  options.earlier = true;
  const VideoSection section = MakeSection(SectionId(entries_.size()), result, {}, options);
  Entry entry;
  entry.row = std::move(result.row);
  entry.earlier = true;
  entry.head = spool_->Append(section.head);
  entry.tail = spool_->Append(section.tail);
  entries_.push_back(std::move(entry));
}

std::vector<std::size_t> HtmlReport::MostSuspiciousFirst() const {
  std::vector<std::size_t> order(entries_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return entries_[a].row.score.value_or(-1) > entries_[b].row.score.value_or(-1);
  });
  return order;
}

std::string HtmlReport::TableRow(std::size_t number) const {
  const Entry& entry = entries_[number];
  const ScoreRow& row = entry.row;
  const std::string reasons = ListReasons(row);
  std::string html =
      fmt::format("<tr data-verdict=\"{}\" data-section=\"{}\"><td class=\"n\" data-k=\"{}\">{}</td>",
                  GetName(*row.verdict), SectionId(number), number + 1, number + 1);
  html += fmt::format("<td>{}</td>", VerdictHtml(*row.verdict));
  const std::string bar = row.score
                              ? fmt::format("<span class=\"bar {}\"><i style=\"width:{:.0f}%\"></i></span>",
                                            GetName(*row.verdict), *row.score * 100)
                              : "";
  html += NumberCell(row.score, 4, bar);
  if (facts_.rule.calibrated) html += NumberCell(row.probability, 3);
  html += fmt::format("<td class=\"path\"><a href=\"#{}\">{}</a>{}</td>", SectionId(number), Safe(row.path),
                      reasons.empty() ? "" : "<br><small>" + Safe(reasons) + "</small>");
  html += CountCell(row.tracks) + CountCell(row.faces) + CountCell(row.frames) + NumberCell(row.seconds, 1);
  return html + fmt::format("<td>{}</td></tr>\n", GetName(row.status));
}

std::string HtmlReport::Header(const std::string& stopped) const {
  std::string html =
      PageBegin(fmt::format("Seam: {} inputs", entries_.size()), "How likely is each a deepfake?");
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  html += fmt::format(
      "<p class=\"dim\">Seam {}, {:%Y-%m-%d %H:%M %z}. Scored by <a href=\"#model\">{}</a> ({}), SHA-256 "
      "<span "
      "class=\"mono\">{}</span></p>\n",
      Version(), fmt::localtime(now), Safe(facts_.info.model), Safe(facts_.model_file),
      Safe(facts_.model_sha256));
  if (!stopped.empty()) html += NoteHtml("Not complete:", stopped);
  const auto earlier =
      std::count_if(entries_.begin(), entries_.end(), [](auto& each) { return each.earlier; });
  if (earlier > 0) {
    html += NoteHtml("Resumed:",
                     fmt::format("{} scored by an earlier run, and {} here without pictures and curves.",
                                 earlier == 1 ? "1 input was" : fmt::format("{} inputs were", earlier),
                                 earlier == 1 ? "is" : "are"));
  }
  for (const std::string& note : facts_.notes) html += NoteHtml("Forced by the user:", note);
  if (!facts_.info.notice.empty()) html += NoteHtml("", facts_.info.notice);
  return html;
}

namespace {

// How many there are of each verdict, and with scripts the means to choose.
std::string Tally(const std::map<Verdict, int>& counts) {
  std::string list = "<ul class=\"tally\">\n", boxes;
  for (const Verdict verdict : kVerdicts) {
    const auto count = counts.find(verdict);
    if (count == counts.end()) continue;
    list += fmt::format("<li>{} {}</li>\n", VerdictHtml(verdict), count->second);
    boxes += fmt::format("<label><input type=\"checkbox\" value=\"{}\" checked> {}</label>\n",
                         GetName(verdict), VerdictHtml(verdict));
  }
  return list + "</ul>\n<div class=\"tools\" role=\"group\" aria-label=\"choose what is shown\">\n" + boxes +
         "<label>find <input type=\"search\" id=\"search\"></label>\n<span id=\"told\" class=\"dim\" "
         "aria-live=\"polite\"></span></div>\n";
}

std::string TableHead(bool calibrated) {
  std::string html =
      "<div class=\"wide\"><table id=\"inputs\"><thead><tr><th class=\"n\">no.</th><th>verdict</th>"
      "<th class=\"n\" aria-sort=\"descending\">score</th>";
  if (calibrated) html += "<th class=\"n\">probability</th>";
  return html +
         "<th>file</th><th class=\"n\">people</th><th class=\"n\">faces</th><th class=\"n\">frames</th>"
         "<th class=\"n\">seconds</th><th>status</th></tr></thead><tbody>\n";
}

}  // namespace

void HtmlReport::Finish(const std::string& stopped) {
  std::map<Verdict, int> counts;
  for (const Entry& entry : entries_) ++counts[*entry.row.verdict];
  AtomicFile page(options_.report);
  page.Write(Header(stopped));
  page.Write(Tally(counts));
  page.Write(TableHead(facts_.rule.calibrated));
  const std::vector<std::size_t> order = MostSuspiciousFirst();
  for (const std::size_t number : order) page.Write(TableRow(number));
  page.Write("</tbody></table></div>\n<h2>Each input, the most suspicious first</h2>\n");
  int pictures = options_.report_pictures;
  bool left_out = false;
  for (const std::size_t number : order) {
    const Entry& entry = entries_[number];
    page.Write(spool_->Read(entry.head));
    const bool shown = entry.pictures.size > 0 && pictures-- > 0;
    if (shown) page.Write(spool_->Read(entry.pictures));
    left_out = left_out || (!shown && !entry.earlier && entry.row.score.has_value());
    page.Write(spool_->Read(entry.tail));
  }
  if (left_out) {
    page.Write(
        fmt::format("<p class=\"dim\">Pictures are shown of the {} most suspicious inputs "
                    "(--report-pictures).</p>\n",
                    options_.report_pictures));
  }
  page.Write(ModelCard(facts_));
  page.Write(PageEnd(true));
  page.Commit();
}

}  // namespace seam

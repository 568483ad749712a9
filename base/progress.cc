#include "base/progress.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>

#include <fmt/format.h>

#include "base/error.h"

namespace seam {
namespace {

std::atomic<bool> quiet{false};
std::mutex terminal_mutex;
std::size_t bar_width = 0;  // of the bar now on the terminal, 0 when there is none

// Nobody may be listening any more: that must not end a long run, so no error is raised (fmt::print would).
void WriteTalk(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

bool OnTerminal() {
  static const bool on_terminal = isatty(STDERR_FILENO) != 0;
  return on_terminal;
}

void WriteLine(const std::string& line) {
  const std::lock_guard lock(terminal_mutex);
  const std::string wipe = bar_width > 0 ? "\r" + std::string(bar_width, ' ') + "\r" : "";
  bar_width = 0;
  WriteTalk(wipe + line + "\n");
}

void WriteBar(const std::string& line) {
  const std::lock_guard lock(terminal_mutex);
  const std::size_t padding = bar_width > line.size() ? bar_width - line.size() : 0;
  bar_width = line.size();
  WriteTalk("\r" + line + std::string(padding, ' '));
}

std::string Duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

void SetQuiet(bool value) { quiet = value; }

void Say(const std::string& line) {
  if (!quiet) WriteLine(line);
}

void SayWarning(const std::string& line) { WriteLine("warning: " + line); }

void SayError(const Error& error) {
  WriteLine(fmt::format("error: {}{}", error.what(), error.hint().empty() ? "" : "\nhint: " + error.hint()));
}

Progress::Progress(std::string label, std::int64_t total, std::string unit, std::chrono::seconds silent)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      total_(total),
      start_(Clock::now()),
      drawn_(start_),
      silent_(silent) {}

Progress::~Progress() {
  if (done_ != drawn_done_ || OnTerminal()) Draw(true);
}

void Progress::Advance(std::int64_t count, const std::string& note) {
  const std::lock_guard lock(mutex_);
  done_ += count;
  if (!note.empty()) note_ = note;
  const auto interval = OnTerminal() ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000);
  if (Clock::now() - drawn_ < interval) return;
  drawn_ = Clock::now();
  drawn_done_ = done_;
  Draw(false);
}

std::string Progress::Line() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  std::string line = fmt::format("{}: {}", label_, done_);
  if (total_ > 0)
    line += fmt::format("/{} {}", total_, unit_);
  else
    line += " " + unit_;
  line += fmt::format(", {:.1f} {}/s, {}", rate, unit_, Duration(seconds));
  if (total_ > done_ && rate > 0)
    line += " + " + Duration(static_cast<double>(total_ - done_) / rate) + " left";
  return note_.empty() ? line : line + ", " + note_;
}

void Progress::Draw(bool last) {
  if (quiet || Clock::now() - start_ < silent_) return;
  if (last || !OnTerminal())
    WriteLine(Line());
  else
    WriteBar(Line());
}

}  // namespace seam

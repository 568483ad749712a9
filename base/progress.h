#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace seam {

class Error;

// Talk goes to stderr, results to stdout. Safe from any thread; a line never tears a progress bar.
void Say(const std::string& line);  // nothing under --quiet
void SayWarning(const std::string& line);
void SayError(const Error& error);  // `error: ...`, then `hint: ...`
void SetQuiet(bool quiet);

// How far a loop is, with rate and time left: one line rewritten in place on a terminal, a plain line every
// ten seconds elsewhere, nothing under --quiet. Any thread may call Advance(); one Progress at a time.
class Progress {
 public:
  // `total` 0 means unknown. `unit` is what is counted, in the plural: "videos". What is over within `silent`
  // shows nothing.
  Progress(std::string label, std::int64_t total, std::string unit, std::chrono::seconds silent = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `note` is shown after the numbers, e.g. the loss.
  void Advance(std::int64_t count = 1, const std::string& note = {});

 private:
  std::string Line() const;
  void Draw(bool last);

  using Clock = std::chrono::steady_clock;
  std::mutex mutex_;
  std::string label_, unit_, note_;
  std::int64_t total_, done_ = 0, drawn_done_ = -1;
  Clock::time_point start_, drawn_;
  std::chrono::seconds silent_;
};

}  // namespace seam

#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace seam::serve {

enum class JobState { kQueued, kRunning, kDone, kFailed, kCancelled };

const char* JobStateName(JobState state);
// None for another word.
std::optional<JobState> ParseJobState(const std::string& name);
inline bool IsFinal(JobState state) { return state != JobState::kQueued && state != JobState::kRunning; }

// One file to score. Times are milliseconds since 1970, UTC; 0 where it has not happened yet.
struct Job {
  std::string id;           // 32 hexadecimal digits
  std::int64_t number = 0;  // order of arrival
  std::string name;         // as the user called the file: shown, never used as a path
  std::string path;         // of the file on this machine
  bool uploaded = false;    // the server owns the file and removes it with the job
  std::int64_t size = 0;    // bytes
  std::string sha256;       // of the file
  std::string model;        // name of a model of the server
  JobState state = JobState::kQueued;
  std::int64_t created_ms = 0, started_ms = 0, finished_ms = 0;
  int attempts = 0;     // times that scoring began
  std::string problem;  // why it failed, one line
  std::string verdict;  // of a job that is done, else empty
  std::optional<double> score;
  std::string result;  // the line of `seam infer --jsonl`; only where it was asked for
};

}  // namespace seam::serve

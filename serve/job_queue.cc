#include "serve/job_queue.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/progress.h"
#include "base/sha256.h"
#include "serve/job_json.h"
#include "serve/score_process.h"

namespace seam::serve {
namespace {

constexpr std::size_t kRemembered = 32;  // durations of jobs
constexpr std::uint64_t kMaxResult = std::uint64_t{1} << 28;

void RemoveQuietly(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

}  // namespace

JobQueue::JobQueue(QueueOptions options, JobStore* store, EventHub* events)
    : options_(std::move(options)), store_(*store), events_(*events) {
  std::filesystem::create_directories(options_.state / "files");
  Clean();
  for (int i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { Work(); });
}

JobQueue::~JobQueue() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const auto& [id, stop] : running_) *stop = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void JobQueue::Clean() {
  RemoveQuietly(options_.state / "work");
  const std::vector<std::string> ids = store_.Ids();
  const std::set<std::string> known(ids.begin(), ids.end());
  for (const auto& entry : std::filesystem::directory_iterator(options_.state / "files")) {
    if (!known.contains(entry.path().filename().string())) RemoveQuietly(entry.path());
  }
}

void JobQueue::Wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

const ServedModel* JobQueue::FindModel(const std::string& name) const {
  for (const ServedModel& model : options_.models) {
    if (model.name == name) return &model;
  }
  return nullptr;
}

std::optional<double> JobQueue::TypicalSeconds() const {
  const std::lock_guard lock(mutex_);
  if (seconds_.empty()) return std::nullopt;
  std::vector<double> sorted = seconds_;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2),
                   sorted.end());
  return sorted[sorted.size() / 2];
}

void JobQueue::Announce(const std::string& id) {
  const std::optional<Job> job = store_.Find(id);
  events_.Publish(job ? JobJson(*job, *this, store_).dump()
                      : nlohmann::json({{"id", id}, {"deleted", true}}).dump());
}

bool JobQueue::Cancel(const std::string& id) {
  if (!store_.Cancel(id)) return false;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(id); found != running_.end()) *found->second = true;
  }
  Announce(id);
  return true;
}

bool JobQueue::Delete(const std::string& id) {
  store_.Cancel(id);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = running_.find(id); found != running_.end()) *found->second = true;
  }
  if (!store_.Delete(id)) return false;
  RemoveQuietly(ChooseFolder(id));
  Announce(id);
  return true;
}

void JobQueue::Work() {
  while (true) {
    std::optional<Job> job;
    const auto stop = std::make_shared<std::atomic<bool>>(false);
    {
      std::unique_lock lock(mutex_);
      if (ending_) return;
      try {
        job = store_.TakeNext();
      } catch (const Error& error) {
        SayError(error);
      }
      if (!job) {
        wake_.wait_for(lock, std::chrono::seconds(5), [&] { return ending_ || woken_; });
        woken_ = false;
        continue;
      }
      running_[job->id] = stop;
    }
    wake_.notify_one();
    Announce(job->id);
    const auto start = std::chrono::steady_clock::now();
    try {
      Score(*job, *stop);
    } catch (const std::exception& error) {
      try {
        store_.Fail(job->id, Printable(error.what()));
      } catch (const Error& lost) {
        SayError(lost);
      }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    {
      const std::lock_guard lock(mutex_);
      running_.erase(job->id);
      if (!*stop) seconds_.push_back(took.count());
      if (seconds_.size() > kRemembered) seconds_.erase(seconds_.begin());
    }
    RemoveQuietly(options_.state / "work" / job->id);
    Announce(job->id);
  }
}

void JobQueue::Score(const Job& job, const std::atomic<bool>& stop) {
  const ServedModel* model = FindModel(job.model);
  if (model == nullptr) {
    store_.Fail(job.id, fmt::format("the server no longer has the model {}", job.model));
    return;
  }
  const std::filesystem::path work = options_.state / "work" / job.id;
  std::filesystem::create_directories(work);
  const std::vector<std::string> arguments = {"--model",  model->file.string(),
                                              "--jobs",   "1",
                                              "--output", (work / "scores.csv").string(),
                                              "--jsonl",  (work / "result.jsonl").string(),
                                              "--report", (work / "report.html").string(),
                                              "--",       job.path};
  const ScoreOutcome outcome =
      RunScoreProcess(arguments, work / "log", stop, std::chrono::seconds(options_.limit_seconds));
  switch (outcome.end) {
    case ScoreOutcome::End::kStopped:
      store_.Requeue(job.id);  // but for one that was cancelled or deleted
      return;
    case ScoreOutcome::End::kTimedOut:
      store_.Fail(job.id, fmt::format("given up after {} seconds", options_.limit_seconds));
      return;
    case ScoreOutcome::End::kCrashed:
      store_.Fail(job.id, fmt::format("scoring was ended by signal {}; the file may be damaged on purpose",
                                      outcome.signal));
      return;
    case ScoreOutcome::End::kFinished:
      break;
  }
  if (!std::filesystem::exists(work / "result.jsonl")) {
    store_.Fail(job.id, outcome.problem.empty()
                            ? fmt::format("seam infer ended with status {}", outcome.exit_status)
                            : outcome.problem);
    return;
  }
  Record(job, work);
}

void JobQueue::Record(const Job& job, const std::filesystem::path& work) {
  const std::string text = ReadFile(work / "result.jsonl", kMaxResult);
  const std::string line = text.substr(0, text.find('\n'));
  auto result = nlohmann::ordered_json::parse(line);
  result["path"] = job.name;
  const std::string sha256 = Sha256OfFile(job.path);
  const std::filesystem::path folder = ChooseFolder(job.id);
  std::filesystem::create_directories(folder);
  for (const char* name : {"scores.csv", "result.jsonl", "report.html"}) {
    if (std::filesystem::exists(work / name)) std::filesystem::rename(work / name, folder / name);
  }
  std::optional<double> score;
  if (result.at("score").is_number()) score = result.at("score").get<double>();
  store_.Finish(job.id, sha256, result.at("verdict").get<std::string>(), score, result.dump());
}

}  // namespace seam::serve

#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "serve/event_hub.h"
#include "serve/job_store.h"

namespace seam::serve {

// A network that the server offers.
struct ServedModel {
  std::string name;            // "default", or the stem of its file
  std::filesystem::path file;  // of the checkpoint
};

struct QueueOptions {
  std::filesystem::path state;      // the server's folder
  std::vector<ServedModel> models;  // the first is the default
  int workers = 1;                  // files that are scored at once
  int limit_seconds = 1800;         // of scoring one file
};

// Scores the jobs of a store, oldest first, each in a process of its own.
//
// Of a job ID the server keeps STATE/files/ID/: `input` (an upload), `scores.csv`, `result.jsonl` and
// `report.html` (as `seam infer` wrote them). Files are made in STATE/work/ID and moved when they are whole.
class JobQueue {
 public:
  JobQueue(QueueOptions options, JobStore* store, EventHub* events);
  // Stops: what runs goes back into the queue.
  ~JobQueue();
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  // There may be a new job.
  void Wake();
  // Each tells listeners; false where there is no such job, or it has ended already (Cancel).
  bool Cancel(const std::string& id);
  bool Delete(const std::string& id);

  const QueueOptions& options() const { return options_; }
  const ServedModel* FindModel(const std::string& name) const;
  std::filesystem::path ChooseFolder(const std::string& id) const { return options_.state / "files" / id; }
  // Seconds that the last jobs took, in the middle; none before the first.
  std::optional<double> TypicalSeconds() const;
  // Tells listeners how the job stands.
  void Announce(const std::string& id);

 private:
  void Work();
  void Score(const Job& job, const std::atomic<bool>& stop);
  void Record(const Job& job, const std::filesystem::path& work);
  // Removes what crashes left: work in progress and files of no job.
  void Clean();

  QueueOptions options_;
  JobStore& store_;
  EventHub& events_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, std::shared_ptr<std::atomic<bool>>> running_;  // the stop of each
  std::vector<double> seconds_;                                        // of the last jobs
  bool ending_ = false, woken_ = true;
  std::vector<std::thread> threads_;
};

}  // namespace seam::serve

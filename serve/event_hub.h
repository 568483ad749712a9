#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace seam::serve {

// What happened to the jobs, for those who listen. Keeps the last kKept events, so that a listener who comes
// back within them misses none. Any thread.
class EventHub {
 public:
  struct Event {
    std::int64_t number = 0;
    std::string data;  // one line of JSON
  };
  static constexpr std::size_t kKept = 1000;

  void Publish(std::string data);
  // The events after `number`; waits up to `limit` for one. *missed becomes true where older ones are gone.
  std::vector<Event> After(std::int64_t number, std::chrono::milliseconds limit, bool* missed) const;
  std::int64_t last() const;
  // Listeners stop waiting, now and later.
  void Close();
  bool closed() const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<Event> events_;
  std::int64_t last_ = 0;
  bool closed_ = false;
};

}  // namespace seam::serve

#include "serve/event_hub.h"

#include <utility>

namespace seam::serve {

void EventHub::Publish(std::string data) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back({++last_, std::move(data)});
    if (events_.size() > kKept) events_.pop_front();
  }
  changed_.notify_all();
}

std::vector<EventHub::Event> EventHub::After(std::int64_t number, std::chrono::milliseconds limit,
                                             bool* missed) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [&] { return closed_ || last_ > number; });
  *missed = number > last_ || (!events_.empty() && number + 1 < events_.front().number);
  std::vector<Event> found;
  for (const Event& event : events_) {
    if (event.number > number) found.push_back(event);
  }
  return found;
}

std::int64_t EventHub::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void EventHub::Close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

bool EventHub::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace seam::serve

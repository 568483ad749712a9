#include "base/cancel.h"

#include <atomic>
#include <utility>

namespace seam {

struct CancelToken::State {
  std::atomic<bool> cancelled{false};
  CancelSource::Clock::time_point deadline;
  CancelToken parent;
};
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler may set it

CancelReason CancelToken::Reason() const {
  if (!state_) return CancelReason::kNone;
  if (state_->cancelled) return CancelReason::kCancelled;
  const auto deadline = state_->deadline;
  if (deadline != CancelSource::Clock::time_point::max() && CancelSource::Clock::now() >= deadline)
    return CancelReason::kDeadline;
  return state_->parent.Reason();
}

CancelSource::CancelSource(const CancelToken& parent, Clock::time_point deadline)
    : state_(std::make_shared<CancelToken::State>()) {
  state_->deadline = deadline;
  state_->parent = parent;
}

void CancelSource::Cancel() const noexcept { state_->cancelled = true; }

}  // namespace seam

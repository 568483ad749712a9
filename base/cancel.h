#pragma once

#include <chrono>
#include <memory>
#include <utility>

namespace seam {

enum class CancelReason { kNone, kCancelled, kDeadline };

// Tells work that it should end early: because somebody cancelled it, or because its time is up. A token is
// cheap to copy and is passed down by value or reference; any thread may ask it. The default token never
// cancels.
class CancelToken {
 public:
  CancelToken() = default;

  bool Cancelled() const { return Reason() != CancelReason::kNone; }
  // Of this token, or else of the one that its source was made from.
  CancelReason Reason() const;

 private:
  friend class CancelSource;
  struct State;
  explicit CancelToken(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;  // none: never cancelled
};

// Makes a token and cancels it. Several layers may each add their own: a request's source is made from the
// server's token, so that either ends the request.
//
//   CancelSource request(server_token, Clock::now() + std::chrono::seconds(30));
//   engine.Score(..., request.token());
class CancelSource {
 public:
  using Clock = std::chrono::steady_clock;

  // Without a deadline where it is the greatest time_point.
  explicit CancelSource(const CancelToken& parent = {},
                        Clock::time_point deadline = Clock::time_point::max());

  // Any thread, also a signal handler; more than once does no harm.
  void Cancel() const noexcept;
  CancelToken token() const { return CancelToken(state_); }

 private:
  std::shared_ptr<CancelToken::State> state_;
};

}  // namespace seam

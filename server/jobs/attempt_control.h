#ifndef MODBOUND_SERVER_JOBS_ATTEMPT_CONTROL_H_
#define MODBOUND_SERVER_JOBS_ATTEMPT_CONTROL_H_

#include <memory>

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "core/base/mutex.h"

namespace modbound {

// Why an attempt was stopped.
enum class StopCause { kNone, kCancel, kDeadline, kRunTime, kDrain };

// The error of a job whose time is over; OK for causes that have nothing to do
// with time.
absl::Status TimeError(StopCause cause);

// How a running attempt is told to stop. Threads: safe from any thread.
class AttemptControl {
 public:
  // Sets the flag; the first cause counts.
  void Stop(StopCause cause);
  StopCause cause() const;
  const std::shared_ptr<StopFlag>& flag() const { return flag_; }
  // Waits before a failed write is tried again. False: the server drains, leave
  // the job as it is for the next start.
  bool WaitToRetry(double seconds);

 private:
  const std::shared_ptr<StopFlag> flag_ = std::make_shared<StopFlag>();
  mutable Mutex mutex_;
  CondVar drained_;
  StopCause cause_ ABSL_GUARDED_BY(mutex_) = StopCause::kNone;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_ATTEMPT_CONTROL_H_

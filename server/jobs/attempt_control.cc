#include "server/jobs/attempt_control.h"

#include <chrono>

#include "core/base/error.h"
#include "server/jobs/job_time.h"

namespace modbound {

absl::Status TimeError(StopCause cause) {
  switch (cause) {
    case StopCause::kDeadline:
      return MakeError(absl::StatusCode::kDeadlineExceeded,
                       "DEADLINE_PASSED",
                       "",
                       "the job's deadline passed before it ended");
    case StopCause::kRunTime:
      return MakeError(absl::StatusCode::kDeadlineExceeded,
                       "RUN_TIME_EXCEEDED",
                       "",
                       "the attempt ran longer than max_run_time");
    default:
      return absl::OkStatus();
  }
}

void AttemptControl::Stop(StopCause cause) {
  const MutexLock lock(mutex_);
  if (cause_ == StopCause::kNone) {
    cause_ = cause;
  }
  if (cause == StopCause::kDrain) {
    draining_ = true;
    drained_.NotifyAll();
  }
  flag_->Stop();
}

StopCause AttemptControl::cause() const {
  const MutexLock lock(mutex_);
  return cause_;
}

bool AttemptControl::WaitToRetry(double seconds) {
  const auto end = After(std::chrono::steady_clock::now(),
                         static_cast<int64_t>(seconds * 1e6));
  const MutexLock lock(mutex_);
  while (!draining_ && drained_.WaitUntil(mutex_, end)) {
  }
  return !draining_;
}

}  // namespace modbound

#include "server/jobs/state_writer.h"

#include <memory>
#include <utility>

#include "core/base/mutex.h"
#include "server/jobs/job_time.h"

namespace modbound {

void StateWriter::Write(Change change, Done done) {
  const auto made = std::make_shared<std::vector<StateChange>>();
  database_.Write(
      [change = std::move(change), made](Connection& connection) {
        JobTransitions transitions(connection, WallMicros(), *made);
        return change(connection, transitions);
      },
      [this, made, done = std::move(done)](absl::Status status) {
        if (status.ok() && !made->empty()) {
          listener_(*made);
        }
        done(std::move(status));
      });
}

absl::Status StateWriter::WriteAndWait(const Change& change) {
  struct Answer {
    Mutex mutex;
    CondVar arrived;
    bool ready ABSL_GUARDED_BY(mutex) = false;
    absl::Status status ABSL_GUARDED_BY(mutex);
  };
  const auto answer = std::make_shared<Answer>();
  Write(change, [answer](absl::Status status) {
    const MutexLock lock(answer->mutex);
    answer->status = std::move(status);
    answer->ready = true;
    answer->arrived.NotifyAll();
  });
  const MutexLock lock(answer->mutex);
  while (!answer->ready) {
    answer->arrived.Wait(answer->mutex);
  }
  return answer->status;
}

}  // namespace modbound

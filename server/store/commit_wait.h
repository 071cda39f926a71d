#ifndef MODBOUND_SERVER_STORE_COMMIT_WAIT_H_
#define MODBOUND_SERVER_STORE_COMMIT_WAIT_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "server/store/database.h"

namespace modbound {

// Lets a thread wait for the `done` of one write. Not on the writer thread.
class CommitWait {
 public:
  // For Database::Write; may outlive this.
  Database::Done Done() {
    return [state = state_](absl::Status status) {
      const MutexLock lock(state->mutex);
      state->status = std::move(status);
      state->is_set = true;
      state->set.NotifyAll();
    };
  }
  absl::Status Wait() {
    const MutexLock lock(state_->mutex);
    while (!state_->is_set) {
      state_->set.Wait(state_->mutex);
    }
    return state_->status;
  }

 private:
  struct State {
    Mutex mutex;
    CondVar set;
    bool is_set ABSL_GUARDED_BY(mutex) = false;
    absl::Status status ABSL_GUARDED_BY(mutex);
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_COMMIT_WAIT_H_

#ifndef MODBOUND_TESTS_FAULTS_REQUESTS_ENDING_EXECUTOR_H_
#define MODBOUND_TESTS_FAULTS_REQUESTS_ENDING_EXECUTOR_H_

#include <atomic>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "gtest/gtest.h"
#include "server/errors/error_status.h"
#include "server/executors/attempt_files.h"
#include "server/executors/executor.h"
#include "server/rpc/worker_pool.h"

namespace modbound {

// Runs attempts until it is told to end each at once, as failed: requests made
// at random must not fill the machine with work.
class EndingExecutor final : public Executor {
 public:
  void EndAtOnce() { at_once_ = true; }

  void Start(AttemptTask task) override {
    if (!at_once_) {
      real_->Start(std::move(task));
      return;
    }
    pool_.Run([task = std::move(task)] {
      internal::AttemptResult result;
      result.set_token(task.token);
      *result.mutable_status() =
          ToRpcStatus(Refuse("DEGENERATE", "inputs.matrix", "ended at once"));
      const absl::Status written = WriteAttemptResult(task.dir, result);
      EXPECT_TRUE(written.ok()) << written;
      task.done(absl::OkStatus());
    });
  }

 private:
  const std::unique_ptr<Executor> real_ = MakeThreadExecutor();
  std::atomic<bool> at_once_{false};
  WorkerPool pool_{1};
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_FAULTS_REQUESTS_ENDING_EXECUTOR_H_

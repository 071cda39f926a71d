#ifndef MODBOUND_TESTS_SERVER_JOBS_RANDOM_EXECUTOR_H_
#define MODBOUND_TESTS_SERVER_JOBS_RANDOM_EXECUTOR_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/errors/error_status.h"
#include "server/executors/attempt_files.h"
#include "server/executors/executor.h"

namespace modbound {

// Ends every attempt by itself, in a way that its job's id decides, from
// several threads; a stop ends it as a stopped analysis ends.
class RandomExecutor : public Executor {
 public:
  explicit RandomExecutor(int threads) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, i] { Run(i); });
    }
  }
  ~RandomExecutor() override {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      changed_.NotifyAll();
    }
    for (std::thread& thread : threads_) {
      thread.join();
    }
  }
  void Start(AttemptTask task) override {
    const MutexLock lock(mutex_);
    most_ = std::max(most_, ++going_on_);
    tasks_.push_back(std::move(task));
    changed_.NotifyOne();
  }
  int most() {
    const MutexLock lock(mutex_);
    return most_;
  }

 private:
  void Run(int seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    while (true) {
      AttemptTask task;
      {
        const MutexLock lock(mutex_);
        while (tasks_.empty()) {
          if (stopping_) {
            return;
          }
          changed_.Wait(mutex_);
        }
        // Not in order: some attempts last.
        std::swap(tasks_[random() % tasks_.size()], tasks_.back());
        task = std::move(tasks_.back());
        tasks_.pop_back();
        --going_on_;
      }
      End(task, static_cast<int>(random() % 8));
    }
  }
  static void End(const AttemptTask& task, int how) {
    ProgressUpdate update;
    update.done = how;
    update.total = 8;
    task.sink->Progress(update);
    if (task.stop->stopped() && how > 0) {
      task.done(StoppedError());
      return;
    }
    internal::AttemptResult result;
    result.set_token(task.token);
    if (how == 1) {
      *result.mutable_status() =
          ToRpcStatus(Refuse("DEGENERATE", "", "by chance"));
    } else {
      const auto file =
          WriteOutput(task.dir,
                      "out/0",
                      HostArray::FromDoubles({0}, {1}, {"partition"}),
                      StopFlag());
      ASSERT_TRUE(file.ok());
      (*result.mutable_outputs())["quality"] = *file;
    }
    ASSERT_TRUE(WriteAttemptResult(task.dir, result).ok());
    task.done(absl::OkStatus());
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<AttemptTask> tasks_ ABSL_GUARDED_BY(mutex_);
  int going_on_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_JOBS_RANDOM_EXECUTOR_H_

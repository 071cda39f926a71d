#ifndef MODBOUND_TESTS_SERVER_JOBS_FAKE_EXECUTOR_H_
#define MODBOUND_TESTS_SERVER_JOBS_FAKE_EXECUTOR_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/errors/error_status.h"
#include "server/executors/attempt_files.h"
#include "server/executors/executor.h"

namespace modbound {

// An executor under which the test decides when and how each attempt ends.
class FakeExecutor : public Executor {
 public:
  ~FakeExecutor() override { EXPECT_TRUE(tasks_.empty()); }

  void Start(AttemptTask task) override {
    const MutexLock lock(mutex_);
    const std::string name = std::filesystem::path(task.dir).filename();
    const std::string job = name.substr(0, name.rfind('-'));
    order_.push_back(job);
    tasks_[job] = std::move(task);
    changed_.NotifyAll();
  }

  // Waits until the job's attempt was started; it goes on.
  AttemptTask Await(const std::string& job) {
    const MutexLock lock(mutex_);
    while (tasks_.count(job) == 0) {
      changed_.Wait(mutex_);
    }
    return tasks_[job];
  }
  // Waits until `count` attempts are going on; returns their jobs.
  std::vector<std::string> AwaitRunning(std::size_t count) {
    const MutexLock lock(mutex_);
    while (tasks_.size() < count) {
      changed_.Wait(mutex_);
    }
    std::vector<std::string> jobs;
    for (const auto& [job, task] : tasks_) {
      jobs.push_back(job);
    }
    return jobs;
  }
  // The jobs in the order in which their attempts were started.
  std::vector<std::string> Order() {
    const MutexLock lock(mutex_);
    return order_;
  }
  std::size_t RunningNow() {
    const MutexLock lock(mutex_);
    return tasks_.size();
  }

  // What the server handed to the attempt.
  internal::AttemptSpec Spec(const std::string& job) {
    const AttemptTask task = Await(job);
    const auto spec = ReadAttemptSpec(task.dir, task.token);
    EXPECT_TRUE(spec.ok()) << spec.status();
    return *spec;
  }

  // Ends attempts, waiting for their start first. `quality` becomes the output
  // of that name.
  void Succeed(const std::string& job,
               const std::vector<double>& quality = {0.5}) {
    const AttemptTask task = Take(job);
    internal::AttemptResult result;
    result.set_token(task.token);
    const auto count = static_cast<int64_t>(quality.size());
    const auto file =
        WriteOutput(task.dir,
                    "out/0",
                    HostArray::FromDoubles(quality, {count}, {"partition"}),
                    StopFlag());
    ASSERT_TRUE(file.ok()) << file.status();
    (*result.mutable_outputs())["quality"] = *file;
    result.mutable_summary()->mutable_quality()->set_num_partitions(count);
    result.set_compute_seconds(0.25);
    ASSERT_TRUE(WriteAttemptResult(task.dir, result).ok());
    task.done(absl::OkStatus());
  }
  // The analysis failed.
  void Fail(const std::string& job, const absl::Status& error) {
    const AttemptTask task = Take(job);
    internal::AttemptResult result;
    result.set_token(task.token);
    *result.mutable_status() = ToRpcStatus(error);
    ASSERT_TRUE(WriteAttemptResult(task.dir, result).ok());
    task.done(absl::OkStatus());
  }
  // RunAttempt itself came back with this.
  void Return(const std::string& job, const absl::Status& status) {
    Take(job).done(status);
  }
  // Waits until the attempt was told to stop, then ends it so.
  void ReturnWhenStopped(const std::string& job) {
    const AttemptTask task = Take(job);
    while (!task.stop->stopped()) {
      std::this_thread::yield();
    }
    task.done(StoppedError());
  }

 private:
  AttemptTask Take(const std::string& job) {
    const MutexLock lock(mutex_);
    while (tasks_.count(job) == 0) {
      changed_.Wait(mutex_);
    }
    AttemptTask task = std::move(tasks_[job]);
    tasks_.erase(job);
    return task;
  }

  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, AttemptTask> tasks_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> order_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_JOBS_FAKE_EXECUTOR_H_

#ifndef MODBOUND_SERVER_EXECUTORS_TASK_THREADS_H_
#define MODBOUND_SERVER_EXECUTORS_TASK_THREADS_H_

#include <functional>
#include <list>
#include <thread>

#include "core/base/mutex.h"

namespace modbound {

// Runs each task on a thread of its own. Threads: safe from any thread, also
// from a task. Locks: its mutex is the last one taken; no task runs under it.
class TaskThreads {
 public:
  TaskThreads() = default;
  // Waits for all tasks.
  ~TaskThreads();
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  // False when the machine has no thread or memory left for it: the task will
  // not run. What the task holds is gone before the destructor returns. It must
  // not throw.
  bool Start(std::function<void()> task);

 private:
  using Threads = std::list<std::thread>;
  bool StartLocked(std::function<void()> task)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(Threads::iterator self);

  Mutex mutex_;
  CondVar ended_one_;
  Threads running_ ABSL_GUARDED_BY(mutex_);
  // At their end, to be joined by the next Start.
  Threads ended_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_TASK_THREADS_H_

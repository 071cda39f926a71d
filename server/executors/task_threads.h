#ifndef MODBOUND_SERVER_EXECUTORS_TASK_THREADS_H_
#define MODBOUND_SERVER_EXECUTORS_TASK_THREADS_H_

#include <deque>
#include <functional>
#include <list>
#include <thread>

#include "core/base/mutex.h"

namespace modbound {

// Runs each task at once, on a thread that no other task has meanwhile; a few
// that have nothing to do are kept for the next ones. They give way to other
// threads of the server: with all cores computing, whoever asks it something
// still gets his answer soon. Threads: safe from any thread, also from a task.
// Locks: its mutex is the last one taken; no task runs under it.
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
  void StartLocked(std::function<void()> task)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StartThread(std::function<void()> task)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The life of a thread.
  void Run(Threads::iterator self, std::function<void()> task);
  // The next task; empty = the thread is to end.
  std::function<void()> AwaitTask();

  Mutex mutex_;
  CondVar task_or_end_;
  CondVar ended_one_;
  Threads running_ ABSL_GUARDED_BY(mutex_);
  // At their end, to be joined by the next Start.
  Threads ended_ ABSL_GUARDED_BY(mutex_);
  // Threads without a task, and tasks that they are about to take: never more
  // than there are threads for them.
  int idle_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_TASK_THREADS_H_

#ifndef MODBOUND_SERVER_FILES_PERIODIC_TASK_H_
#define MODBOUND_SERVER_FILES_PERIODIC_TASK_H_

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "core/base/mutex.h"

namespace modbound {

// Does something every `interval` on a thread of its own, the first time after
// one interval. An error is logged and the next turn comes all the same. Locks:
// calls nothing under its mutex.
class PeriodicTask {
 public:
  // `name` is for the log. What `task` uses must outlive this.
  PeriodicTask(std::string name,
               std::chrono::milliseconds interval,
               std::function<absl::Status()> task);
  // Waits for a turn that is under way.
  ~PeriodicTask();
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

 private:
  void Loop();
  // False: the end has come.
  bool WaitForNext();

  const std::string name_;
  const std::chrono::milliseconds interval_;
  const std::function<absl::Status()> task_;
  Mutex mutex_;
  CondVar stopped_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Last: it uses all of the above.
  std::thread thread_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_FILES_PERIODIC_TASK_H_

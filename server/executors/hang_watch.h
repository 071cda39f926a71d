#ifndef MODBOUND_SERVER_EXECUTORS_HANG_WATCH_H_
#define MODBOUND_SERVER_EXECUTORS_HANG_WATCH_H_

#include <chrono>
#include <list>
#include <memory>

#include "core/base/mutex.h"
#include "server/executors/executor.h"

namespace modbound {

// Finds attempts in threads of this process that no longer look at their stop
// flags. No thread can be ended from outside, so their sinks are told, once
// each. Threads: safe from any thread. Locks: calls nothing under its mutex.
class HangWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Watched {
    std::shared_ptr<const AttemptTask> task;
    Time asked;
    bool told = false;
  };
  using Entry = std::list<Watched>::iterator;

  explicit HangWatch(std::chrono::milliseconds limit) : limit_(limit) {}

  // `task` is watched until Remove.
  Entry Add(std::shared_ptr<const AttemptTask> task, Time now);
  void Remove(Entry entry);
  // To be called several times in every limit.
  void Look(Time now);

 private:
  const std::chrono::milliseconds limit_;
  Mutex mutex_;
  std::list<Watched> watched_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_HANG_WATCH_H_

#ifndef MODBOUND_SERVER_JOBS_WATCH_HUB_H_
#define MODBOUND_SERVER_JOBS_WATCH_HUB_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "core/base/mutex.h"

namespace modbound {

// Who wants to be woken when something happens to a job. Threads: safe from any
// thread.
class WatchHub : public std::enable_shared_from_this<WatchHub> {
 private:
  // One watcher's wake; emptied when it leaves.
  struct Waker {
    Mutex mutex;
    std::function<void()> wake ABSL_GUARDED_BY(mutex);
  };

 public:
  // A watcher's place in the hub. Its destructor waits for a wake that is under
  // way; none comes after it.
  class Subscription {
   public:
    ~Subscription();
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;

   private:
    friend class WatchHub;
    Subscription(std::shared_ptr<WatchHub> hub,
                 std::string job,
                 std::shared_ptr<Waker> waker);
    const std::shared_ptr<WatchHub> hub_;
    const std::string job_;
    const std::shared_ptr<Waker> waker_;
  };

  std::unique_ptr<Subscription> Subscribe(const std::string& job,
                                          std::function<void()> wake);
  // Wakes the job's watchers. Called without other locks held.
  void Wake(const std::string& job);

 private:
  void Remove(const std::string& job, const std::shared_ptr<Waker>& waker);

  Mutex mutex_;
  std::map<std::string, std::set<std::shared_ptr<Waker>>> wakers_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_WATCH_HUB_H_

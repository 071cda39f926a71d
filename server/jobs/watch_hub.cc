#include "server/jobs/watch_hub.h"

#include <utility>
#include <vector>

namespace modbound {

WatchHub::Subscription::Subscription(std::shared_ptr<WatchHub> hub,
                                     std::string job,
                                     std::shared_ptr<Waker> waker)
    : hub_(std::move(hub)), job_(std::move(job)), waker_(std::move(waker)) {}

WatchHub::Subscription::~Subscription() {
  hub_->Remove(job_, waker_);
  std::function<void()> dropped;
  const MutexLock lock(waker_->mutex);
  dropped.swap(waker_->wake);
}

std::unique_ptr<WatchHub::Subscription> WatchHub::Subscribe(
    const std::string& job, std::function<void()> wake) {
  auto waker = std::make_shared<Waker>();
  {
    const MutexLock lock(waker->mutex);
    waker->wake = std::move(wake);
  }
  const MutexLock lock(mutex_);
  wakers_[job].insert(waker);
  return std::unique_ptr<Subscription>(
      new Subscription(shared_from_this(), job, std::move(waker)));
}

void WatchHub::Wake(const std::string& job) {
  std::vector<std::shared_ptr<Waker>> wakers;
  {
    const MutexLock lock(mutex_);
    const auto found = wakers_.find(job);
    if (found != wakers_.end()) {
      wakers.assign(found->second.begin(), found->second.end());
    }
  }
  // A waker's own lock is held while it is called: that is what its
  // subscription's destructor waits for.
  for (const auto& waker : wakers) {
    const MutexLock lock(waker->mutex);
    if (waker->wake) {
      waker->wake();
    }
  }
}

void WatchHub::Remove(const std::string& job,
                      const std::shared_ptr<Waker>& waker) {
  const MutexLock lock(mutex_);
  const auto found = wakers_.find(job);
  if (found != wakers_.end()) {
    found->second.erase(waker);
    if (found->second.empty()) {
      wakers_.erase(found);
    }
  }
}

}  // namespace modbound

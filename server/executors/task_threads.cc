#include "server/executors/task_threads.h"

#include <new>
#include <system_error>
#include <utility>

namespace modbound {
namespace {

void Join(std::list<std::thread> threads) {
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace

TaskThreads::~TaskThreads() {
  Threads ended;
  {
    const MutexLock lock(mutex_);
    while (!running_.empty()) {
      ended_one_.Wait(mutex_);
    }
    ended.swap(ended_);
  }
  Join(std::move(ended));
}

bool TaskThreads::Start(std::function<void()> task) {
  Threads ended;
  bool started = false;
  {
    const MutexLock lock(mutex_);
    ended.swap(ended_);
    started = StartLocked(std::move(task));
  }
  Join(std::move(ended));
  return started;
}

bool TaskThreads::StartLocked(std::function<void()> task) {
  auto self = running_.end();
  try {
    self = running_.emplace(running_.end());
    *self = std::thread([this, self, task = std::move(task)]() mutable {
      task();
      task = nullptr;
      End(self);
    });
    return true;
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
  if (self != running_.end()) {
    running_.erase(self);
  }
  return false;
}

void TaskThreads::End(Threads::iterator self) {
  const MutexLock lock(mutex_);
  ended_.splice(ended_.end(), running_, self);
  ended_one_.NotifyAll();
}

}  // namespace modbound

#include "server/executors/task_threads.h"

#include <sys/resource.h>
#include <unistd.h>

#include <new>
#include <system_error>
#include <utility>

namespace modbound {
namespace {

// Kept without a task: starting a thread costs as much as a small job.
constexpr int kMostIdle = 8;
// More niceness than the server has, of a thread and those that it starts, also
// in other processes. With all cores busy it gets a third of what a thread that
// answers calls gets.
constexpr int kMoreNiceness = 5;

void GiveWay() {
  // Of the process: that of its first thread.
  const int niceness =
      ::getpriority(PRIO_PROCESS, static_cast<id_t>(::getpid())) +
      kMoreNiceness;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
}

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
    ending_ = true;
    task_or_end_.NotifyAll();
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
    try {
      StartLocked(std::move(task));
      started = true;
    } catch (const std::system_error&) {
    } catch (const std::bad_alloc&) {
    }
  }
  Join(std::move(ended));
  return started;
}

void TaskThreads::StartLocked(std::function<void()> task) {
  if (idle_ <= static_cast<int>(tasks_.size())) {
    StartThread(std::move(task));
  } else {
    tasks_.push_back(std::move(task));
    task_or_end_.NotifyOne();
  }
}

void TaskThreads::StartThread(std::function<void()> task) {
  const auto self = running_.emplace(running_.end());
  try {
    *self = std::thread([this, self, task = std::move(task)]() mutable {
      Run(self, std::move(task));
    });
  } catch (...) {
    running_.erase(self);
    throw;
  }
}

void TaskThreads::Run(Threads::iterator self, std::function<void()> task) {
  GiveWay();
  while (task != nullptr) {
    task();
    task = nullptr;
    task = AwaitTask();
  }
  const MutexLock lock(mutex_);
  ended_.splice(ended_.end(), running_, self);
  ended_one_.NotifyAll();
}

std::function<void()> TaskThreads::AwaitTask() {
  const MutexLock lock(mutex_);
  if (idle_ >= kMostIdle) {
    return nullptr;
  }
  ++idle_;
  while (tasks_.empty() && !ending_) {
    task_or_end_.Wait(mutex_);
  }
  --idle_;
  if (tasks_.empty()) {
    return nullptr;
  }
  std::function<void()> task = std::move(tasks_.front());
  tasks_.pop_front();
  return task;
}

}  // namespace modbound

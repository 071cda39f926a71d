#include "server/rpc/worker_pool.h"

#include <utility>

namespace modbound {

WorkerPool::WorkerPool(int threads, const Limits& limits) : limits_(limits) {
  threads_.reserve(threads);
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

WorkerPool::~WorkerPool() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void WorkerPool::Run(std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    tasks_.push_back({std::move(task), 0});
  }
  changed_.NotifyOne();
}

bool WorkerPool::TryRun(int64_t bytes, std::function<void()> task) {
  {
    const MutexLock lock(mutex_);
    if (tasks_.size() >= limits_.tasks ||
        waiting_bytes_ + bytes > limits_.bytes) {
      return false;
    }
    tasks_.push_back({std::move(task), bytes});
    waiting_bytes_ += bytes;
  }
  changed_.NotifyOne();
  return true;
}

void WorkerPool::Work() {
  while (true) {
    Task task;
    {
      const MutexLock lock(mutex_);
      while (tasks_.empty() && !ending_) {
        changed_.Wait(mutex_);
      }
      if (tasks_.empty()) {
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
      waiting_bytes_ -= task.bytes;
    }
    task.run();
  }
}

}  // namespace modbound

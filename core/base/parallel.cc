#include "core/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace modbound {
namespace {

// The error of the lowest failing index, whichever thread met it first.
class FirstError {
 public:
  void Set(int64_t index, absl::Status status) {
    MutexLock lock(mutex_);
    if (status_.ok() || index < index_) {
      index_ = index;
      status_ = std::move(status);
    }
  }
  absl::Status Get() {
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  Mutex mutex_;
  int64_t index_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// No exception may leave a thread: libraries throw bad_alloc.
absl::Status RunGuarded(const Execution& execution,
                        const std::function<absl::Status(int64_t)>& task,
                        int64_t index) {
  try {
    return execution.stopped() ? StoppedError() : task(index);
  } catch (const std::bad_alloc&) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     reason::kMemoryLimit,
                     "",
                     "out of memory");
  } catch (const std::exception& error) {
    return MakeError(
        absl::StatusCode::kInternal, reason::kInternal, "", error.what());
  }
}

// Up to `count` threads that call `work`.
std::vector<std::thread> StartThreads(const internal::StartThread& start,
                                      int64_t count,
                                      const std::function<void()>& work) {
  std::vector<std::thread> threads;
  try {
    threads.reserve(static_cast<std::size_t>(std::max<int64_t>(count, 0)));
    for (int64_t i = 0; i < count; ++i) {
      threads.push_back(start(work));
    }
  } catch (const std::exception&) {
    // No more threads (system_error) or memory: go on with those that run. A
    // thread that is not joined would end the program.
  }
  return threads;
}

}  // namespace

absl::Status internal::ParallelForOn(
    const StartThread& start,
    int64_t count,
    const Execution& execution,
    const std::function<absl::Status(int64_t)>& task) {
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  FirstError error;
  const auto work = [&] {
    while (!failed.load(std::memory_order_relaxed)) {
      const int64_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= count) {
        return;
      }
      absl::Status status = RunGuarded(execution, task, index);
      if (!status.ok()) {
        error.Set(index, std::move(status));
        failed.store(true, std::memory_order_relaxed);
      }
    }
  };
  std::vector<std::thread> threads = StartThreads(
      start, std::min<int64_t>(execution.threads, count) - 1, work);
  work();
  for (std::thread& thread : threads) {
    thread.join();
  }
  return error.Get();
}

absl::Status ParallelFor(int64_t count,
                         const Execution& execution,
                         const std::function<absl::Status(int64_t)>& task) {
  return internal::ParallelForOn(
      [](const std::function<void()>& work) { return std::thread(work); },
      count,
      execution,
      task);
}

absl::Status ParallelForBlocks(
    int64_t count,
    int64_t block,
    const Execution& execution,
    const std::function<absl::Status(int64_t first, int64_t size)>& task) {
  return ParallelFor(
      (count + block - 1) / block, execution, [&](int64_t index) {
        const int64_t first = index * block;
        return task(first, std::min(block, count - first));
      });
}

}  // namespace modbound

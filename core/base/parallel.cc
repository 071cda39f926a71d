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
absl::Status RunGuarded(const std::function<absl::Status(int64_t)>& task,
                        int64_t index) {
  try {
    return task(index);
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

}  // namespace

absl::Status ParallelFor(int64_t count,
                         const Execution& execution,
                         const std::function<absl::Status(int64_t)>& task) {
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  FirstError error;
  auto work = [&] {
    while (!failed.load(std::memory_order_relaxed)) {
      const int64_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= count) {
        return;
      }
      absl::Status status =
          execution.stopped() ? StoppedError() : RunGuarded(task, index);
      if (!status.ok()) {
        error.Set(index, std::move(status));
        failed.store(true, std::memory_order_relaxed);
      }
    }
  };
  const auto helpers =
      static_cast<int>(std::min<int64_t>(execution.threads, count)) - 1;
  std::vector<std::thread> threads;
  for (int i = 0; i < helpers; ++i) {
    threads.emplace_back(work);
  }
  work();
  for (std::thread& thread : threads) {
    thread.join();
  }
  return error.Get();
}

}  // namespace modbound

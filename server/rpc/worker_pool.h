#ifndef MODBOUND_SERVER_RPC_WORKER_POOL_H_
#define MODBOUND_SERVER_RPC_WORKER_POOL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace modbound {

// A few threads for work that may wait for the disk: gRPC's own threads are as
// few as the cores and all calls share them. Threads: safe from any.
class WorkerPool {
 public:
  // What may wait for a thread through TryRun.
  struct Limits {
    std::size_t tasks = 4096;
    int64_t bytes = int64_t{64} << 20;
  };

  explicit WorkerPool(int threads) : WorkerPool(threads, Limits()) {}
  WorkerPool(int threads, const Limits& limits);
  // Runs what is queued, then ends.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Queues a task of something that is bounded elsewhere, such as a stream,
  // which has one at a time. Tasks must not throw.
  void Run(std::function<void()> task);
  // Queues a task of a client's request, which holds `bytes`. False, and the
  // task is dropped, when the limits are reached.
  bool TryRun(int64_t bytes, std::function<void()> task);

 private:
  struct Task {
    std::function<void()> run;
    int64_t bytes = 0;
  };
  void Work();

  const Limits limits_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  int64_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// The pools of a server: a slow kind of work never waits in front of a quick
// one.
struct WorkerPools {
  explicit WorkerPools(const WorkerPool::Limits& requests)
      : submits(2, requests), reads(2, requests) {}

  // Requests that are read and planned: up to 10,000 jobs at once.
  WorkerPool submits;
  // Reads of the job store: events of watched jobs, lists.
  WorkerPool reads;
  // Chunks of uploads and downloads.
  WorkerPool chunks{4};
  // Ends of uploads: hash and facts of a whole array.
  WorkerPool scans{2};
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_WORKER_POOL_H_

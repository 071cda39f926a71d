#ifndef MODBOUND_SERVER_RPC_WORKER_POOL_H_
#define MODBOUND_SERVER_RPC_WORKER_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/mutex.h"

namespace modbound {

// A few threads for work that may wait for the disk: gRPC's own threads are as
// few as the cores and all calls share them. Threads: Run is safe from any.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  // Runs what is queued, then ends.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Queues a task. Tasks must not throw.
  void Run(std::function<void()> task);

 private:
  void Work();

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// The pools of a server: a slow kind of work never waits in front of a quick
// one.
struct WorkerPools {
  // Plans of submitted jobs: up to 10,000 at once, and facts of large arrays.
  WorkerPool submits{2};
  // Reads of the job store: events of watched jobs, lists.
  WorkerPool reads{2};
  // Chunks of uploads and downloads.
  WorkerPool chunks{4};
  // Ends of uploads: hash and facts of a whole array.
  WorkerPool scans{2};
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_WORKER_POOL_H_

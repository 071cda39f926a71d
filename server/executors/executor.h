#ifndef MODBOUND_SERVER_EXECUTORS_EXECUTOR_H_
#define MODBOUND_SERVER_EXECUTORS_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "server/executors/attempt.h"

namespace modbound {

// An attempt to be run.
struct AttemptTask {
  std::string dir;
  std::string token;
  // Threads leased to it.
  int threads = 1;
  // The plan's estimate at submit; extents not known then count as 0.
  int64_t memory_bytes = 0;
  // Set to make the attempt end within two seconds.
  std::shared_ptr<StopFlag> stop;
  // Called from the attempt's threads.
  std::shared_ptr<AttemptSink> sink;
  // Called once with what RunAttempt returned, or with why the attempt was lost
  // with its process (IsWorkerFault), on a thread of the executor; when the
  // attempt could not be begun, with kUnavailable OVERLOADED, there or on the
  // thread of Start. Must not throw.
  std::function<void(absl::Status)> done;
};

// Runs attempts somewhere. Threads: safe from any thread.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Start(AttemptTask task) = 0;
};

// Runs each attempt on a thread of this process. Its destructor waits for all
// of them (set their stop flags first).
std::unique_ptr<Executor> MakeThreadExecutor();

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_EXECUTOR_H_

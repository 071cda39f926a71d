#ifndef MODBOUND_SERVER_EXECUTORS_EXECUTOR_H_
#define MODBOUND_SERVER_EXECUTORS_EXECUTOR_H_

#include <chrono>
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

// An attempt that did not look at its stop flag for so long hangs. Reading,
// writing and computing look at it all the time, but single steps of the
// largest inputs take long (eigenvalues of a tridiagonal form of 30000 rows:
// 20 s of a core; a sync of a slow disk), and a machine that swaps may hold
// everybody up.
inline constexpr std::chrono::seconds kHangLimit{300};

// Runs each attempt on a thread of this process. One that hangs is told to its
// sink. Its destructor waits for all of them (set their stop flags first).
std::unique_ptr<Executor> MakeThreadExecutor(
    std::chrono::milliseconds hang_limit = kHangLimit);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_EXECUTOR_H_

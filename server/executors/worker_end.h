#ifndef MODBOUND_SERVER_EXECUTORS_WORKER_END_H_
#define MODBOUND_SERVER_EXECUTORS_WORKER_END_H_

#include <chrono>
#include <optional>

#include "absl/status/status.h"

namespace modbound {

// What is known of a worker process that has ended.
struct WorkerEnd {
  int wait_status = 0;  // as waitpid gives it
  // The server asked the attempt to stop.
  bool told_to_stop = false;
  // The server ended it, after so long a silence.
  bool hung = false;
  std::chrono::milliseconds silence{0};
  // The system ended processes for want of memory while it ran.
  bool out_of_memory = false;
  // What it reported last, when that was a failure.
  std::optional<absl::Status> failure;
};

// What the attempt came to:
//   exit 0                 OK: there is a result
//   stopped by the server  kCancelled, however it ended
//   exit 1                 the reported failure
//   exit 2                 kUnavailable OVERLOADED: the program is not the one
//                          of this server
//   exit 4                 kAborted WORKER_STOPPED
//   exit 5                 kResourceExhausted MEMORY_LIMIT
//   silence                kAborted WORKER_HUNG
//   SIGKILL, no memory     kAborted MEMORY_LIMIT
//   anything else          kAborted WORKER_CRASHED, naming signal or exit code
absl::Status JudgeWorkerEnd(const WorkerEnd& end);

// Whether an attempt was lost with its worker process, of which its job need
// not be guilty: one of the kAborted above.
bool IsWorkerFault(const absl::Status& status);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_WORKER_END_H_

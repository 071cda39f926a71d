#ifndef MODBOUND_SERVER_EXECUTORS_PROCESS_EXECUTOR_H_
#define MODBOUND_SERVER_EXECUTORS_PROCESS_EXECUTOR_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "server/executors/executor.h"
#include "server/executors/out_of_memory.h"

namespace modbound {

struct WorkerOptions {
  // Path of modbound-worker, of the same build.
  std::string program;
  // A worker reports at least every second while its attempt looks at its stop
  // flag; one that is silent for so long is ended. An attempt in a thread is
  // logged instead.
  std::chrono::milliseconds hang_limit = kHangLimit;
  // From SIGTERM to SIGKILL when the attempt is stopped. Kernels look at their
  // stop flag every 100 ms; together with that, below the two seconds of a
  // cancel.
  std::chrono::milliseconds stop_grace{1000};
  // WorkerMemoryLimit.
  int64_t memory_slack_bytes = int64_t{512} << 20;
  // Where the system counts what it ended for want of memory.
  std::string out_of_memory_count = OutOfMemoryCountFile();
};

// Bytes of data (heap, stacks, private memory) that the worker of an attempt
// may have, RLIMIT_DATA: twice the plan's estimate, which knows the arrays but
// not the allocator's waste, 16 MiB a thread for its stack and its heap, and
// the slack. RLIMIT_DATA rather than RLIMIT_AS: program files and address space
// that is only reserved do not count. An allocation beyond it fails, and so
// does the job, with MEMORY_LIMIT and for good: it would again.
int64_t WorkerMemoryLimit(int64_t estimate, int threads, int64_t slack);

// Runs each attempt in a modbound-worker process of its own. A thread a worker
// spawns it, reads its reports and stays until it has ended: the worker dies
// with this thread, so with the server. The attempt's stop flag and a silence
// beyond the limit end the process and all of its group.
// What a worker may take is its memory limit and the threads of its task; it
// is bound to no cores, since the machine's scheduler places that many threads
// better than a fixed choice beside other attempts would. The destructor waits
// for all attempts (set their stop flags first).
std::unique_ptr<Executor> MakeProcessExecutor(const WorkerOptions& options);

// Which attempts run in a process of their own.
enum class WorkerUse { kAuto, kAlways, kNever };

// Estimates above this run in a process with kAuto.
inline constexpr int64_t kMostThreadBytes = int64_t{256} << 20;

// kFailedPrecondition "worker_program" unless it is a file that can be run.
absl::Status CheckWorkerProgram(const std::string& program);

// Threads of this process for some attempts, processes for the others. A job
// has the same bytes in both.
std::unique_ptr<Executor> MakeExecutor(WorkerUse use,
                                       const WorkerOptions& options);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_PROCESS_EXECUTOR_H_

#ifndef MODBOUND_CORE_BASE_PARALLEL_H_
#define MODBOUND_CORE_BASE_PARALLEL_H_

#include <cstdint>
#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "core/base/execution.h"

namespace modbound {

// Runs task(0) ... task(count - 1) on up to execution.threads threads, the
// caller's among them, in no fixed order; where the system starts fewer, those
// do it all. A task writes only to what its index owns; the caller reduces in
// index order afterwards, so results do not depend on the thread count. Errors:
// the error of the lowest failing index; kCancelled when stopped (tasks not yet
// started are left out).
absl::Status ParallelFor(int64_t count,
                         const Execution& execution,
                         const std::function<absl::Status(int64_t)>& task);

// The same for 0 ... count - 1 in blocks of `block` (>= 1), the last one
// shorter: task(first, size) is called once for each. Blocks are the same at
// any number of threads.
absl::Status ParallelForBlocks(
    int64_t count,
    int64_t block,
    const Execution& execution,
    const std::function<absl::Status(int64_t first, int64_t size)>& task);

namespace internal {
// Starts a thread that calls `work`; throws what std::thread's constructor may.
using StartThread =
    std::function<std::thread(const std::function<void()>& work)>;

// The same with threads from `start`.
absl::Status ParallelForOn(const StartThread& start,
                           int64_t count,
                           const Execution& execution,
                           const std::function<absl::Status(int64_t)>& task);
}  // namespace internal

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_PARALLEL_H_

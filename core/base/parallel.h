#ifndef MODBOUND_CORE_BASE_PARALLEL_H_
#define MODBOUND_CORE_BASE_PARALLEL_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "core/base/execution.h"

namespace modbound {

// Runs task(0) ... task(count - 1) on up to execution.threads threads, in no
// fixed order. A task writes only to what its index owns; the caller reduces in
// index order afterwards, so results do not depend on the thread count. Errors:
// the error of the lowest failing index; kCancelled when stopped (tasks not yet
// started are left out).
absl::Status ParallelFor(int64_t count,
                         const Execution& execution,
                         const std::function<absl::Status(int64_t)>& task);

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_PARALLEL_H_

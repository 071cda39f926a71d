#ifndef MODBOUND_CORE_BASE_THREAD_SHARE_H_
#define MODBOUND_CORE_BASE_THREAD_SHARE_H_

#include <algorithm>
#include <cstdint>

#include "core/base/execution.h"

namespace modbound {

// What each of `items` computations in parallel is given: an equal share of the
// threads, one at least.
inline Execution ThreadShare(int64_t items, const Execution& execution) {
  Execution item = execution;
  item.threads = static_cast<int>(
      std::max<int64_t>(1, execution.threads / std::max<int64_t>(1, items)));
  return item;
}

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_THREAD_SHARE_H_

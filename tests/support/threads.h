#ifndef MODBOUND_TESTS_SUPPORT_THREADS_H_
#define MODBOUND_TESTS_SUPPORT_THREADS_H_

#include "core/base/execution.h"

namespace modbound {

// What a computation is given that may use so many threads.
inline Execution Threads(int threads) {
  Execution execution;
  execution.threads = threads;
  return execution;
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_THREADS_H_

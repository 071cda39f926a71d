#ifndef MODBOUND_SERVER_FILES_UNTIL_MEMORY_H_
#define MODBOUND_SERVER_FILES_UNTIL_MEMORY_H_

#include <chrono>
#include <new>
#include <thread>

#include "absl/base/thread_annotations.h"

namespace modbound {

// Does `action` again as long as it ends for want of memory: what must not be
// left out, as it follows from what is committed, and may be done twice.
template <typename Action>
ABSL_NO_THREAD_SAFETY_ANALYSIS void UntilMemory(const Action& action) {
  while (true) {
    try {
      action();
      return;
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

// Does `action`, or leaves it out when it ends for want of memory: a line of
// the log, say, on a way that must be gone to its end.
template <typename Action>
ABSL_NO_THREAD_SAFETY_ANALYSIS void IfMemory(const Action& action) {
  try {
    action();
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_FILES_UNTIL_MEMORY_H_

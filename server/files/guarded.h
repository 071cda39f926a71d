#ifndef MODBOUND_SERVER_FILES_GUARDED_H_
#define MODBOUND_SERVER_FILES_GUARDED_H_

#include <exception>
#include <new>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "core/base/error.h"

namespace modbound {

// What bad_alloc means where it was caught.
// kResourceExhausted MEMORY_LIMIT: what is done needs too much.
inline absl::Status OutOfMemory() {
  return MakeError(absl::StatusCode::kResourceExhausted,
                   reason::kMemoryLimit,
                   "",
                   "out of memory");
}
// kUnavailable OVERLOADED: what is done needs little, and may be tried again.
inline absl::Status ShortOfMemory() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "OVERLOADED",
                   "",
                   "the server has no memory left for this now");
}

// What `action` (returning absl::Status or StatusOr) returns, or the error of
// what a library throws in it: `out_of_memory` for bad_alloc, kInternal for the
// rest. When there is no memory for the error's words either, a bare
// kUnavailable, which IsShortage knows. Throws nothing. `action` is called
// under the locks of the caller: it says itself which it needs.
template <typename Action>
ABSL_NO_THREAD_SAFETY_ANALYSIS auto Guarded(
    const Action& action, absl::Status (*out_of_memory)() = OutOfMemory)
    -> decltype(action()) {
  try {
    try {
      return action();
    } catch (const std::bad_alloc&) {
      return out_of_memory();
    } catch (const std::exception& error) {
      return MakeError(
          absl::StatusCode::kInternal, reason::kInternal, "", error.what());
    }
  } catch (const std::bad_alloc&) {
    return absl::Status(absl::StatusCode::kUnavailable, "");
  }
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_FILES_GUARDED_H_

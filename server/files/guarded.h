#ifndef MODBOUND_SERVER_FILES_GUARDED_H_
#define MODBOUND_SERVER_FILES_GUARDED_H_

#include <exception>
#include <new>

#include "absl/status/status.h"
#include "core/base/error.h"

namespace modbound {

// What `action` (returning absl::Status or StatusOr) returns, or the error of
// what a library throws in it: kResourceExhausted MEMORY_LIMIT for bad_alloc,
// kInternal for the rest.
template <typename Action>
auto Guarded(const Action& action) -> decltype(action()) {
  try {
    return action();
  } catch (const std::bad_alloc&) {
    return MakeError(absl::StatusCode::kResourceExhausted,
                     reason::kMemoryLimit,
                     "",
                     "out of memory");
  } catch (const std::exception& error) {
    return MakeError(
        absl::StatusCode::kInternal, reason::kInternal, "", error.what());
  }
}

}  // namespace modbound

#endif  // MODBOUND_SERVER_FILES_GUARDED_H_

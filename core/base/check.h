#ifndef MODBOUND_CORE_BASE_CHECK_H_
#define MODBOUND_CORE_BASE_CHECK_H_

#include "absl/base/internal/raw_logging.h"

// For our own bugs only: no input of a client may reach a failing check.
#define MODBOUND_CHECK(condition) ABSL_RAW_CHECK(condition, "our own bug")
#ifdef NDEBUG
#define MODBOUND_DCHECK(condition) \
  do {                             \
    if (false) {                   \
      MODBOUND_CHECK(condition);   \
    }                              \
  } while (false)
#else
#define MODBOUND_DCHECK(condition) MODBOUND_CHECK(condition)
#endif

#endif  // MODBOUND_CORE_BASE_CHECK_H_

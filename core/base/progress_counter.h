#ifndef MODBOUND_CORE_BASE_PROGRESS_COUNTER_H_
#define MODBOUND_CORE_BASE_PROGRESS_COUNTER_H_

#include <cstdint>
#include <string>

#include "core/base/execution.h"
#include "core/base/mutex.h"

namespace modbound {

// Progress of one phase whose work is done in pieces, on any threads: reports 0
// of `total` when made (a total of 0: nothing to do, nothing to report), or the
// `done` that an earlier attempt did, then after each piece, one call at a
// time. The execution must outlive it.
class ProgressCounter {
 public:
  ProgressCounter(const Execution& execution,
                  const std::string& phase,
                  std::string unit,
                  int64_t total,
                  int64_t done = 0);
  // `amount` more units are done.
  void Add(int64_t amount);

 private:
  void Report() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Execution& execution_;
  Mutex mutex_;
  ProgressUpdate update_ ABSL_GUARDED_BY(mutex_);
};

// The same execution, its phases called "<part>, <phase>": for what is done
// more than once in a job, so that no two of its phases share a name.
Execution ForPart(const Execution& execution, const std::string& part);

// The same execution without progress and checkpoint: for what is part of one
// unit of a count.
Execution WithoutProgress(const Execution& execution);

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_PROGRESS_COUNTER_H_

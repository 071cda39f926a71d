#include "core/base/progress_counter.h"

#include <utility>

namespace modbound {

ProgressCounter::ProgressCounter(const Execution& execution,
                                 const std::string& phase,
                                 std::string unit,
                                 int64_t total,
                                 int64_t done)
    : execution_(execution) {
  const MutexLock lock(mutex_);
  update_.phase = execution.Name(phase);
  update_.unit = std::move(unit);
  update_.total = total;
  update_.done = done;
  if (total > 0) {
    Report();
  }
}

void ProgressCounter::Add(int64_t amount) {
  const MutexLock lock(mutex_);
  update_.done += amount;
  Report();
}

void ProgressCounter::Report() { execution_.Report(update_); }

Execution ForPart(const Execution& execution, const std::string& part) {
  Execution named = execution;
  named.part = execution.part + part + ", ";
  return named;
}

Execution WithoutProgress(const Execution& execution) {
  Execution silent = execution;
  silent.progress = nullptr;
  silent.checkpoint = nullptr;
  return silent;
}

}  // namespace modbound

#include "core/base/progress_counter.h"

#include <utility>

namespace modbound {

ProgressCounter::ProgressCounter(const Execution& execution,
                                 std::string phase,
                                 std::string unit,
                                 int64_t total)
    : execution_(execution) {
  const MutexLock lock(mutex_);
  update_.phase = std::move(phase);
  update_.unit = std::move(unit);
  update_.total = total;
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
  if (execution.progress) {
    named.progress = [report = execution.progress,
                      part](const ProgressUpdate& update) {
      ProgressUpdate of_part = update;
      of_part.phase = part + ", " + update.phase;
      report(of_part);
    };
  }
  return named;
}

Execution WithoutProgress(const Execution& execution) {
  Execution silent = execution;
  silent.progress = nullptr;
  return silent;
}

}  // namespace modbound

#ifndef MODBOUND_CORE_BASE_EXECUTION_H_
#define MODBOUND_CORE_BASE_EXECUTION_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "core/base/error.h"

namespace modbound {

class Checkpoint;

// Set once by whoever wants a computation to end. The other way it tells
// whether the computation still asks: one that does not, hangs. Threads: safe
// from all.
class StopFlag {
 public:
  void Stop() { stopped_.store(true, std::memory_order_release); }
  bool stopped() const {
    // Written once between two TakeAsked, not each time: threads that ask all
    // the while would take it from each other's caches.
    if (!asked_.load(std::memory_order_relaxed)) {
      asked_.store(true, std::memory_order_relaxed);
    }
    return stopped_.load(std::memory_order_acquire);
  }
  // Whether stopped() was called since the last TakeAsked().
  bool TakeAsked() { return asked_.exchange(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool> stopped_{false};
  mutable std::atomic<bool> asked_{false};
};

// How far a computation is.
struct ProgressUpdate {
  int64_t done = 0;
  int64_t total = 0;  // 0 = not known
  std::string unit;   // "steps", "runs"
  std::string phase;  // "training", "consensus"
  std::map<std::string, double> metrics;
};

// What a long computation is given besides its input. Results never depend on
// any of it.
struct Execution {
  // Threads it may use, >= 1.
  int threads = 1;
  // Asked at least every 100 ms of work; may be null. Single steps of the
  // largest inputs take up to some 20 s.
  const StopFlag* stop = nullptr;
  // Called from any thread of the computation, never from two at once; may be
  // empty.
  std::function<void(const ProgressUpdate&)> progress;
  // Where long phases keep what they have done; may be null.
  Checkpoint* checkpoint = nullptr;
  // Of what this is a part: begins the names of its phases, see ForPart.
  std::string part;

  // Unique among the phases of a job.
  std::string Name(const std::string& phase) const { return part + phase; }
  bool stopped() const { return stop != nullptr && stop->stopped(); }
  void Report(const ProgressUpdate& update) const {
    if (progress) {
      progress(update);
    }
  }
};

// The error of a computation that was stopped.
inline absl::Status StoppedError() {
  return MakeError(absl::StatusCode::kCancelled,
                   reason::kCancelled,
                   "",
                   "the computation was stopped");
}

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_EXECUTION_H_

#ifndef MODBOUND_SERVER_EXECUTORS_FILE_CHECKPOINT_H_
#define MODBOUND_SERVER_EXECUTORS_FILE_CHECKPOINT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "core/base/checkpoint.h"
#include "core/base/execution.h"
#include "core/base/mutex.h"
#include "server/executors/checkpoint_file.h"

namespace modbound {

// A checkpoint in the files of a folder, named by rising numbers; the last two
// are kept. Writing takes at most 1% of the time: the next one waits for
// `interval_seconds`, and for 99 times what the last one took. What could not
// be written (a full disk, say) is tried again after the interval; nothing
// fails for it. Memory: the states, at most max_bytes, once more in all while
// one is made. Threads: safe from all.
class FileCheckpoint final : public Checkpoint {
 public:
  struct Options {
    // There, and nobody else's.
    std::string folder;
    // A file of another key, kernel version or ISA is dropped.
    std::string key;
    double interval_seconds = 5;  // >= 0
    // Once set nothing more is written; may be null.
    const StopFlag* stop = nullptr;
    // Called with the error of each write that failed after one that did not.
    std::function<void(const absl::Status&)> on_failure;
    // A monotonic clock, in seconds; empty: the machine's.
    std::function<double()> clock;
  };
  // Where a computation went on.
  struct Resumed {
    std::string phase;
    int64_t done = 0;
    double work_seconds = 0;
  };

  // Reads the newest file that is whole and fits; removes those that are or do
  // not.
  explicit FileCheckpoint(Options options);

  // What it found; unset = nothing.
  const std::optional<Resumed>& resumed() const { return resumed_; }

  std::string Last(const std::string& name) override;
  bool Due() override;
  void Offer(const std::string& name, int64_t done, std::string state) override;
  void Keep(const std::string& name, std::string state) override;
  void Drop(const std::string& prefix) override;
  int64_t max_bytes() const override;

 private:
  double Now() const;
  void Load();
  absl::Status Write(const std::string& phase, int64_t done)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string PathOf(int64_t number) const;

  const Options options_;
  const double start_;
  std::optional<Resumed> resumed_;
  // When Due was last true, and when it will be next.
  std::atomic<double> claimed_;
  std::atomic<double> next_;
  Mutex mutex_;
  CheckpointStates states_ ABSL_GUARDED_BY(mutex_);
  // Of the newest file.
  int64_t number_ ABSL_GUARDED_BY(mutex_) = 0;
  bool failing_ ABSL_GUARDED_BY(mutex_) = false;
};

// "goes on from a checkpoint: ...", for logs.
std::string ResumedText(const FileCheckpoint::Resumed& from);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_FILE_CHECKPOINT_H_

#ifndef MODBOUND_SERVER_JOBS_PROGRESS_BOARD_H_
#define MODBOUND_SERVER_JOBS_PROGRESS_BOARD_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/base/execution.h"
#include "core/base/mutex.h"
#include "modbound/v1/job.pb.h"
#include "server/jobs/job_time.h"

namespace modbound {

// Watchers hear of a job's progress at most this often.
inline constexpr auto kProgressInterval = std::chrono::milliseconds(100);

// The latest progress of each running job; in memory only. Threads: safe from
// any thread; the callbacks are called without any lock held.
class ProgressBoard {
 public:
  // What the board shows of a job.
  struct Entry {
    int attempt = 0;
    int64_t version = 0;  // grows with every update of any job
    int64_t time_us = 0;
    v1::Progress progress;
  };

  // `changed`: watchers of this job should look. `deferred`: Flush has
  // something to do later.
  ProgressBoard(std::function<void(const std::string&)> changed,
                std::function<void()> deferred)
      : changed_(std::move(changed)), deferred_(std::move(deferred)) {}

  void Update(const std::string& job,
              int attempt,
              const ProgressUpdate& update);
  std::optional<Entry> Latest(const std::string& job) const;
  void Remove(const std::string& job);

  // Tells of updates that came too soon after the one before and are due now.
  // Returns when the next one is due; the end of time when none is.
  SteadyTime Flush(SteadyTime now);

 private:
  struct Job {
    Entry entry;
    // Pace is that of the phase.
    std::string phase;
    SteadyTime phase_start;
    int64_t phase_done = 0;
    SteadyTime told;
    bool is_deferred = false;
  };

  static v1::Progress ToProgress(const Job& job,
                                 const ProgressUpdate& update,
                                 SteadyTime now);

  const std::function<void(const std::string&)> changed_;
  const std::function<void()> deferred_;
  mutable Mutex mutex_;
  std::map<std::string, Job> jobs_ ABSL_GUARDED_BY(mutex_);
  int64_t last_version_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_PROGRESS_BOARD_H_

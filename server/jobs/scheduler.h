#ifndef MODBOUND_SERVER_JOBS_SCHEDULER_H_
#define MODBOUND_SERVER_JOBS_SCHEDULER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "server/jobs/attempt_control.h"
#include "server/jobs/attempt_runner.h"
#include "server/jobs/job_timers.h"
#include "server/jobs/lease.h"
#include "server/jobs/progress_board.h"
#include "server/jobs/ready_jobs.h"
#include "server/jobs/state_writer.h"

namespace modbound {

// Decides on one thread which job starts when: in the order of ReadyJobs, as
// soon as a core and the memory of the first one are free (no job overtakes it,
// so none starves). Ends jobs whose deadline or run time is over. What it knows
// of jobs are the state changes it is told, in the order of their commits; the
// store's conditional updates decide, so an outdated view starts nothing twice.
// Threads: safe from any thread.
class Scheduler {
 public:
  // All references must outlive it.
  Scheduler(StateWriter& writer,
            AttemptRunner& runner,
            ProgressBoard& progress,
            const Leases& leases);
  // Drains.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Starts the thread. Call once, after the states that were there before.
  void Start();
  void OnChanges(const std::vector<StateChange>& changes);
  // Tells the attempt of this job, if one runs, to stop.
  void StopAttempt(const std::string& job, StopCause cause);
  // Makes the thread look again.
  void Poke();
  int leased_cores() const;
  // Starts nothing more, stops what runs and waits until all of it has ended.
  void Drain();

 private:
  // A job that is being started or runs.
  struct Running {
    std::shared_ptr<AttemptControl> control;
    Lease lease;
  };
  // The next job to start, with its lease.
  struct Pick {
    ReadyJob job;
    Lease lease;
    std::shared_ptr<AttemptControl> control;
  };
  // What the thread does next without the lock.
  struct Work {
    std::vector<std::string> expired;
    std::optional<Pick> pick;
  };

  void Loop();
  Work TakeWork(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StopOverdue(SteadyTime now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Pick> TakePick(SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PokeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Expire(const std::vector<std::string>& jobs);
  void StartAttempt(const Pick& pick);
  void OnEnded(const ReadyJob& job, const absl::Status& status);

  StateWriter& writer_;
  AttemptRunner& runner_;
  ProgressBoard& progress_;

  mutable Mutex mutex_;
  CondVar poked_or_ended_;
  Leases leases_ ABSL_GUARDED_BY(mutex_);
  ReadyJobs ready_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Running> running_ ABSL_GUARDED_BY(mutex_);
  JobTimers deadlines_ ABSL_GUARDED_BY(mutex_);
  JobTimers run_limits_ ABSL_GUARDED_BY(mutex_);
  // Nothing starts before: the store did not take the last start.
  SteadyTime paused_until_ ABSL_GUARDED_BY(mutex_);
  bool poked_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool thread_runs_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_SCHEDULER_H_

#ifndef MODBOUND_SERVER_JOBS_SCHEDULER_H_
#define MODBOUND_SERVER_JOBS_SCHEDULER_H_

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "server/jobs/attempt_control.h"
#include "server/jobs/attempt_runner.h"
#include "server/jobs/fair_share.h"
#include "server/jobs/job_timers.h"
#include "server/jobs/lease.h"
#include "server/jobs/progress_board.h"
#include "server/jobs/ready_jobs.h"
#include "server/jobs/result_cache.h"
#include "server/jobs/run_times.h"
#include "server/jobs/state_writer.h"

namespace modbound {

// Decides on one thread which job starts when: in the order of ReadyJobs, as
// soon as a core and the memory of the first one are free (no job overtakes it,
// so none starves; but a suspect job waits while another one runs, and is
// overtaken meanwhile). A job that equals a running one waits for its result;
// one whose result is there gets it without cores. Ends jobs whose deadline or
// run time is over. What it knows of jobs are the state changes it is told, in
// the order of their commits; the store's conditional updates decide, so an
// outdated view starts nothing twice. Its thread never waits for the store or
// for files: a deadline is kept whatever they do. Threads: safe from any
// thread. Locks: `mutex_` is taken on the store's writer thread, so nothing
// waits for the store under it; the locks of AttemptControl and ProgressBoard
// may be taken under it.
class Scheduler {
 public:
  struct Options {
    // Attempts of one owner at a time, 0 = no limit.
    int most_running = 0;
    // FairShare's, seconds.
    double half_life = 0;
    // JobQueueOptions::shortage_pause_seconds.
    double shortage_pause = 1;
    // What owners had used before; loaded by Start.
    std::map<std::string, double> usage = {};
  };
  // Why a job that is QUEUED has not started.
  struct Why {
    v1::Wait::Cause cause = v1::Wait::UNSPECIFIED;
    std::string equal_job = {};  // that runs
    int64_t position = 0;        // from 1, 0 = none
    double eta_seconds = -1;     // < 0 = not known
  };

  // All references must outlive it.
  Scheduler(StateWriter& writer,
            AttemptRunner& runner,
            ResultCache& results,
            ProgressBoard& progress,
            const Leases& leases,
            Options options);
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
  Why Explain(const std::string& job) const;
  // Starts nothing more, stops what runs and waits until all of it has ended.
  void Drain();
  // JobQueue::DrainWithin.
  bool DrainWithin(std::chrono::milliseconds most);

 private:
  // A job that is being started or runs.
  struct Running {
    std::shared_ptr<AttemptControl> control;
    Lease lease;
    JobSchedule schedule;
    SteadyTime begin;
    bool suspect = false;
    // The executor has it: before, a slow disk may hold it up.
    bool computes = false;
    // Nothing is leased any more: its result is being stored.
    bool computed = false;

    // Asked when it was told to stop long ago.
    bool hangs_by_now() const { return computes && !computed; }
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
    std::optional<ReadyJob> answer;
    std::optional<Pick> pick;
  };

  void Loop();
  // Looks once what is to be done, does it, or sleeps. False: drained.
  bool Look();
  Work TakeWork(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StopOverdue(SteadyTime now, Work& work)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Pick> TakePick(SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ReadyJobs::Shares SharesAt(SteadyTime now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool SuspectRuns() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Wait::Cause CauseOf(const ReadyJob& job,
                          int64_t position,
                          SteadyTime now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  double EtaOf(const std::vector<const ReadyJob*>& before, SteadyTime now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PokeLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BeginDrain() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Drained() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether something that was told to stop computes all the same.
  bool Computes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Sleep(SteadyTime next_flush) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Expire(const std::vector<std::string>& jobs);
  void OnExpired(const std::vector<std::string>& jobs,
                 const absl::Status& status);
  std::optional<ReadyJob> TakeAnswerable()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Answer(const ReadyJob& job);
  void OnAnswered(const ReadyJob& job, const absl::StatusOr<bool>& answered);
  void StartAttempt(const Pick& pick);
  void OnComputes(const std::string& job);
  void OnComputed(const std::string& job);
  void GiveBack(Running& running, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnEnded(const ReadyJob& job, const absl::Status& status);
  void TakeEnd(const ReadyJob& job, const absl::Status& status, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // After a start or an attempt that the machine was too short of something
  // for.
  void Pause(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  StateWriter& writer_;
  AttemptRunner& runner_;
  ResultCache& results_;
  ProgressBoard& progress_;
  const Options options_;

  mutable Mutex mutex_;
  CondVar poked_or_ended_;
  Leases leases_ ABSL_GUARDED_BY(mutex_);
  ReadyJobs ready_ ABSL_GUARDED_BY(mutex_);
  FairShare share_ ABSL_GUARDED_BY(mutex_);
  RunTimes run_times_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Running> running_ ABSL_GUARDED_BY(mutex_);
  JobTimers deadlines_ ABSL_GUARDED_BY(mutex_);
  JobTimers run_limits_ ABSL_GUARDED_BY(mutex_);
  // Nothing starts before; how long the pause is, 0 = there is none.
  SteadyTime paused_until_ ABSL_GUARDED_BY(mutex_);
  int64_t pause_us_ ABSL_GUARDED_BY(mutex_) = 0;
  // Writes of Expire whose answer is still to come.
  int expiring_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of running_, those that computed: no more than there are cores, or a slow
  // disk would gather results without end.
  int storing_ ABSL_GUARDED_BY(mutex_) = 0;
  // Jobs that are being ended with the result of another.
  int answering_ ABSL_GUARDED_BY(mutex_) = 0;
  bool poked_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool thread_runs_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_SCHEDULER_H_

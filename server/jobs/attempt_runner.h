#ifndef MODBOUND_SERVER_JOBS_ATTEMPT_RUNNER_H_
#define MODBOUND_SERVER_JOBS_ATTEMPT_RUNNER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/artifacts/artifact_store.h"
#include "server/executors/executor.h"
#include "server/executors/task_threads.h"
#include "server/jobs/attempt_control.h"
#include "server/jobs/attempt_directories.h"
#include "server/jobs/attempt_end.h"
#include "server/jobs/job_logs.h"
#include "server/jobs/job_time.h"
#include "server/jobs/kept_checkpoints.h"
#include "server/jobs/progress_board.h"
#include "server/jobs/state_writer.h"
#include "server/store/database.h"

namespace modbound {

// The life of an attempt, from QUEUED to the committed end: start in the store,
// directory, executor, outputs, commit, removal of the directory. When the
// machine is short of something (disk, descriptors, threads), nothing starts
// and what could not go on is put back; a job fails only for faults of its own.
// Threads: safe from any thread.
class AttemptRunner {
 public:
  struct Options {
    std::string attempts_folder;
    int64_t memory_limit_bytes = 0;
    int max_lost_attempts = 0;      // JobQueueOptions
    int max_worker_attempts = 0;    // JobQueueOptions
    double usage_half_life = 0;     // JobQueueOptions
    double checkpoint_seconds = 0;  // JobQueueOptions
    // JobQueueOptions::shortage_pause_seconds, until an end that the store
    // could not take is told to it again.
    double retry_seconds = 1;
  };
  // What is to be run, with what is leased to it.
  struct Order {
    std::string job;
    std::string owner;
    int threads = 1;
    int64_t memory_bytes = 0;  // the plan's estimate
    SteadyTime ready;          // since when it could have been running
    SteadyTime start;
    std::shared_ptr<AttemptControl> control;
    // Called once, when all is prepared and the attempt is executed.
    std::function<void()> computes;
    // Called once, before what the attempt found is stored, when it needs its
    // cores and memory no more. Not called for what was never executed.
    std::function<void()> computed;
  };
  // Called once, on any thread but Run's, when nothing of the attempt is left.
  // An error: the machine is short of something or the store refuses changes;
  // the job is QUEUED, still or again.
  using Ended = std::function<void(const absl::Status&)>;

  // All references must outlive every attempt.
  AttemptRunner(Database& database,
                StateWriter& writer,
                ArtifactStore& artifacts,
                Executor& executor,
                std::shared_ptr<ProgressBoard> progress,
                AttemptDirectories& directories,
                KeptCheckpoints& checkpoints,
                JobLogs& logs,
                Options options)
      : database_(database),
        writer_(writer),
        artifacts_(artifacts),
        executor_(executor),
        progress_(std::move(progress)),
        directories_(directories),
        checkpoints_(checkpoints),
        logs_(logs),
        options_(std::move(options)) {}

  // Waits neither for the store nor for files. An error: nothing was begun, and
  // `ended` will not be called.
  absl::Status Run(const Order& order, Ended ended);

 private:
  struct Attempt;
  void Begin(const std::shared_ptr<Attempt>& attempt);
  absl::Status Start(Attempt& attempt);
  absl::Status Execute(const std::shared_ptr<Attempt>& attempt);
  void Finish(Attempt& attempt, const absl::Status& status);
  absl::Status StoreEnd(Attempt& attempt, const absl::Status& status);
  absl::Status CommitEnd(const Attempt& attempt);
  void LogEnd(const Attempt& attempt);

  Database& database_;
  StateWriter& writer_;
  ArtifactStore& artifacts_;
  Executor& executor_;
  const std::shared_ptr<ProgressBoard> progress_;
  AttemptDirectories& directories_;
  KeptCheckpoints& checkpoints_;
  JobLogs& logs_;
  const Options options_;
  // Of the starts. Last: its destructor waits for them.
  TaskThreads threads_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_ATTEMPT_RUNNER_H_

#ifndef MODBOUND_SERVER_JOBS_JOB_QUEUE_H_
#define MODBOUND_SERVER_JOBS_JOB_QUEUE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "modbound/v1/server.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/executors/executor.h"
#include "server/jobs/job_transitions.h"
#include "server/store/database.h"

namespace modbound {

struct JobQueueOptions {
  // Cores leased to jobs, >= 1. Never oversubscribed.
  int cores = 1;
  // Jobs whose estimate is beyond this are refused; the sum of running
  // estimates stays within it.
  int64_t memory_limit_bytes = int64_t{1} << 33;
  // A job during whose attempts the server came to an end (other than by Drain)
  // this many times is FAILED with ATTEMPTS_EXHAUSTED: it may be the cause. Of
  // jobs that lost a few attempts only one runs at a time, so that its innocent
  // neighbours do not come to the limit with the culprit. 0 = no limit.
  int max_lost_attempts = 20;
  // Seconds after which half of what an owner's jobs have used is forgotten.
  double usage_half_life = 7 * 86400.0;
  // Attempts of one owner at a time, 0 = no limit. One that has computed counts
  // no more, though its job is RUNNING until the result is stored.
  int max_running_per_owner = 0;
  // Jobs of one owner that have not ended, 0 = no limit: more are refused with
  // QUOTA_EXCEEDED.
  int64_t max_open_per_owner = 100000;
  // CleanUp deletes jobs that ended so long ago and are not pinned; 0 = none.
  double retention_seconds = 0;
  // Work between two checkpoints of an attempt, from which the job goes on
  // after whatever interrupts it; 0 = none.
  double checkpoint_seconds = 5;
  // A job that lost so many attempts with their worker processes (crash, hang,
  // no memory left on the machine) is FAILED with ATTEMPTS_EXHAUSTED. 0 = no
  // limit.
  int max_worker_attempts = 3;
  // Nothing starts for so long after the machine was short of disk, threads or
  // memory; each time in a row twice as long, up to eight times. Also until an
  // end that the store could not take is told to it again, always the same.
  double shortage_pause_seconds = 1;
  // Told of every state that a job gets, after the commit, on the store's
  // writer thread: it must be quick. May be empty.
  std::function<void(const StateChange&)> on_change = {};
};

// A stream of messages about one job for one client. Holds none itself, so a
// slow client costs nothing: each is made when it is asked for. Threads: one
// thread at a time; dropping it is safe at any time.
template <typename Message>
class JobFeed {
 public:
  virtual ~JobFeed() = default;
  // The next message, or nothing when there is none yet (`wake` is called when
  // there may be). Once done() is true nothing more comes.
  virtual absl::StatusOr<std::optional<Message>> Next() = 0;
  virtual bool done() const = 0;
};
// State changes from the store and the latest progress from memory; done after
// the event of a final state.
using JobWatch = JobFeed<v1::JobEvent>;
// Pieces of the job's log.
using JobLogFeed = JobFeed<v1::GetLogsResponse>;

// The durable queue: accepts, orders, leases cores, runs through an executor,
// commits results, tells watchers. Knows no analysis by name. Threads: all
// methods are safe from any thread. Errors are those of
// proto/modbound/v1/job.proto.
class JobQueue {
 public:
  // Reconciles every job that had not ended (RUNNING -> QUEUED with its attempt
  // fenced off), then starts scheduling. All references must outlive the queue.
  static absl::StatusOr<std::unique_ptr<JobQueue>> Open(
      Database& database,
      ArtifactStore& artifacts,
      Executor& executor,
      const JobQueueOptions& options);
  // Drains.
  virtual ~JobQueue() = default;

  using JobsDone = std::function<void(absl::StatusOr<v1::SubmitGraphResponse>)>;
  using JobDone = std::function<void(absl::StatusOr<v1::Job>)>;
  // Plans and stores; `done` is called after the commit is on disk (from the
  // writer thread), or at once with an error.
  virtual void SubmitJob(const std::string& owner,
                         v1::SubmitJobRequest request,
                         JobDone done) = 0;
  virtual void SubmitGraph(const std::string& owner,
                           v1::SubmitGraphRequest request,
                           JobsDone done) = 0;
  // `done` as with SubmitJob.
  virtual void ReproduceJob(const std::string& owner,
                            v1::ReproduceJobRequest request,
                            JobDone done) = 0;
  virtual absl::StatusOr<v1::Job> GetJob(const std::string& owner,
                                         const std::string& id) = 0;
  virtual absl::StatusOr<v1::ListJobsResponse> ListJobs(
      const std::string& owner, const v1::ListJobsRequest& request) = 0;
  virtual absl::StatusOr<v1::Explanation> ExplainJob(const std::string& owner,
                                                     const std::string& id) = 0;
  virtual void CancelJob(const std::string& owner,
                         const std::string& id,
                         JobDone done) = 0;
  virtual void DeleteJob(const std::string& owner,
                         const std::string& id,
                         std::function<void(absl::Status)> done) = 0;
  // `wake` may be called from any thread, also before Watch returns; it must
  // not call back into the queue. Dropping the watch waits for a `wake` that is
  // under way, and none comes after it: drop it neither inside `wake` nor under
  // a lock that `wake` takes.
  virtual absl::StatusOr<std::unique_ptr<JobWatch>> Watch(
      const std::string& owner,
      const v1::WatchJobRequest& request,
      std::function<void()> wake) = 0;
  // `wake` as of Watch.
  virtual absl::StatusOr<std::unique_ptr<JobLogFeed>> Logs(
      const std::string& owner,
      const v1::GetLogsRequest& request,
      std::function<void()> wake) = 0;
  // Dtype, shape, digest of a finished job's output. Errors: kNotFound
  // JOB_NOT_FOUND, OUTPUT_NOT_FOUND.
  virtual absl::StatusOr<v1::Array> GetOutput(const std::string& owner,
                                              const v1::OutputRef& output) = 0;
  // Errors: those of the store.
  virtual absl::StatusOr<v1::QueueState> State() = 0;
  // Deletes what has ended before JobQueueOptions::retention_seconds. Waits for
  // the store. Errors: its.
  virtual absl::Status CleanUp() = 0;
  // Forgets request ids, a week old, of jobs that were deleted; takes long
  // where there are many. Likewise.
  virtual absl::Status ForgetOldRequests() = 0;
  // Starts nothing more, stops what runs (it goes back to QUEUED and goes on
  // from its last checkpoint after the next start of the server) and waits for
  // it. Submits are refused with SERVER_STOPPING from then on.
  virtual void Drain() = 0;
  // The same, but false when attempts still compute so long after they were
  // told to stop: they hang, which is logged, and Drain would wait for ever.
  virtual bool DrainWithin(std::chrono::milliseconds most) = 0;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_QUEUE_H_

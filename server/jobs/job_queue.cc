#include "server/jobs/job_queue.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/files/failpoint.h"
#include "server/files/until_memory.h"
#include "server/jobs/attempt_directories.h"
#include "server/jobs/attempt_runner.h"
#include "server/jobs/delete_job.h"
#include "server/jobs/explain_job.h"
#include "server/jobs/job_list.h"
#include "server/jobs/job_log_feed.h"
#include "server/jobs/job_logs.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/job_time.h"
#include "server/jobs/job_view.h"
#include "server/jobs/job_watch.h"
#include "server/jobs/kept_checkpoints.h"
#include "server/jobs/open_calls.h"
#include "server/jobs/progress_board.h"
#include "server/jobs/queue_reads.h"
#include "server/jobs/reconcile.h"
#include "server/jobs/result_cache.h"
#include "server/jobs/retention.h"
#include "server/jobs/scheduler.h"
#include "server/jobs/state_writer.h"
#include "server/jobs/submitter.h"
#include "server/jobs/usage_rows.h"
#include "server/jobs/watch_hub.h"

namespace modbound {
namespace {

// The queue over the store: joins the parts of this folder.
class StoredJobQueue final : public JobQueue {
 public:
  StoredJobQueue(Database& database,
                 ArtifactStore& artifacts,
                 Executor& executor,
                 const JobQueueOptions& options,
                 const std::string& last_id,
                 std::map<std::string, double> usage)
      : database_(database),
        artifacts_(artifacts),
        options_(options),
        progress_(std::make_shared<ProgressBoard>(
            [hub = hub_](const std::string& job) { hub->Wake(job); },
            [this] { scheduler_.Poke(); })),
        logs_(database.data_dir(),
              [hub = log_hub_](const std::string& job) { hub->Wake(job); }),
        writer_(database,
                [this](const std::vector<StateChange>& changes) {
                  OnChanges(changes);
                }),
        submitter_(database,
                   artifacts,
                   writer_,
                   JobLimits{options.cores, options.memory_limit_bytes},
                   options.max_open_per_owner,
                   last_id),
        directories_(database.data_dir()),
        checkpoints_(database.data_dir()),
        runner_(database,
                writer_,
                artifacts,
                executor,
                progress_,
                directories_,
                checkpoints_,
                logs_,
                {AttemptsFolder(database.data_dir()),
                 options.memory_limit_bytes,
                 options.max_lost_attempts,
                 options.max_worker_attempts,
                 options.usage_half_life,
                 options.checkpoint_seconds,
                 options.shortage_pause_seconds}),
        results_(database, writer_, artifacts),
        scheduler_(writer_,
                   runner_,
                   results_,
                   *progress_,
                   Leases(options.cores, options.memory_limit_bytes),
                   {options.max_running_per_owner,
                    options.usage_half_life,
                    options.shortage_pause_seconds,
                    std::move(usage)}) {}
  ~StoredJobQueue() override {
    Drain();
    calls_.WaitUntilNone();
  }
  StoredJobQueue(const StoredJobQueue&) = delete;
  StoredJobQueue& operator=(const StoredJobQueue&) = delete;

  absl::Status Start(const std::vector<StateChange>& reconciled);

  void SubmitJob(const std::string& owner,
                 v1::SubmitJobRequest request,
                 JobDone done) override;
  void SubmitGraph(const std::string& owner,
                   v1::SubmitGraphRequest request,
                   JobsDone done) override;
  void ReproduceJob(const std::string& owner,
                    v1::ReproduceJobRequest request,
                    JobDone done) override;
  absl::StatusOr<v1::Job> GetJob(const std::string& owner,
                                 const std::string& id) override;
  absl::StatusOr<v1::ListJobsResponse> ListJobs(
      const std::string& owner, const v1::ListJobsRequest& request) override;
  absl::StatusOr<v1::Explanation> ExplainJob(const std::string& owner,
                                             const std::string& id) override;
  void CancelJob(const std::string& owner,
                 const std::string& id,
                 JobDone done) override;
  void DeleteJob(const std::string& owner,
                 const std::string& id,
                 std::function<void(absl::Status)> done) override;
  absl::StatusOr<std::unique_ptr<JobWatch>> Watch(
      const std::string& owner,
      const v1::WatchJobRequest& request,
      std::function<void()> wake) override;
  absl::StatusOr<std::unique_ptr<JobLogFeed>> Logs(
      const std::string& owner,
      const v1::GetLogsRequest& request,
      std::function<void()> wake) override;
  absl::StatusOr<v1::Array> GetOutput(const std::string& owner,
                                      const v1::OutputRef& output) override;
  absl::StatusOr<v1::QueueState> State() override;
  absl::Status CleanUp() override;
  absl::Status ForgetOldRequests() override;
  void Drain() override;
  bool DrainWithin(std::chrono::milliseconds most) override;

 private:
  void OnChanges(const std::vector<StateChange>& changes);
  // As an answer: with its progress, cut to what a message takes.
  v1::Job WithProgress(v1::Job job) const;

  Database& database_;
  ArtifactStore& artifacts_;
  const JobQueueOptions options_;
  OpenCalls calls_;
  const std::shared_ptr<WatchHub> hub_ = std::make_shared<WatchHub>();
  // Of those who follow a log.
  const std::shared_ptr<WatchHub> log_hub_ = std::make_shared<WatchHub>();
  const std::shared_ptr<ProgressBoard> progress_;
  JobLogs logs_;
  StateWriter writer_;
  Submitter submitter_;
  AttemptDirectories directories_;
  KeptCheckpoints checkpoints_;
  AttemptRunner runner_;
  ResultCache results_;
  Scheduler scheduler_;
};

// `reconciled`: what became of jobs that had not ended.
absl::Status StoredJobQueue::Start(const std::vector<StateChange>& reconciled) {
  MODBOUND_RETURN_IF_ERROR(logs_.Open());
  MODBOUND_RETURN_IF_ERROR(FinishLogRemovals(database_, logs_));
  MODBOUND_RETURN_IF_ERROR(directories_.Open());
  for (const StateChange& change : reconciled) {
    if (change.schedule.attempt > 0) {
      logs_.Append(change.job,
                   absl::StrCat("attempt ",
                                change.schedule.attempt,
                                ": lost: the server came to an end"));
    }
  }
  std::vector<StateChange> unended;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(unended, LoadUnendedJobs(connection));
        return absl::OkStatus();
      }));
  std::vector<std::string> jobs;
  jobs.reserve(unended.size());
  for (const StateChange& job : unended) {
    jobs.push_back(job.job);
  }
  MODBOUND_RETURN_IF_ERROR(checkpoints_.TakeOver(jobs));
  scheduler_.OnChanges(unended);
  scheduler_.Start();
  return absl::OkStatus();
}

// On the database's writer thread, in the order of the commits. They are on the
// disk: nobody may miss one for want of memory.
void StoredJobQueue::OnChanges(const std::vector<StateChange>& changes) {
  UntilMemory([&] { scheduler_.OnChanges(changes); });
  for (const StateChange& change : changes) {
    if (options_.on_change) {
      UntilMemory([&] { options_.on_change(change); });
    }
    UntilMemory([&] {
      if (HasEnded(change.state)) {
        checkpoints_.Forget(change.job);
      }
      hub_->Wake(change.job);
      if (HasEnded(change.state)) {
        log_hub_->Wake(change.job);
      }
    });
  }
}

// Answers with the only job of a request.
JobQueue::JobsDone OneJob(OpenCalls::Ticket ticket, JobQueue::JobDone done) {
  return [ticket = std::move(ticket), done = std::move(done)](
             absl::StatusOr<v1::SubmitGraphResponse> response) {
    if (response.ok()) {
      done(std::move(*response->mutable_jobs(0)));
    } else {
      done(response.status());
    }
  };
}

void StoredJobQueue::SubmitJob(const std::string& owner,
                               v1::SubmitJobRequest request,
                               JobDone done) {
  OpenCalls::Ticket ticket = calls_.BeginUnlessClosed();
  if (ticket == nullptr) {
    done(ServerStopping());
    return;
  }
  submitter_.SubmitJob(
      owner, std::move(request), OneJob(std::move(ticket), std::move(done)));
}

void StoredJobQueue::SubmitGraph(const std::string& owner,
                                 v1::SubmitGraphRequest request,
                                 JobsDone done) {
  OpenCalls::Ticket ticket = calls_.BeginUnlessClosed();
  if (ticket == nullptr) {
    done(ServerStopping());
    return;
  }
  submitter_.SubmitGraph(owner,
                         std::move(request),
                         [ticket = std::move(ticket), done = std::move(done)](
                             absl::StatusOr<v1::SubmitGraphResponse> response) {
                           done(std::move(response));
                         });
}

void StoredJobQueue::ReproduceJob(const std::string& owner,
                                  v1::ReproduceJobRequest request,
                                  JobDone done) {
  OpenCalls::Ticket ticket = calls_.BeginUnlessClosed();
  if (ticket == nullptr) {
    done(ServerStopping());
    return;
  }
  submitter_.ReproduceJob(
      owner, std::move(request), OneJob(std::move(ticket), std::move(done)));
}

v1::Job StoredJobQueue::WithProgress(v1::Job job) const {
  if (job.state() == v1::JobState::RUNNING) {
    const auto latest = progress_->Latest(job.id());
    if (latest.has_value() && latest->attempt == job.attempts()) {
      *job.mutable_progress() = latest->progress;
    }
  }
  return FitIntoMessage(std::move(job));
}

absl::StatusOr<v1::Job> StoredJobQueue::GetJob(const std::string& owner,
                                               const std::string& id) {
  v1::Job job;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(StoredJob stored,
                                  LoadJob(connection, owner, id));
        job = std::move(stored.job);
        return absl::OkStatus();
      }));
  return WithProgress(std::move(job));
}

absl::StatusOr<v1::ListJobsResponse> StoredJobQueue::ListJobs(
    const std::string& owner, const v1::ListJobsRequest& request) {
  v1::ListJobsResponse page;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(page,
                                  ListJobRows(connection, owner, request));
        return absl::OkStatus();
      }));
  for (v1::Job& job : *page.mutable_jobs()) {
    job = WithProgress(std::move(job));
  }
  return page;
}

absl::StatusOr<v1::Explanation> StoredJobQueue::ExplainJob(
    const std::string& owner, const std::string& id) {
  v1::Explanation explanation;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(const StoredJob stored,
                                  LoadJob(connection, owner, id));
        explanation.set_state(stored.job.state());
        return ExplainNeeds(connection, stored.job, explanation);
      }));
  if (explanation.state() == v1::JobState::QUEUED) {
    ExplainQueued(scheduler_.Explain(id), explanation);
    if (!explanation.equal_job().empty() &&
        !GetJob(owner, explanation.equal_job()).ok()) {
      explanation.clear_equal_job();
    }
  }
  explanation.set_text(WaitText(explanation));
  return explanation;
}

void StoredJobQueue::CancelJob(const std::string& owner,
                               const std::string& id,
                               JobDone done) {
  const auto job = std::make_shared<v1::Job>();
  writer_.Write(
      [owner, id, job](Connection& connection,
                       JobTransitions& transitions) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(StoredJob stored,
                                  LoadJob(connection, owner, id));
        if (stored.job.state() == v1::JobState::RUNNING) {
          MODBOUND_ASSIGN_OR_RETURN(
              Statement statement,
              connection.Prepare("UPDATE job SET cancel_requested = 1 WHERE id "
                                 "= ?1 AND state = 3"));
          MODBOUND_RETURN_IF_ERROR(statement.Bind(1, id).Run());
          ReachFailpoint(Failpoint::kCancelWritten);
        } else if (!HasEnded(stored.job.state())) {
          const JobEnd end = EndedBy(v1::JobState::CANCELLED, JobCancelled());
          MODBOUND_RETURN_IF_ERROR(transitions.EndUnstarted(id, end).status());
          MODBOUND_ASSIGN_OR_RETURN(stored, LoadJob(connection, owner, id));
        }
        *job = std::move(stored.job);
        return absl::OkStatus();
      },
      [this, ticket = calls_.Begin(), id, job, done = std::move(done)](
          const absl::Status& status) {
        if (!status.ok()) {
          done(status);
          return;
        }
        if (job->state() == v1::JobState::RUNNING) {
          ReachFailpoint(Failpoint::kCancelCommitted);
          scheduler_.StopAttempt(id, StopCause::kCancel);
        }
        done(WithProgress(std::move(*job)));
      });
}

void StoredJobQueue::DeleteJob(const std::string& owner,
                               const std::string& id,
                               std::function<void(absl::Status)> done) {
  const auto digests = std::make_shared<std::vector<std::string>>();
  database_.Write(
      [owner, id, digests](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(*digests,
                                  DeleteJobRows(connection, owner, id));
        ReachFailpoint(Failpoint::kDeleteWritten);
        return absl::OkStatus();
      },
      [this, ticket = calls_.Begin(), id, digests, done = std::move(done)](
          const absl::Status& status) {
        if (status.ok()) {
          ReachFailpoint(Failpoint::kDeleteCommitted);
          artifacts_.RemoveFiles(*digests);
          logs_.Remove(id);
          ReachFailpoint(Failpoint::kDeleteLogRemoved);
          hub_->Wake(id);
          log_hub_->Wake(id);
        }
        done(status);
      });
}

absl::StatusOr<std::unique_ptr<JobWatch>> StoredJobQueue::Watch(
    const std::string& owner,
    const v1::WatchJobRequest& request,
    std::function<void()> wake) {
  return OpenWatch(
      database_, progress_, *hub_, owner, request, std::move(wake));
}

absl::StatusOr<std::unique_ptr<JobLogFeed>> StoredJobQueue::Logs(
    const std::string& owner,
    const v1::GetLogsRequest& request,
    std::function<void()> wake) {
  return OpenLogFeed(
      database_, logs_, *log_hub_, owner, request, std::move(wake));
}

absl::StatusOr<v1::Array> StoredJobQueue::GetOutput(
    const std::string& owner, const v1::OutputRef& output) {
  MODBOUND_ASSIGN_OR_RETURN(const v1::Job job, GetJob(owner, output.job()));
  const auto found = job.outputs().find(output.output());
  if (found == job.outputs().end()) {
    return MakeError(absl::StatusCode::kNotFound,
                     "OUTPUT_NOT_FOUND",
                     "",
                     absl::StrCat("job ",
                                  job.id(),
                                  ", which is ",
                                  StateWord(job.state()),
                                  ", has no output ",
                                  Quoted(output.output())));
  }
  return found->second;
}

absl::StatusOr<v1::QueueState> StoredJobQueue::State() {
  v1::QueueState state;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(state, CountJobs(connection));
        return absl::OkStatus();
      }));
  state.set_cores(std::max(options_.cores, 1));
  state.set_leased_cores(scheduler_.leased_cores());
  return state;
}

absl::Status StoredJobQueue::CleanUp() {
  // Small steps: others get their turns.
  constexpr int64_t kStep = 100;
  const int64_t now_us = WallMicros();
  const auto retention_us =
      static_cast<int64_t>(options_.retention_seconds * 1e6);
  int64_t jobs = 0;
  for (bool more = retention_us > 0; more;) {
    RemovedJobs removed;
    MODBOUND_RETURN_IF_ERROR(
        database_.WriteAndWait([&](Connection& connection) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(
              removed,
              RemoveJobsEndedBefore(connection, now_us - retention_us, kStep));
          ReachFailpoint(Failpoint::kRetentionWritten);
          return absl::OkStatus();
        }));
    ReachFailpoint(Failpoint::kRetentionCommitted);
    artifacts_.RemoveFiles(removed.digests);
    for (const std::string& job : removed.jobs) {
      hub_->Wake(job);
      logs_.Remove(job);
    }
    jobs += static_cast<int64_t>(removed.jobs.size());
    more = static_cast<int64_t>(removed.jobs.size()) == kStep;
  }
  if (jobs > 0) {
    spdlog::info("event=jobs_removed_by_retention jobs={}", jobs);
  }
  return absl::OkStatus();
}

absl::Status StoredJobQueue::ForgetOldRequests() {
  constexpr int64_t kKeptMicros = int64_t{7} * 86400 * 1000000;
  constexpr int64_t kStep = 1000;
  std::vector<RequestName> found;
  do {
    MODBOUND_RETURN_IF_ERROR(
        database_.Read([&](Connection& connection) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(
              found,
              FindForgettable(connection, WallMicros() - kKeptMicros, kStep));
          return absl::OkStatus();
        }));
    if (!found.empty()) {
      MODBOUND_RETURN_IF_ERROR(
          database_.WriteAndWait([&](Connection& connection) {
            return ForgetRequests(connection, found);
          }));
    }
  } while (static_cast<int64_t>(found.size()) == kStep);
  return absl::OkStatus();
}

void StoredJobQueue::Drain() {
  calls_.Close();
  scheduler_.Drain();
}

bool StoredJobQueue::DrainWithin(std::chrono::milliseconds most) {
  calls_.Close();
  return scheduler_.DrainWithin(most);
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobQueue>> JobQueue::Open(
    Database& database,
    ArtifactStore& artifacts,
    Executor& executor,
    const JobQueueOptions& options) {
  std::vector<StateChange> made;
  std::string last_id;
  std::map<std::string, double> usage;
  MODBOUND_RETURN_IF_ERROR(
      database.WriteAndWait([&](Connection& connection) -> absl::Status {
        JobTransitions transitions(connection, WallMicros(), made);
        MODBOUND_ASSIGN_OR_RETURN(last_id, GreatestJobId(connection));
        MODBOUND_ASSIGN_OR_RETURN(
            usage,
            LoadUsage(connection, options.usage_half_life, WallMicros()));
        absl::Status status =
            ReconcileJobs(connection, transitions, options.max_lost_attempts);
        ReachFailpoint(Failpoint::kBootReconcileWritten);
        return status;
      }));
  ReachFailpoint(Failpoint::kBootReconciled);
  auto queue = std::make_unique<StoredJobQueue>(
      database, artifacts, executor, options, last_id, std::move(usage));
  MODBOUND_RETURN_IF_ERROR(queue->Start(made));
  return queue;
}

}  // namespace modbound

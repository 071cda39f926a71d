#include "server/jobs/job_queue.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/jobs/attempt_runner.h"
#include "server/jobs/delete_job.h"
#include "server/jobs/job_list.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/job_time.h"
#include "server/jobs/job_view.h"
#include "server/jobs/job_watch.h"
#include "server/jobs/open_calls.h"
#include "server/jobs/progress_board.h"
#include "server/jobs/queue_reads.h"
#include "server/jobs/reconcile.h"
#include "server/jobs/scheduler.h"
#include "server/jobs/state_writer.h"
#include "server/jobs/submitter.h"
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
                 const std::string& last_id)
      : database_(database),
        artifacts_(artifacts),
        options_(options),
        progress_(std::make_shared<ProgressBoard>(
            [hub = hub_](const std::string& job) { hub->Wake(job); },
            [this] { scheduler_.Poke(); })),
        writer_(database,
                [this](const std::vector<StateChange>& changes) {
                  OnChanges(changes);
                }),
        submitter_(database,
                   artifacts,
                   writer_,
                   JobLimits{options.cores, options.memory_limit_bytes},
                   last_id),
        runner_(database,
                writer_,
                artifacts,
                executor,
                progress_,
                {AttemptsFolder(database.data_dir()),
                 options.memory_limit_bytes,
                 options.max_lost_attempts}),
        scheduler_(writer_,
                   runner_,
                   *progress_,
                   Leases(options.cores, options.memory_limit_bytes)) {}
  ~StoredJobQueue() override {
    Drain();
    calls_.WaitUntilNone();
  }
  StoredJobQueue(const StoredJobQueue&) = delete;
  StoredJobQueue& operator=(const StoredJobQueue&) = delete;

  absl::Status Start();

  void SubmitJob(const std::string& owner,
                 v1::SubmitJobRequest request,
                 JobDone done) override;
  void SubmitGraph(const std::string& owner,
                   v1::SubmitGraphRequest request,
                   JobsDone done) override;
  absl::StatusOr<v1::Job> GetJob(const std::string& owner,
                                 const std::string& id) override;
  absl::StatusOr<v1::ListJobsResponse> ListJobs(
      const std::string& owner, const v1::ListJobsRequest& request) override;
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
  absl::StatusOr<v1::Array> GetOutput(const std::string& owner,
                                      const v1::OutputRef& output) override;
  absl::StatusOr<v1::QueueState> State() override;
  void Drain() override;

 private:
  void OnChanges(const std::vector<StateChange>& changes);
  // As an answer: with its progress, cut to what a message takes.
  v1::Job WithProgress(v1::Job job) const;

  Database& database_;
  ArtifactStore& artifacts_;
  const JobQueueOptions options_;
  OpenCalls calls_;
  const std::shared_ptr<WatchHub> hub_ = std::make_shared<WatchHub>();
  const std::shared_ptr<ProgressBoard> progress_;
  StateWriter writer_;
  Submitter submitter_;
  AttemptRunner runner_;
  Scheduler scheduler_;
};

absl::Status StoredJobQueue::Start() {
  std::vector<StateChange> unended;
  MODBOUND_RETURN_IF_ERROR(
      database_.Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(unended, LoadUnendedJobs(connection));
        return absl::OkStatus();
      }));
  scheduler_.OnChanges(unended);
  scheduler_.Start();
  return absl::OkStatus();
}

// On the database's writer thread, in the order of the commits.
void StoredJobQueue::OnChanges(const std::vector<StateChange>& changes) {
  scheduler_.OnChanges(changes);
  for (const StateChange& change : changes) {
    hub_->Wake(change.job);
  }
}

void StoredJobQueue::SubmitJob(const std::string& owner,
                               v1::SubmitJobRequest request,
                               JobDone done) {
  OpenCalls::Ticket ticket = calls_.BeginUnlessClosed();
  if (ticket == nullptr) {
    done(ServerStopping());
    return;
  }
  submitter_.SubmitJob(owner,
                       std::move(request),
                       [ticket = std::move(ticket), done = std::move(done)](
                           absl::StatusOr<v1::SubmitGraphResponse> response) {
                         if (response.ok()) {
                           done(std::move(*response->mutable_jobs(0)));
                         } else {
                           done(response.status());
                         }
                       });
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
        return absl::OkStatus();
      },
      [this, ticket = calls_.Begin(), id, digests, done = std::move(done)](
          const absl::Status& status) {
        if (status.ok()) {
          artifacts_.RemoveFiles(*digests);
          hub_->Wake(id);
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

void StoredJobQueue::Drain() {
  calls_.Close();
  scheduler_.Drain();
}

}  // namespace

absl::StatusOr<std::unique_ptr<JobQueue>> JobQueue::Open(
    Database& database,
    ArtifactStore& artifacts,
    Executor& executor,
    const JobQueueOptions& options) {
  MODBOUND_RETURN_IF_ERROR(MakeEmptyAttemptsFolder(database.data_dir()));
  std::vector<StateChange> made;
  std::string last_id;
  MODBOUND_RETURN_IF_ERROR(
      database.WriteAndWait([&](Connection& connection) -> absl::Status {
        JobTransitions transitions(connection, WallMicros(), made);
        MODBOUND_ASSIGN_OR_RETURN(last_id, GreatestJobId(connection));
        return ReconcileJobs(
            connection, transitions, options.max_lost_attempts);
      }));
  auto queue = std::make_unique<StoredJobQueue>(
      database, artifacts, executor, options, last_id);
  MODBOUND_RETURN_IF_ERROR(queue->Start());
  return queue;
}

}  // namespace modbound

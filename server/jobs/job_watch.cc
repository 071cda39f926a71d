#include "server/jobs/job_watch.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/job_time.h"
#include "server/jobs/job_view.h"

namespace modbound {
namespace {

absl::Status BadToken() {
  return Refuse("BAD_TOKEN",
                "resume_token",
                "resume_token is not one that this server gave for this job");
}

// Sequence of the event that the token names.
absl::StatusOr<int64_t> ParseResumeToken(const std::string& token,
                                         const std::string& job) {
  const auto dot = token.rfind('.');
  int64_t sequence = 0;
  if (dot == std::string::npos || token.substr(0, dot) != job ||
      !absl::SimpleAtoi(token.substr(dot + 1), &sequence) || sequence < 1) {
    return BadToken();
  }
  return sequence;
}

class StoredWatch final : public JobWatch {
 public:
  StoredWatch(Database& database,
              std::shared_ptr<const ProgressBoard> progress,
              std::string owner,
              std::string job)
      : database_(database),
        progress_(std::move(progress)),
        owner_(std::move(owner)),
        job_(std::move(job)) {}

  // Goes on after the event of the token; checks the job either way. An event
  // that is not there was one of a later log: the store is an older backup, and
  // the watch begins anew.
  absl::Status Begin(const std::string& token) {
    return database_.Read([&](Connection& connection) -> absl::Status {
      MODBOUND_RETURN_IF_ERROR(LoadJob(connection, owner_, job_).status());
      if (token.empty()) {
        return absl::OkStatus();
      }
      MODBOUND_ASSIGN_OR_RETURN(const int64_t sequence,
                                ParseResumeToken(token, job_));
      MODBOUND_ASSIGN_OR_RETURN(const std::optional<EventRow> event,
                                LoadEvent(connection, job_, sequence));
      if (event.has_value()) {
        snapshot_sent_ = true;
        Reach(sequence, event->state, event->attempt);
      }
      return absl::OkStatus();
    });
  }

  void Hold(std::unique_ptr<WatchHub::Subscription> subscription) {
    subscription_ = std::move(subscription);
  }

  bool done() const override { return HasEnded(state_); }

  absl::StatusOr<std::optional<v1::JobEvent>> Next() override {
    std::optional<v1::JobEvent> event;
    if (done()) {
      return event;
    }
    MODBOUND_RETURN_IF_ERROR(
        database_.Read([&](Connection& connection) -> absl::Status {
          if (!snapshot_sent_) {
            MODBOUND_ASSIGN_OR_RETURN(event, Snapshot(connection));
            return absl::OkStatus();
          }
          MODBOUND_ASSIGN_OR_RETURN(event, NextChange(connection));
          return absl::OkStatus();
        }));
    // Only after all changes: progress belongs to the attempt that the watcher
    // knows of.
    if (!event.has_value()) {
      event = NextProgress();
    }
    return event;
  }

 private:
  absl::StatusOr<v1::JobEvent> Snapshot(Connection& connection) {
    MODBOUND_ASSIGN_OR_RETURN(StoredJob stored,
                              LoadJob(connection, owner_, job_));
    MODBOUND_ASSIGN_OR_RETURN(const int64_t sequence,
                              LastSequence(connection, job_));
    snapshot_sent_ = true;
    Reach(sequence, stored.job.state(), stored.job.attempts());
    const auto latest = CurrentProgress();
    if (latest.has_value()) {
      *stored.job.mutable_progress() = latest->progress;
      progress_version_ = latest->version;
    }
    v1::JobEvent event = NewEvent(WallMicros());
    *event.mutable_snapshot() = FitIntoMessage(std::move(stored.job));
    return event;
  }

  absl::StatusOr<std::optional<v1::JobEvent>> NextChange(
      Connection& connection) {
    MODBOUND_ASSIGN_OR_RETURN(std::optional<EventRow> row,
                              LoadEvent(connection, job_, sequence_ + 1));
    if (!row.has_value()) {
      // No event because the job is gone? It must not look like patience.
      MODBOUND_RETURN_IF_ERROR(LoadJob(connection, owner_, job_).status());
      return std::optional<v1::JobEvent>();
    }
    Reach(row->sequence, row->state, row->attempt);
    v1::JobEvent event = NewEvent(row->time_us);
    v1::JobEvent::StateChange& change = *event.mutable_state_change();
    change.set_state(row->state);
    change.set_attempt(row->attempt);
    if (row->error.has_value()) {
      *change.mutable_error() = *std::move(row->error);
    }
    return std::optional<v1::JobEvent>(std::move(event));
  }

  std::optional<v1::JobEvent> NextProgress() {
    auto latest = CurrentProgress();
    if (!latest.has_value() || latest->version == progress_version_) {
      return std::nullopt;
    }
    progress_version_ = latest->version;
    v1::JobEvent event = NewEvent(latest->time_us);
    *event.mutable_progress() = std::move(latest->progress);
    return event;
  }

  // Progress of the attempt that the watcher knows of.
  std::optional<ProgressBoard::Entry> CurrentProgress() const {
    auto latest = progress_->Latest(job_);
    return state_ == v1::JobState::RUNNING && latest.has_value() &&
                   latest->attempt == attempt_
               ? std::move(latest)
               : std::nullopt;
  }

  void Reach(int64_t sequence, JobStateEnum state, int attempt) {
    sequence_ = sequence;
    state_ = state;
    attempt_ = attempt;
  }

  v1::JobEvent NewEvent(int64_t time_us) const {
    v1::JobEvent event;
    event.set_job_id(job_);
    event.set_sequence(sequence_);
    event.set_resume_token(absl::StrCat(job_, ".", sequence_));
    *event.mutable_time() = ToTimestamp(time_us);
    return event;
  }

  Database& database_;
  const std::shared_ptr<const ProgressBoard> progress_;
  const std::string owner_;
  const std::string job_;
  bool snapshot_sent_ = false;
  // What the watcher has seen.
  int64_t sequence_ = 0;
  JobStateEnum state_ = v1::JobState::UNSPECIFIED;
  int attempt_ = 0;
  int64_t progress_version_ = 0;
  std::unique_ptr<WatchHub::Subscription> subscription_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<JobWatch>> OpenWatch(
    Database& database,
    std::shared_ptr<const ProgressBoard> progress,
    WatchHub& hub,
    const std::string& owner,
    const v1::WatchJobRequest& request,
    std::function<void()> wake) {
  auto watch = std::make_unique<StoredWatch>(
      database, std::move(progress), owner, request.id());
  // Checked first: nobody subscribes to jobs that are not theirs.
  MODBOUND_RETURN_IF_ERROR(watch->Begin(request.resume_token()));
  watch->Hold(hub.Subscribe(request.id(), std::move(wake)));
  return watch;
}

}  // namespace modbound

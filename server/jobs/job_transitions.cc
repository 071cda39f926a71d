#include "server/jobs/job_transitions.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/artifacts/stored_bytes.h"
#include "server/errors/error_status.h"
#include "server/jobs/result_rows.h"

namespace modbound {
namespace {

// Conditions of steps. ?6 and ?7 are the attempt's number and token.
constexpr char kFromQueued[] = "state = 2";
constexpr char kFromWaiting[] = "state = 1";
constexpr char kFromUnstarted[] = "state IN (1, 2)";
constexpr char kFromAttempt[] = "state = 3 AND attempt = ?6 AND token = ?7";

// What became of the jobs that one job needs.
struct Needs {
  int64_t unended = 0;
  std::string failed;  // one that ended without success; "" = none
  JobStateEnum failed_state = v1::JobState::UNSPECIFIED;
};

absl::StatusOr<Needs> LoadNeeds(Connection& connection,
                                const std::string& job) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT d.needs, COALESCE(n.state, 5) FROM dependency d LEFT JOIN "
          "job n ON n.id = d.needs WHERE d.job = ?1 ORDER BY d.needs"));
  statement.Bind(1, job);
  Needs needs;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return needs;
    }
    const auto state = static_cast<JobStateEnum>(statement.Int(1));
    if (!HasEnded(state)) {
      ++needs.unended;
    } else if (state != v1::JobState::SUCCEEDED && needs.failed.empty()) {
      needs.failed = statement.Text(0);
      needs.failed_state = state;
    }
  }
}

absl::Status DependencyFailed(const Needs& needs) {
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   "DEPENDENCY_FAILED",
                   "",
                   absl::StrCat("job ",
                                needs.failed,
                                ", whose outputs it takes, is ",
                                StateWord(needs.failed_state)));
}

}  // namespace

JobEnd EndedBy(JobStateEnum state, const absl::Status& error) {
  JobEnd end;
  end.state = state;
  *end.result.mutable_error() = ToRpcStatus(error);
  return end;
}

// One conditional update.
struct JobTransitions::Step {
  const std::string& job;
  JobStateEnum to = v1::JobState::UNSPECIFIED;
  const char* condition = nullptr;
  const AttemptKey* key = nullptr;  // with kFromAttempt
  std::string token = {};           // with RUNNING
  // With QUEUED, from an attempt: it is counted.
  std::optional<Loss> loss = std::nullopt;
  const v1::Job* result = nullptr;  // with an end
  std::optional<google::rpc::Status> error = std::nullopt;
};

absl::StatusOr<bool> JobTransitions::Take(const Step& step) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection_.Prepare(absl::StrCat(
          "UPDATE job SET state = ?1, token = ?3, result = ?4, "
          "attempt = attempt + (?1 = 3), lost = lost + ?8, "
          "worker_faults = worker_faults + ?9, ready_us = iif(?1 = 2, ?2, "
          "ready_us), "
          // The wall clock may have jumped back: nothing takes less than 0.
          "start_us = iif(?1 = 3, max(?2, submit_us), start_us), "
          "end_us = iif(?1 >= 4, max(?2, submit_us, start_us), end_us) "
          "WHERE id = ?5 AND ",
          step.condition,
          " RETURNING ",
          kScheduleColumns)));
  statement.Bind(1, int64_t{step.to})
      .Bind(2, now_us_)
      .Bind(3, step.token)
      .Bind(5, step.job)
      .Bind(8, int64_t{step.loss == Loss::kServer})
      .Bind(9, int64_t{step.loss == Loss::kWorker});
  if (step.result != nullptr) {
    statement.BindBlob(4, step.result->SerializeAsString());
  } else {
    statement.BindNull(4);
  }
  if (step.key != nullptr) {
    statement.Bind(6, int64_t{step.key->attempt}).Bind(7, step.key->token);
  }
  MODBOUND_ASSIGN_OR_RETURN(const bool taken, statement.Step());
  if (!taken) {
    return false;
  }
  StateChange change;
  change.job = step.job;
  change.state = step.to;
  change.schedule = ReadSchedule(statement, 0);
  change.time_us = now_us_;
  if (step.error.has_value()) {
    change.reason = ReasonOf(FromRpcStatus(*step.error));
  }
  change.from_cache = step.result != nullptr && step.result->cache_info().hit();
  MODBOUND_RETURN_IF_ERROR(statement.Step().status());
  MODBOUND_RETURN_IF_ERROR(
      InsertEvent(connection_,
                  step.job,
                  {0, now_us_, step.to, change.schedule.attempt, step.error}));
  if (step.to == v1::JobState::QUEUED) {
    MODBOUND_RETURN_IF_ERROR(NoteAnswer(change.schedule));
  }
  if (HasEnded(step.to)) {
    MODBOUND_RETURN_IF_ERROR(ReserveBytes(
        connection_, change.schedule.owner, -change.schedule.reserved_bytes));
  }
  made_.push_back(std::move(change));
  return true;
}

absl::Status JobTransitions::NoteAnswer(JobSchedule& schedule) {
  if (!schedule.no_cache && !schedule.cache_key.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(schedule.answerable,
                              HasResult(connection_, schedule.cache_key));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> JobTransitions::TakeEnd(const Step& step) {
  MODBOUND_ASSIGN_OR_RETURN(const bool taken, Take(step));
  if (taken) {
    MODBOUND_RETURN_IF_ERROR(AdvanceDependents(step.job));
  }
  return taken;
}

absl::Status JobTransitions::Submit(const NewJob& job) {
  StateChange change{job.job.id(), job.state, job.schedule, now_us_, true};
  if (job.state == v1::JobState::QUEUED) {
    if (change.schedule.cache_key.empty()) {
      MODBOUND_ASSIGN_OR_RETURN(change.schedule.cache_key,
                                KeyOfReadyJob(connection_, job.job));
    }
    MODBOUND_RETURN_IF_ERROR(NoteAnswer(change.schedule));
  }
  MODBOUND_ASSIGN_OR_RETURN(
      change.schedule.number,
      InsertJob(connection_,
                {job.job, change.schedule, job.state, job.submit_us}));
  MODBOUND_RETURN_IF_ERROR(InsertEvent(
      connection_, job.job.id(), {1, now_us_, job.state, 0, std::nullopt}));
  made_.push_back(std::move(change));
  return absl::OkStatus();
}

absl::StatusOr<bool> JobTransitions::Start(const std::string& job,
                                           const std::string& token) {
  return Take({.job = job,
               .to = v1::JobState::RUNNING,
               .condition = kFromQueued,
               .token = token});
}

absl::StatusOr<bool> JobTransitions::Requeue(const AttemptKey& key,
                                             const absl::Status& reason) {
  return Take({.job = key.job,
               .to = v1::JobState::QUEUED,
               .condition = kFromAttempt,
               .key = &key,
               .error = ToRpcStatus(reason)});
}

namespace {

std::optional<google::rpc::Status> ErrorOf(const JobEnd& end) {
  return end.result.has_error() ? std::optional(end.result.error())
                                : std::nullopt;
}

}  // namespace

absl::StatusOr<bool> JobTransitions::EndAttempt(const AttemptKey& key,
                                                const JobEnd& end) {
  return TakeEnd({.job = key.job,
                  .to = end.state,
                  .condition = kFromAttempt,
                  .key = &key,
                  .result = &end.result,
                  .error = ErrorOf(end)});
}

absl::StatusOr<bool> JobTransitions::Lose(const AttemptKey& key,
                                          Loss loss,
                                          const absl::Status& reason,
                                          int most,
                                          const absl::Status& exhausted) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection_.Prepare(loss == Loss::kServer
                              ? "SELECT lost FROM job WHERE id = ?1"
                              : "SELECT worker_faults FROM job WHERE id = "
                                "?1"));
  MODBOUND_ASSIGN_OR_RETURN(const bool found,
                            statement.Bind(1, key.job).Step());
  if (found && most > 0 && statement.Int(0) + 1 >= most) {
    return EndAttempt(key, EndedBy(v1::JobState::FAILED, exhausted));
  }
  return Take({.job = key.job,
               .to = v1::JobState::QUEUED,
               .condition = kFromAttempt,
               .key = &key,
               .loss = loss,
               .error = ToRpcStatus(reason)});
}

absl::StatusOr<bool> JobTransitions::EndUnstarted(const std::string& job,
                                                  const JobEnd& end) {
  return TakeEnd({.job = job,
                  .to = end.state,
                  .condition = kFromUnstarted,
                  .result = &end.result,
                  .error = ErrorOf(end)});
}

absl::Status JobTransitions::Advance(const std::string& job) {
  MODBOUND_ASSIGN_OR_RETURN(const bool skipped, AdvanceOne(job));
  return skipped ? AdvanceDependents(job) : absl::OkStatus();
}

// Its inputs exist from now on.
absl::Status JobTransitions::StoreKey(const std::string& job) {
  MODBOUND_ASSIGN_OR_RETURN(const StoredJob stored,
                            LoadAnyJob(connection_, job));
  MODBOUND_ASSIGN_OR_RETURN(const std::string key,
                            KeyOfReadyJob(connection_, stored.job));
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection_.Prepare("UPDATE job SET cache_key = ?2 WHERE id = ?1"));
  return statement.Bind(1, job).Bind(2, key).Run();
}

// True when the job became SKIPPED: then those that need it follow.
absl::StatusOr<bool> JobTransitions::AdvanceOne(const std::string& job) {
  MODBOUND_ASSIGN_OR_RETURN(const Needs needs, LoadNeeds(connection_, job));
  if (!needs.failed.empty()) {
    const JobEnd end = EndedBy(v1::JobState::SKIPPED, DependencyFailed(needs));
    return Take({.job = job,
                 .to = end.state,
                 .condition = kFromWaiting,
                 .result = &end.result,
                 .error = ErrorOf(end)});
  }
  if (needs.unended == 0) {
    MODBOUND_RETURN_IF_ERROR(StoreKey(job));
    MODBOUND_RETURN_IF_ERROR(
        Take(
            {.job = job, .to = v1::JobState::QUEUED, .condition = kFromWaiting})
            .status());
  }
  return false;
}

// A list of work instead of recursion: chains may have 10,000 jobs.
absl::Status JobTransitions::AdvanceDependents(const std::string& job) {
  std::vector<std::string> ended = {job};
  while (!ended.empty()) {
    const std::string need = std::move(ended.back());
    ended.pop_back();
    MODBOUND_ASSIGN_OR_RETURN(
        const std::vector<std::string> dependents,
        TextColumn(
            connection_, "SELECT job FROM dependency WHERE needs = ?1", need));
    for (const std::string& dependent : dependents) {
      MODBOUND_ASSIGN_OR_RETURN(const bool skipped, AdvanceOne(dependent));
      if (skipped) {
        ended.push_back(dependent);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace modbound

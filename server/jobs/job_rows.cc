#include "server/jobs/job_rows.h"

#include <utility>

#include "core/base/error.h"
#include "server/jobs/job_time.h"

namespace modbound {
namespace {

absl::Status Damaged(const char* what) {
  return MakeError(absl::StatusCode::kInternal,
                   reason::kInternal,
                   "",
                   std::string("a stored ") + what +
                       " cannot be read: restore modbound.sqlite3 from a "
                       "backup");
}

absl::Status InsertLabels(Connection& connection,
                          const v1::Job& job,
                          int64_t number) {
  for (const auto& [key, value] : job.labels()) {
    MODBOUND_ASSIGN_OR_RETURN(
        Statement statement,
        connection.Prepare("INSERT INTO job_label(job, key, value, number) "
                           "VALUES(?1, ?2, ?3, ?4)"));
    MODBOUND_RETURN_IF_ERROR(statement.Bind(1, job.id())
                                 .Bind(2, key)
                                 .Bind(3, value)
                                 .Bind(4, number)
                                 .Run());
  }
  return absl::OkStatus();
}

// Adds to the job what its end brought.
absl::Status MergeResult(const std::string& bytes, v1::Job& job) {
  v1::Job result;
  if (!result.ParseFromString(bytes)) {
    return Damaged("result");
  }
  job.MergeFrom(result);
  if (job.state() == v1::JobState::SUCCEEDED) {
    job.mutable_progress()->set_fraction(1);
  }
  return absl::OkStatus();
}

absl::StatusOr<StoredJob> LoadOne(Statement statement, const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(const bool found, statement.Step());
  if (!found) {
    return JobNotFound(id);
  }
  return LoadRow(statement);
}

absl::StatusOr<std::vector<std::string>> FirstColumn(Statement statement) {
  std::vector<std::string> column;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return column;
    }
    column.push_back(statement.Text(0));
  }
}

}  // namespace

JobSchedule ReadSchedule(const Statement& statement, int first) {
  JobSchedule schedule;
  schedule.number = statement.Int(first);
  schedule.priority = static_cast<int>(statement.Int(first + 1));
  schedule.threads = static_cast<int>(statement.Int(first + 2));
  schedule.memory_bytes = statement.Int(first + 3);
  schedule.attempt = static_cast<int>(statement.Int(first + 4));
  schedule.ready_us = statement.Int(first + 5);
  schedule.deadline_us = statement.Int(first + 6);
  schedule.max_run_us = statement.Int(first + 7);
  schedule.lost = static_cast<int>(statement.Int(first + 8));
  schedule.owner = statement.Text(first + 9);
  schedule.kind = statement.Text(first + 10);
  schedule.cache_key = statement.Text(first + 11);
  schedule.no_cache = statement.Int(first + 12) != 0;
  schedule.start_us = statement.Int(first + 13);
  schedule.reserved_bytes = statement.Int(first + 14);
  return schedule;
}

absl::StatusOr<int64_t> InsertJob(Connection& connection, const NewJob& job) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT INTO job(id, owner, kind, state, priority, threads, "
          "memory_bytes, submit_us, ready_us, deadline_us, max_run_us, "
          "cache_key, no_cache, pinned, job, reserved_bytes) VALUES(?1, ?2, "
          "?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"));
  const JobSchedule& schedule = job.schedule;
  statement.Bind(1, job.job.id())
      .Bind(2, job.job.owner())
      .Bind(3, job.job.kind())
      .Bind(4, int64_t{job.state})
      .Bind(5, int64_t{schedule.priority})
      .Bind(6, int64_t{schedule.threads})
      .Bind(7, schedule.memory_bytes)
      .Bind(8, job.submit_us)
      .Bind(9, schedule.ready_us)
      .Bind(10, schedule.deadline_us)
      .Bind(11, schedule.max_run_us)
      .Bind(12, schedule.cache_key)
      .Bind(13, int64_t{schedule.no_cache})
      .Bind(14, int64_t{job.job.pinned()})
      .BindBlob(15, job.job.SerializeAsString())
      .Bind(16, schedule.reserved_bytes);
  MODBOUND_RETURN_IF_ERROR(statement.Run());
  const int64_t number = connection.LastInsertNumber();
  MODBOUND_RETURN_IF_ERROR(InsertLabels(connection, job.job, number));
  return number;
}

absl::Status InsertDependency(Connection& connection,
                              const std::string& job,
                              const std::string& needs) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT OR IGNORE INTO dependency(job, needs) VALUES(?1, ?2)"));
  return statement.Bind(1, job).Bind(2, needs).Run();
}

absl::Status InsertArtifactUse(Connection& connection,
                               const std::string& job,
                               const std::string& digest) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT OR IGNORE INTO artifact_use(digest, job, owner) SELECT ?1, "
          "id, owner FROM job WHERE id = ?2"));
  return statement.Bind(1, digest).Bind(2, job).Run();
}

absl::StatusOr<StoredJob> LoadRow(const Statement& statement) {
  StoredJob stored;
  v1::Job& job = stored.job;
  if (!job.ParseFromString(statement.Text(0))) {
    return Damaged("job");
  }
  for (auto& [name, array] : *job.mutable_outputs()) {
    stored.planned_outputs[name] = std::move(array);
  }
  job.clear_outputs();
  job.set_state(static_cast<JobStateEnum>(statement.Int(2)));
  job.set_attempts(static_cast<int>(statement.Int(3)));
  if (statement.Int(4) != 0) {
    *job.mutable_start_time() = ToTimestamp(statement.Int(4));
  }
  if (statement.Int(5) != 0) {
    *job.mutable_end_time() = ToTimestamp(statement.Int(5));
  }
  stored.number = statement.Int(6);
  if (!statement.IsNull(1)) {
    MODBOUND_RETURN_IF_ERROR(MergeResult(statement.Text(1), job));
  }
  return stored;
}

absl::StatusOr<StoredJob> LoadJob(Connection& connection,
                                  const std::string& owner,
                                  const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(std::string("SELECT ") + kJobColumns +
                         " FROM job WHERE id = ?1 AND owner = ?2"));
  statement.Bind(1, id).Bind(2, owner);
  return LoadOne(std::move(statement), id);
}

absl::StatusOr<StoredJob> LoadAnyJob(Connection& connection,
                                     const std::string& id) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(std::string("SELECT ") + kJobColumns +
                         " FROM job WHERE id = ?1"));
  statement.Bind(1, id);
  return LoadOne(std::move(statement), id);
}

absl::Status InsertEvent(Connection& connection,
                         const std::string& job,
                         const EventRow& event) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "INSERT INTO event(job, sequence, time_us, state, attempt, error) "
          "VALUES(?1, iif(?2 > 0, ?2, (SELECT COALESCE(MAX(sequence), 0) + 1 "
          "FROM event WHERE job = ?1)), ?3, ?4, ?5, ?6)"));
  statement.Bind(1, job)
      .Bind(2, event.sequence)
      .Bind(3, event.time_us)
      .Bind(4, int64_t{event.state})
      .Bind(5, int64_t{event.attempt});
  if (event.error.has_value()) {
    statement.BindBlob(6, event.error->SerializeAsString());
  } else {
    statement.BindNull(6);
  }
  return statement.Run();
}

absl::StatusOr<std::optional<EventRow>> LoadEvent(Connection& connection,
                                                  const std::string& job,
                                                  int64_t sequence) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT time_us, state, attempt, error FROM event "
                         "WHERE job = ?1 AND sequence = ?2"));
  MODBOUND_ASSIGN_OR_RETURN(const bool found,
                            statement.Bind(1, job).Bind(2, sequence).Step());
  if (!found) {
    return std::optional<EventRow>();
  }
  EventRow event;
  event.sequence = sequence;
  event.time_us = statement.Int(0);
  event.state = static_cast<JobStateEnum>(statement.Int(1));
  event.attempt = static_cast<int>(statement.Int(2));
  if (!statement.IsNull(3) &&
      !event.error.emplace().ParseFromString(statement.Text(3))) {
    return Damaged("event");
  }
  return std::optional<EventRow>(std::move(event));
}

absl::StatusOr<int64_t> LastSequence(Connection& connection,
                                     const std::string& job) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(
          "SELECT COALESCE(MAX(sequence), 0) FROM event WHERE job = ?1"));
  MODBOUND_RETURN_IF_ERROR(statement.Bind(1, job).Step().status());
  return statement.Int(0);
}

absl::StatusOr<std::vector<std::string>> TextColumn(Connection& connection,
                                                    std::string_view sql) {
  MODBOUND_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(sql));
  return FirstColumn(std::move(statement));
}

absl::StatusOr<std::vector<std::string>> TextColumn(
    Connection& connection,
    std::string_view sql,
    const std::string& parameter) {
  MODBOUND_ASSIGN_OR_RETURN(Statement statement, connection.Prepare(sql));
  statement.Bind(1, parameter);
  return FirstColumn(std::move(statement));
}

}  // namespace modbound

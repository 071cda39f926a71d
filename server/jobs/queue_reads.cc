#include "server/jobs/queue_reads.h"

#include "core/base/error.h"
#include "server/jobs/job_rows.h"

namespace modbound {

absl::StatusOr<std::vector<StateChange>> LoadUnendedJobs(
    Connection& connection) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT id, state, number, priority, threads, "
                         "memory_bytes, attempt, ready_us, deadline_us, "
                         "max_run_us, lost FROM job WHERE state < 4 ORDER BY "
                         "number"));
  std::vector<StateChange> jobs;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return jobs;
    }
    jobs.push_back({statement.Text(0),
                    static_cast<JobStateEnum>(statement.Int(1)),
                    {statement.Int(2),
                     static_cast<int>(statement.Int(3)),
                     static_cast<int>(statement.Int(4)),
                     statement.Int(5),
                     static_cast<int>(statement.Int(6)),
                     statement.Int(7),
                     statement.Int(8),
                     statement.Int(9),
                     static_cast<int>(statement.Int(10))}});
  }
}

absl::StatusOr<v1::QueueState> CountJobs(Connection& connection) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT state, COUNT(*) FROM job WHERE state < 4 "
                         "GROUP BY state"));
  v1::QueueState counts;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return counts;
    }
    switch (statement.Int(0)) {
      case v1::JobState::WAITING:
        counts.set_waiting(statement.Int(1));
        break;
      case v1::JobState::QUEUED:
        counts.set_queued(statement.Int(1));
        break;
      default:
        counts.set_running(statement.Int(1));
    }
  }
}

absl::StatusOr<std::string> GreatestJobId(Connection& connection) {
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<std::string> ids,
      TextColumn(connection, "SELECT COALESCE(MAX(id), '') FROM job"));
  return ids.front();
}

}  // namespace modbound

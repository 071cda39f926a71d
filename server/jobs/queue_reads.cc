#include "server/jobs/queue_reads.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/jobs/job_rows.h"

namespace modbound {

absl::StatusOr<std::vector<StateChange>> LoadUnendedJobs(
    Connection& connection) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare(absl::StrCat(
          "SELECT id, state, ",
          kScheduleColumns,
          ", no_cache = 0 AND cache_key != '' AND EXISTS(SELECT 1 FROM job s "
          "WHERE s.cache_key = job.cache_key AND s.cache_key != '' AND s.state "
          "= 4) "
          "FROM job WHERE state < 4 ORDER BY number")));
  std::vector<StateChange> jobs;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return jobs;
    }
    jobs.push_back({statement.Text(0),
                    static_cast<JobStateEnum>(statement.Int(1)),
                    ReadSchedule(statement, 2)});
    jobs.back().schedule.answerable = statement.Int(17) != 0;
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

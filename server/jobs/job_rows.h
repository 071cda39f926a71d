#ifndef MODBOUND_SERVER_JOBS_JOB_ROWS_H_
#define MODBOUND_SERVER_JOBS_JOB_ROWS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/rpc/status.pb.h"
#include "modbound/v1/job.pb.h"
#include "server/jobs/job_state.h"
#include "server/store/database.h"

// Rows of jobs as SQL. What the columns mean: server/store/schema.h. Beyond
// that, the `job` blob keeps in Job.outputs what the plan says the job will
// make (dtype, shape with -1 for an extent known only after the run, axes),
// from which later jobs are planned; clients see outputs only once they exist.
namespace modbound {

// Columns that scheduling works with.
struct JobSchedule {
  int64_t number = 0;  // order of submission
  int priority = 0;
  int threads = 1;
  int64_t memory_bytes = 0;
  int attempt = 0;
  int64_t ready_us = 0;
  int64_t start_us = 0;     // of the last attempt
  int64_t deadline_us = 0;  // 0 = none
  int64_t max_run_us = 0;   // 0 = none
  int lost = 0;             // attempts, as in the schema
  std::string owner;
  std::string kind;
  std::string cache_key;  // as in the schema
  bool no_cache = false;
  int64_t reserved_bytes = 0;  // as in the schema
  // A job that SUCCEEDED has its result (ResultCache).
  bool answerable = false;
};

// A job as it is stored.
struct StoredJob {
  // As clients see it, but for the progress of a running one.
  v1::Job job;
  std::map<std::string, v1::Array> planned_outputs;
  int64_t number = 0;
};

// A job to be inserted.
struct NewJob {
  v1::Job job;  // with the planned outputs
  JobSchedule schedule;
  JobStateEnum state = v1::JobState::QUEUED;
  int64_t submit_us = 0;
};

// The columns that ReadSchedule reads, in its order.
inline constexpr char kScheduleColumns[] =
    "number, priority, threads, memory_bytes, attempt, ready_us, deadline_us, "
    "max_run_us, lost, owner, kind, cache_key, no_cache, start_us, "
    "reserved_bytes";
// The schedule of a row that has kScheduleColumns from column `first` on; not
// whether it is answerable.
JobSchedule ReadSchedule(const Statement& statement, int first);

// Adds the rows of a job and its labels, not its first event. Returns its
// number in the order of submission.
absl::StatusOr<int64_t> InsertJob(Connection& connection, const NewJob& job);
absl::Status InsertDependency(Connection& connection,
                              const std::string& job,
                              const std::string& needs);
absl::Status InsertArtifactUse(Connection& connection,
                               const std::string& job,
                               const std::string& digest);

// The columns that LoadRow reads, in its order.
inline constexpr char kJobColumns[] =
    "job.job, job.result, job.state, job.attempt, job.start_us, job.end_us, "
    "job.number";
// A job from a row of kJobColumns. Errors: kInternal for damaged rows.
absl::StatusOr<StoredJob> LoadRow(const Statement& statement);

// The owner's job. Another owner's job is as absent as one that never was.
// Errors: kNotFound JOB_NOT_FOUND.
absl::StatusOr<StoredJob> LoadJob(Connection& connection,
                                  const std::string& owner,
                                  const std::string& id);
// Whoever's job. Errors as LoadJob.
absl::StatusOr<StoredJob> LoadAnyJob(Connection& connection,
                                     const std::string& id);

// A row of table event.
struct EventRow {
  int64_t sequence = 0;  // from 1
  int64_t time_us = 0;
  JobStateEnum state = v1::JobState::UNSPECIFIED;
  int attempt = 0;
  std::optional<google::rpc::Status> error;
};

// Appends an event of the job. Sequence 0: the one after its last; the first
// event of a job says 1, which spares the search for the last.
absl::Status InsertEvent(Connection& connection,
                         const std::string& job,
                         const EventRow& event);
// Event `sequence` of the job, nothing when it is not there.
absl::StatusOr<std::optional<EventRow>> LoadEvent(Connection& connection,
                                                  const std::string& job,
                                                  int64_t sequence);
// 0 when the job has none.
absl::StatusOr<int64_t> LastSequence(Connection& connection,
                                     const std::string& job);

// First column of every row of a query without parameters, or with one.
absl::StatusOr<std::vector<std::string>> TextColumn(Connection& connection,
                                                    std::string_view sql);
absl::StatusOr<std::vector<std::string>> TextColumn(
    Connection& connection, std::string_view sql, const std::string& parameter);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_ROWS_H_

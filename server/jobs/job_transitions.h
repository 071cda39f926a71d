#ifndef MODBOUND_SERVER_JOBS_JOB_TRANSITIONS_H_
#define MODBOUND_SERVER_JOBS_JOB_TRANSITIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/jobs/job_rows.h"
#include "server/jobs/job_state.h"
#include "server/store/database.h"

namespace modbound {

// A state that a job got, told to the scheduler, to watchers and to metrics
// after commit.
struct StateChange {
  std::string job;
  JobStateEnum state = v1::JobState::UNSPECIFIED;
  JobSchedule schedule;
  int64_t time_us = 0;
  // The job was accepted with it.
  bool submitted = false;
  // Of its error; "" = none.
  std::string reason = {};
  // It ended with the result of another job.
  bool from_cache = false;
};

// An attempt: only who holds its token writes for it.
struct AttemptKey {
  std::string job;
  int attempt = 0;
  std::string token;
};

// How a job ends. `result` has its error, or its summary, outputs and
// provenance.
struct JobEnd {
  JobStateEnum state = v1::JobState::UNSPECIFIED;
  v1::Job result;
};
// FAILED, CANCELLED or SKIPPED because of `error`.
JobEnd EndedBy(JobStateEnum state, const absl::Status& error);

// What an attempt was lost with. Each is counted, and limited, on its own: a
// worker that crashes endangers no other job, as an end of the server does.
enum class Loss { kServer, kWorker };

// The state machine, inside one Database change:
//   WAITING -> QUEUED -> RUNNING -> SUCCEEDED, FAILED, CANCELLED
//   WAITING, QUEUED -> FAILED, CANCELLED;  WAITING -> SKIPPED;
//   QUEUED -> SUCCEEDED (with the result of an equal job);
//   RUNNING -> QUEUED (a new attempt).
// Each step is one conditional update with its event; a step whose condition
// does not hold any more does nothing and returns false. Ended jobs never
// change. When a job ends, what was reserved for it is given back, and those
// that need it become QUEUED or SKIPPED, in the same change, however long the
// chain.
class JobTransitions {
 public:
  // Steps taken are appended to `made`. All references must outlive this.
  JobTransitions(Connection& connection,
                 int64_t now_us,
                 std::vector<StateChange>& made)
      : connection_(connection), now_us_(now_us), made_(made) {}

  // Inserts a job with its first event. The caller reserves its reserved_bytes.
  absl::Status Submit(const NewJob& job);
  // QUEUED -> RUNNING; the attempt's number is the last one's plus 1.
  absl::StatusOr<bool> Start(const std::string& job, const std::string& token);
  // RUNNING -> QUEUED.
  absl::StatusOr<bool> Requeue(const AttemptKey& key,
                               const absl::Status& reason);
  // As Requeue, and counts the attempt as lost. The `most`-th attempt that a
  // job loses so (0 = no limit) is its last: RUNNING -> FAILED because of
  // `exhausted`.
  absl::StatusOr<bool> Lose(const AttemptKey& key,
                            Loss loss,
                            const absl::Status& reason,
                            int most,
                            const absl::Status& exhausted);
  // RUNNING -> an end.
  absl::StatusOr<bool> EndAttempt(const AttemptKey& key, const JobEnd& end);
  // WAITING, QUEUED -> an end; SUCCEEDED only of a job that is QUEUED.
  absl::StatusOr<bool> EndUnstarted(const std::string& job, const JobEnd& end);
  // WAITING -> QUEUED or SKIPPED when all that the job needs has ended.
  absl::Status Advance(const std::string& job);

 private:
  struct Step;
  absl::StatusOr<bool> Take(const Step& step);
  absl::StatusOr<bool> TakeEnd(const Step& step);
  // Sets schedule.answerable.
  absl::Status NoteAnswer(JobSchedule& schedule);
  absl::Status StoreKey(const std::string& job);
  absl::Status AdvanceDependents(const std::string& job);
  absl::StatusOr<bool> AdvanceOne(const std::string& job);

  Connection& connection_;
  const int64_t now_us_;
  std::vector<StateChange>& made_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_TRANSITIONS_H_

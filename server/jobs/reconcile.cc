#include "server/jobs/reconcile.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/files/file_io.h"
#include "server/jobs/job_rows.h"

namespace modbound {
namespace {

struct Interrupted {
  AttemptKey key;
  bool cancel_requested = false;
};

absl::Status AttemptsExhausted(int most) {
  return MakeError(absl::StatusCode::kAborted,
                   "ATTEMPTS_EXHAUSTED",
                   "",
                   absl::StrCat("the server came to an end ",
                                most,
                                " times while it ran the job, which may be the "
                                "cause; the limit is the server's flag "
                                "max_lost_attempts"));
}

absl::StatusOr<std::vector<Interrupted>> LoadInterrupted(
    Connection& connection) {
  MODBOUND_ASSIGN_OR_RETURN(
      Statement statement,
      connection.Prepare("SELECT id, attempt, token, cancel_requested FROM job "
                         "WHERE state = 3 AND state < 4 ORDER BY number"));
  std::vector<Interrupted> jobs;
  while (true) {
    MODBOUND_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) {
      return jobs;
    }
    jobs.push_back({{statement.Text(0),
                     static_cast<int>(statement.Int(1)),
                     statement.Text(2)},
                    statement.Int(3) != 0});
  }
}

}  // namespace

absl::Status ReconcileJobs(Connection& connection,
                           JobTransitions& transitions,
                           int max_lost_attempts) {
  MODBOUND_ASSIGN_OR_RETURN(const std::vector<Interrupted> interrupted,
                            LoadInterrupted(connection));
  for (const Interrupted& job : interrupted) {
    MODBOUND_RETURN_IF_ERROR(
        (job.cancel_requested
             ? transitions.EndAttempt(
                   job.key, EndedBy(v1::JobState::CANCELLED, JobCancelled()))
             : transitions.Lose(job.key,
                                Loss::kServer,
                                ServerStopping(),
                                max_lost_attempts,
                                AttemptsExhausted(max_lost_attempts)))
            .status());
  }
  // Every end advances its dependents in its own transaction, so this finds
  // nothing unless rows were changed by other hands.
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<std::string> waiting,
      TextColumn(connection,
                 "SELECT id FROM job WHERE state = 1 AND state < 4 AND NOT "
                 "EXISTS(SELECT 1 "
                 "FROM dependency d JOIN job n ON n.id = d.needs WHERE d.job = "
                 "job.id AND n.state < 4) ORDER BY number"));
  for (const std::string& job : waiting) {
    MODBOUND_RETURN_IF_ERROR(transitions.Advance(job));
  }
  return absl::OkStatus();
}

std::string AttemptsFolder(const std::string& data_dir) {
  return data_dir + "/attempts";
}

}  // namespace modbound

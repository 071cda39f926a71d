#ifndef MODBOUND_SERVER_JOBS_DELETE_JOB_H_
#define MODBOUND_SERVER_JOBS_DELETE_JOB_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/jobs/job_logs.h"
#include "server/store/database.h"

namespace modbound {

// Removes the rows of an ended job of the owner and of artifacts that nothing
// else uses, inside a Database change. Its request id stays known, so that a
// late repeat of the submit does not run it again; so does that its log is to
// be removed, until FinishLogRemovals. Returns the digests whose files may go.
// Errors: kNotFound JOB_NOT_FOUND; kFailedPrecondition WRONG_STATE (it has not
// ended, or a job that has not ended needs it).
absl::StatusOr<std::vector<std::string>> DeleteJobRows(Connection& connection,
                                                       const std::string& owner,
                                                       const std::string& id);

// Removes the logs of deleted jobs that an earlier server came to its end
// before removing. Errors: those of the store.
absl::Status FinishLogRemovals(Database& database, JobLogs& logs);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_DELETE_JOB_H_

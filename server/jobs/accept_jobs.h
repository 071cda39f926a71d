#ifndef MODBOUND_SERVER_JOBS_ACCEPT_JOBS_H_
#define MODBOUND_SERVER_JOBS_ACCEPT_JOBS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/jobs/job_transitions.h"
#include "server/jobs/open_job_limit.h"
#include "server/jobs/plan_jobs.h"
#include "server/store/database.h"

namespace modbound {

// Who asks, and under which name of theirs.
struct RequestKey {
  std::string owner;
  std::string request_id;  // "" = none
  std::string body_sha256;
};

// Ids of the jobs that an earlier request of this key made; nothing when there
// was none. Errors: kInvalidArgument REQUEST_ID_REUSED when its body was
// another.
absl::StatusOr<std::optional<std::vector<std::string>>> FindRequest(
    Connection& connection, const RequestKey& key);

// Inserts planned jobs, all or none, inside a Database change: looks for an
// earlier request once more (two of the same id may have been planned at once),
// checks that the owner may have so many more, that their inputs and planned
// outputs fit into `artifacts` beside all that is stored and reserved, and that
// what they take is still there, decides WAITING or QUEUED, which their rows
// then say. Returns the ids of the earlier request; nothing when there was none
// and these jobs were inserted. Errors: REQUEST_ID_REUSED; kResourceExhausted
// QUOTA_EXCEEDED; kNotFound JOB_NOT_FOUND, ARTIFACT_NOT_FOUND;
// kFailedPrecondition DEPENDENCY_FAILED.
absl::StatusOr<std::optional<std::vector<std::string>>> AcceptJobs(
    Connection& connection,
    JobTransitions& transitions,
    const RequestKey& key,
    OpenJobLimit& open_jobs,
    const ArtifactStore& artifacts,
    std::vector<PlannedJob>& jobs);

// The job of a row that AcceptJobs has just inserted, as LoadJob would find it.
v1::Job JobAsAccepted(const NewJob& row);

// The answer to a submit, from the store. Errors: kNotFound JOB_NOT_FOUND for a
// job that was deleted since.
absl::StatusOr<v1::SubmitGraphResponse> LoadResponse(
    Connection& connection,
    const std::string& owner,
    const std::vector<std::string>& ids);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_ACCEPT_JOBS_H_

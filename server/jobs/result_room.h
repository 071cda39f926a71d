#ifndef MODBOUND_SERVER_JOBS_RESULT_ROOM_H_
#define MODBOUND_SERVER_JOBS_RESULT_ROOM_H_

#include <string>

#include "absl/status/status.h"
#include "modbound/v1/job.pb.h"
#include "server/artifacts/artifact_store.h"
#include "server/store/database.h"

namespace modbound {

// Inside the change that ends `job` with the outputs of `result`, before it
// does: kResourceExhausted QUOTA_EXCEEDED when they would pass a limit of
// stored bytes. What the job was planned to make has its place; nobody reserved
// what was not known at submit, or came from a server without limits.
absl::Status CheckResultFits(Connection& connection,
                             const ArtifactStore& artifacts,
                             const std::string& job,
                             const v1::Job& result);

// Whether CheckResultFits says so, rather than that the store failed.
bool DoesNotFit(const absl::Status& status);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_RESULT_ROOM_H_

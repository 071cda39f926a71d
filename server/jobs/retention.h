#ifndef MODBOUND_SERVER_JOBS_RETENTION_H_
#define MODBOUND_SERVER_JOBS_RETENTION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/database.h"

namespace modbound {

// Jobs and files that a step of the clean-up took away.
struct RemovedJobs {
  std::vector<std::string> jobs;
  // Files that may go (ArtifactStore::RemoveFiles).
  std::vector<std::string> digests;
};

// Deletes, inside a Database change, the jobs that ended before `before_us`, at
// most `most` of them, the oldest first; not those that are pinned or that a
// job needs which has not ended. Errors: those of the store.
absl::StatusOr<RemovedJobs> RemoveJobsEndedBefore(Connection& connection,
                                                  int64_t before_us,
                                                  int64_t most);

// Forgets, inside a Database change, the request ids of before `before_us`
// whose jobs are all deleted, at most `most` of them; how many.
absl::StatusOr<int64_t> ForgetRequests(Connection& connection,
                                       int64_t before_us,
                                       int64_t most);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_RETENTION_H_

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

// Who made a request, and under which name.
struct RequestName {
  std::string owner;
  std::string request_id;
};

// Requests of before `before_us` whose jobs are deleted, at most `most`, in a
// query: it looks at every request that is known.
absl::StatusOr<std::vector<RequestName>> FindForgettable(Connection& connection,
                                                         int64_t before_us,
                                                         int64_t most);

// Forgets them, inside a Database change. (Nobody can make a deleted job come
// back meanwhile.)
absl::Status ForgetRequests(Connection& connection,
                            const std::vector<RequestName>& requests);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_RETENTION_H_

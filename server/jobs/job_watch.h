#ifndef MODBOUND_SERVER_JOBS_JOB_WATCH_H_
#define MODBOUND_SERVER_JOBS_JOB_WATCH_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/jobs/job_queue.h"
#include "server/jobs/progress_board.h"
#include "server/jobs/watch_hub.h"
#include "server/store/database.h"

namespace modbound {

// Opens a watch (contract: JobWatch). A resume token is "<job id>.<sequence>":
// the stream goes on after that event. Without one, or when that event is not
// in the log, the first event is a snapshot. Errors: kNotFound JOB_NOT_FOUND;
// kInvalidArgument BAD_TOKEN (malformed, or not of this job). `database` must
// outlive the watch.
absl::StatusOr<std::unique_ptr<JobWatch>> OpenWatch(
    Database& database,
    std::shared_ptr<const ProgressBoard> progress,
    WatchHub& hub,
    const std::string& owner,
    const v1::WatchJobRequest& request,
    std::function<void()> wake);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_WATCH_H_

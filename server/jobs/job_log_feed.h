#ifndef MODBOUND_SERVER_JOBS_JOB_LOG_FEED_H_
#define MODBOUND_SERVER_JOBS_JOB_LOG_FEED_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/jobs/job_logs.h"
#include "server/jobs/job_queue.h"
#include "server/jobs/watch_hub.h"
#include "server/store/database.h"

namespace modbound {

// JobQueue::Logs. Reads a piece when it is asked for the next one. Errors:
// kNotFound JOB_NOT_FOUND, kInvalidArgument OUT_OF_RANGE "offset". All
// references must outlive the feed.
absl::StatusOr<std::unique_ptr<JobLogFeed>> OpenLogFeed(
    Database& database,
    JobLogs& logs,
    WatchHub& hub,
    const std::string& owner,
    const v1::GetLogsRequest& request,
    std::function<void()> wake);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_LOG_FEED_H_

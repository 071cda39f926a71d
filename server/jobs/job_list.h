#ifndef MODBOUND_SERVER_JOBS_JOB_LIST_H_
#define MODBOUND_SERVER_JOBS_JOB_LIST_H_

#include <string>

#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/store/database.h"

namespace modbound {

// A page of the owner's jobs, newest first: at most page_size jobs and about
// 1 MiB, but never an empty page before the last. A page token says where the
// page before ended, and is bound to the owner and the filter. Errors:
// kInvalidArgument OUT_OF_RANGE (page_size, view, a state), BAD_TOKEN;
// kResourceExhausted TOO_LARGE (words of the filter).
absl::StatusOr<v1::ListJobsResponse> ListJobRows(
    Connection& connection,
    const std::string& owner,
    const v1::ListJobsRequest& request);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_JOB_LIST_H_

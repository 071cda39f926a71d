#ifndef MODBOUND_SERVER_JOBS_REPRODUCE_JOB_H_
#define MODBOUND_SERVER_JOBS_REPRODUCE_JOB_H_

#include <string>

#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/store/database.h"

namespace modbound {

// What is to be submitted to run the owner's job again: its spec, its labels,
// its inputs as the artifacts they were, no_cache. Errors: kNotFound
// JOB_NOT_FOUND; kFailedPrecondition WRONG_STATE when it has not SUCCEEDED.
absl::StatusOr<v1::Job> JobToReproduce(Connection& connection,
                                       const std::string& owner,
                                       const std::string& id);

// How the result of an attempt (summary, outputs) compares with that of job
// `source`, inside a change or a query; `same` is unset when that job is gone.
absl::StatusOr<v1::Reproduction> CompareWithSource(Connection& connection,
                                                   const std::string& source,
                                                   const v1::Job& result);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_REPRODUCE_JOB_H_

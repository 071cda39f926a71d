#ifndef MODBOUND_SERVER_JOBS_RESULT_ROWS_H_
#define MODBOUND_SERVER_JOBS_RESULT_ROWS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "modbound/v1/job.pb.h"
#include "server/store/database.h"

// Results of jobs by their key (CacheKey), as SQL.
namespace modbound {

// The key of a job all of whose needs have ended; "" when an input is gone
// (its attempt will say which). Errors: those of the store.
absl::StatusOr<std::string> KeyOfReadyJob(Connection& connection,
                                          const v1::Job& job);

// Has a job of this key SUCCEEDED?
absl::StatusOr<bool> HasResult(Connection& connection, const std::string& key);

// The first job of this key that SUCCEEDED; "" when there is none.
absl::StatusOr<std::string> FirstResult(Connection& connection,
                                        const std::string& key);

// The result of this job answers no others from now on.
absl::Status WithdrawResult(Connection& connection, const std::string& job);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_RESULT_ROWS_H_

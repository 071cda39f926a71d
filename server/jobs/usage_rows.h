#ifndef MODBOUND_SERVER_JOBS_USAGE_ROWS_H_
#define MODBOUND_SERVER_JOBS_USAGE_ROWS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/database.h"

// Core-seconds of owners as SQL (table usage).
namespace modbound {

// Adds to what the owner has used, decayed to `now_us`.
absl::Status AddUsage(Connection& connection,
                      const std::string& owner,
                      double core_seconds,
                      double half_life,
                      int64_t now_us);

// Owner -> core-seconds, decayed to `now_us`.
absl::StatusOr<std::map<std::string, double>> LoadUsage(Connection& connection,
                                                        double half_life,
                                                        int64_t now_us);

}  // namespace modbound

#endif  // MODBOUND_SERVER_JOBS_USAGE_ROWS_H_

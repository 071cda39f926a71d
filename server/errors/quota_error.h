#ifndef MODBOUND_SERVER_ERRORS_QUOTA_ERROR_H_
#define MODBOUND_SERVER_ERRORS_QUOTA_ERROR_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace modbound {

// A limit that a request would pass.
struct Quota {
  // Whose it is: an owner's name, "" = the server's.
  std::string owner;
  // What is counted, in the plural: "jobs that have not ended".
  std::string unit;
  int64_t limit = 0;
  int64_t current = 0;
  int64_t requested = 1;
  // The flag that sets the limit, "" = none does.
  std::string flag = {};
};

// kResourceExhausted with `reason`; the message names owner, current, requested
// and limit, then `advice` ("" = none). ToRpcStatus makes of it a QuotaFailure,
// and the numbers are metadata of its ErrorInfo: limit, current, requested,
// unit, owner, flag.
absl::Status QuotaError(std::string_view reason,
                        const Quota& quota,
                        std::string_view advice = "");

// Adds what QuotaError knew to the details of `out`, of whose first one is the
// ErrorInfo; nothing for any other error.
void AddQuotaDetails(const absl::Status& status, google::rpc::Status& out);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ERRORS_QUOTA_ERROR_H_

#ifndef MODBOUND_SERVER_ERRORS_ERROR_STATUS_H_
#define MODBOUND_SERVER_ERRORS_ERROR_STATUS_H_

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace modbound {

// An error as clients see it: code, message, one ErrorInfo (reason, domain
// "modbound") and, where a field is to blame, a BadRequest, where a limit is, a
// QuotaFailure. Used for calls and for failed jobs alike.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// Back again, with reason and field.
absl::Status FromRpcStatus(const google::rpc::Status& status);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ERRORS_ERROR_STATUS_H_

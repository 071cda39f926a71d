#ifndef MODBOUND_CLIENT_CLI_CHECK_TEXT_H_
#define MODBOUND_CLIENT_CLI_CHECK_TEXT_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace modbound {

// Whether every text of a request is UTF-8, as proto3 wants it: the command
// line may hold any bytes, and protobuf itself would only log.
// Errors: kInvalidArgument BAD_TEXT with the field.
absl::Status CheckText(const google::protobuf::Message& message);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_CHECK_TEXT_H_

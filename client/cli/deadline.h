#ifndef MODBOUND_CLIENT_CLI_DEADLINE_H_
#define MODBOUND_CLIENT_CLI_DEADLINE_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/timestamp.pb.h"

namespace modbound {

// Reads a point in time: RFC 3339 ("2026-03-01T12:00:00Z"), or a length from
// `now` ("+90s", "+15m", "+2h", "+1.5d").
// Errors: kInvalidArgument when it is neither.
absl::StatusOr<google::protobuf::Timestamp> ParseDeadline(
    const std::string& text, const google::protobuf::Timestamp& now);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_DEADLINE_H_

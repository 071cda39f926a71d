#ifndef MODBOUND_CLIENT_CLI_JSON_CHECK_H_
#define MODBOUND_CLIENT_CLI_JSON_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/json_text.h"
#include "google/protobuf/descriptor.h"

namespace modbound {

// Holds `json` against a message type: every name a field of it, every value
// one that the field can hold. Messages of google.protobuf (times, lengths) are
// left to protobuf's own parser.
// Errors: kInvalidArgument UNKNOWN_FIELD or OUT_OF_RANGE with the field's path,
// which starts with `path`.
absl::Status CheckJson(const Json& json,
                       const google::protobuf::Descriptor& type,
                       const std::string& path);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_JSON_CHECK_H_

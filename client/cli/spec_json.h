#ifndef MODBOUND_CLIENT_CLI_SPEC_JSON_H_
#define MODBOUND_CLIENT_CLI_SPEC_JSON_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/json_text.h"
#include "google/protobuf/message.h"
#include "modbound/v1/job.pb.h"

// JSON written by people -> messages of the contract, from the descriptors
// alone: no kind is known by name here.
namespace modbound {

// Names of all kinds: the fields of v1::Spec.
std::vector<std::string> KindNames();

// The spec of a kind from its proto JSON (names snake_case or lowerCamelCase).
// Errors: kInvalidArgument UNKNOWN_KIND "spec"; else as MessageFromJson, with
// fields such as "spec.train.model.hidden_size".
absl::StatusOr<v1::Spec> SpecFromJson(const std::string& kind,
                                      const Json& json);

// Fills `message` from its proto JSON. `path` is put before the names of
// fields in errors; "" = none.
// Errors: kInvalidArgument UNKNOWN_FIELD (names the nearest known field),
// OUT_OF_RANGE (a value that the field's type cannot hold, a word that the enum
// does not have).
absl::Status MessageFromJson(const Json& json,
                             const std::string& path,
                             google::protobuf::Message& message);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_SPEC_JSON_H_

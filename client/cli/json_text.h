#ifndef MODBOUND_CLIENT_CLI_JSON_TEXT_H_
#define MODBOUND_CLIENT_CLI_JSON_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace modbound {

using Json = nlohmann::ordered_json;

// The whole of a file; "-" = standard input.
// Errors: kInvalidArgument when it cannot be read or is larger than 64 MiB.
absl::StatusOr<std::string> ReadText(const std::string& path);

// Strict JSON: one value, no comments, no key twice in one object.
// Errors: kInvalidArgument with line and column.
absl::StatusOr<Json> ParseJson(std::string_view text);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_JSON_TEXT_H_

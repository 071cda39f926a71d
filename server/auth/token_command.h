#ifndef MODBOUND_SERVER_AUTH_TOKEN_COMMAND_H_
#define MODBOUND_SERVER_AUTH_TOKEN_COMMAND_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace modbound {

// `modboundd token create OWNER | list | revoke ID`.
struct TokenCommand {
  enum class Action { kCreate, kList, kRevoke };
  Action action = Action::kList;
  std::string owner;        // of create
  std::string certificate;  // of create, "" = any
  int64_t lifetime_us = 0;  // of create, 0 = for ever
  std::string id;           // of revoke; a whole token is cut to its id
  bool json = false;        // of list
};

// Does it on the store of `data_dir`, whether a server runs on it or not: a
// running one sees a new or revoked token with the next call. Noted in the
// audit log. Returns what is to be printed: the new token, and nothing else, of
// create. Errors: kFailedPrecondition WRONG_STATE when the folder is another
// user's (files would be made that its server cannot open); those of
// ChangeBesideServer and server/auth/token.h.
absl::StatusOr<std::string> RunTokenCommand(const std::string& data_dir,
                                            const TokenCommand& command);

// Microseconds of "90d", "12h", "30m", "60s"; of "0", 0. Errors:
// kInvalidArgument OUT_OF_RANGE "expires" for anything else, and beyond 100
// years.
absl::StatusOr<int64_t> ParseLifetime(const std::string& text);

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_TOKEN_COMMAND_H_

#ifndef MODBOUND_CLIENT_CLI_LOGS_COMMAND_H_
#define MODBOUND_CLIENT_CLI_LOGS_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/session.h"

namespace modbound {

struct LogsFlags {
  std::string id;
  bool follow = false;
};

// Prints the log of a job; with `follow` until the job has ended, across
// restarts of the server. With --json each piece as it came.
absl::Status Logs(Session& session, const LogsFlags& flags);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_LOGS_COMMAND_H_

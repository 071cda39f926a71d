#ifndef MODBOUND_CLIENT_CLI_SERVER_COMMANDS_H_
#define MODBOUND_CLIENT_CLI_SERVER_COMMANDS_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/session.h"

// Commands about the server itself and its arrays.
namespace modbound {

// Succeeds as soon as jobs can be submitted.
absl::Status Info(Session& session);

// `kind` "" = a list of all.
absl::Status Kinds(Session& session, const std::string& kind);

// Puts the array of a file (OpenInputFile), its shape as the file has it, on
// the server and prints it as run-graph files name it.
absl::Status Upload(Session& session, const std::string& file);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_SERVER_COMMANDS_H_

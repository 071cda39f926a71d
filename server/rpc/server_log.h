#ifndef MODBOUND_SERVER_RPC_SERVER_LOG_H_
#define MODBOUND_SERVER_RPC_SERVER_LOG_H_

#include <string>

namespace modbound {

// Makes spdlog's default logger write `time=... level=... event=...` lines to
// standard error, and silences gRPC's own log: what goes wrong while the server
// starts is told in one line. level: a level of spdlog.
void StartLog(const std::string& level);

// From now on gRPC's errors come as warnings.
void LogGrpc();

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_SERVER_LOG_H_

#ifndef MODBOUND_SERVER_RPC_SERVER_OPTIONS_H_
#define MODBOUND_SERVER_RPC_SERVER_OPTIONS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/rpc/listen_address.h"

namespace modbound {

// Flags of modboundd; each may also stand in the file named by --config.
struct ServerOptions {
  // Made with mode 0700 when missing.
  std::string data_dir;
  ListenAddress listen;
  // Cores leased to jobs, 1 to 4,096; may exceed the machine's.
  int cores = 1;
  // Estimates of running jobs together, >= 1 MiB.
  int64_t memory_limit_bytes = int64_t{1} << 30;
  // JobQueueOptions::max_lost_attempts, 0 = no limit.
  int max_lost_attempts = 20;
  // A level of spdlog: trace, debug, info, warning, error, off.
  std::string log_level = "info";
};

// What the command line asks for.
struct CommandLine {
  ServerOptions options;
  // --help or --version: print this, do nothing else. Empty otherwise.
  std::string text;
};

// Reads the flags, which may be spelled with `_` or `-`. Errors:
// kInvalidArgument, one line that names the flag, for flags that are unknown,
// malformed or refused.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

// Bytes of "1073741824", "512M", "1.5G", "2T" (powers of 1,024). Errors:
// kInvalidArgument OUT_OF_RANGE for anything else, below 1 byte or from 2^62.
absl::StatusOr<int64_t> ParseBytes(const std::string& text);

// $XDG_DATA_HOME/modbound, else $HOME/.local/share/modbound; "" when neither is
// set.
std::string DefaultDataDir();

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_SERVER_OPTIONS_H_

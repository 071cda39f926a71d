#ifndef MODBOUND_SERVER_RPC_SERVER_OPTIONS_H_
#define MODBOUND_SERVER_RPC_SERVER_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/artifacts/artifact_store.h"
#include "server/auth/tls_files.h"
#include "server/auth/token_command.h"
#include "server/executors/process_executor.h"
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
  // JobQueueOptions::usage_half_life, in hours, > 0.
  double usage_half_life_hours = 168;
  // JobQueueOptions::max_running_per_owner, 0 = no limit.
  int max_running_per_owner = 0;
  // JobQueueOptions::max_open_per_owner, 0 = no limit.
  int64_t max_open_per_owner = 100000;
  // JobQueueOptions::checkpoint_seconds, 0 to 86,400; a flag that --help does
  // not show.
  double checkpoint_seconds = 5;
  // JobQueueOptions::max_worker_attempts, 0 = no limit.
  int max_worker_attempts = 3;
  // Which jobs run in a modbound-worker.
  WorkerUse worker = WorkerUse::kAuto;
  // CheckWorkerProgram is left to the start.
  WorkerOptions worker_options;
  // PEM files of TLS.
  TlsPaths tls;
  // PEM file of revocation lists of client_ca; "" = none.
  std::string client_crl;
  // Security::require_tokens.
  bool require_tokens = false;
  // ServerLimits::max_requests_per_second, 1 to 1,000,000.
  double max_requests_per_second = 100000;
  // ServerLimits::max_streams_per_owner, 1 to 100,000.
  int max_streams_per_owner = 2000;
  // JobQueueOptions::retention_seconds, 0 = none.
  int64_t retention_us = 0;
  StoredBytesLimits stored_bytes;
  // Where Prometheus asks: HOST:PORT on loopback; "" = nowhere.
  std::string metrics_listen;
  // A level of spdlog: trace, debug, info, warning, error, off.
  std::string log_level = "info";
};

// What the command line asks for.
struct CommandLine {
  ServerOptions options;
  // `modboundd token ...`: do this on options.data_dir instead of serving.
  std::optional<TokenCommand> token;
  // --help or --version: print this, do nothing else. Empty otherwise.
  std::string text;
  // --verify: look at data_dir, start nothing.
  bool verify = false;
  // --backup: copy data_dir to this new folder, start nothing; "" = no backup.
  std::string backup;
};

// Reads the flags, which may be spelled with `_` or `-`. Errors:
// kInvalidArgument, one line that names the flag, for flags that are unknown,
// malformed or refused.
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

// kInvalidArgument OUT_OF_RANGE "listen" when other machines reach the address
// and there is no TLS, or nothing that tells who calls: tokens that are
// required, or client certificates.
absl::Status CheckExposure(const ServerOptions& options);

// Bytes of "1073741824", "512M", "1.5G", "2T" (powers of 1,024). Errors:
// kInvalidArgument OUT_OF_RANGE for anything else, below 1 byte or from 2^62.
absl::StatusOr<int64_t> ParseBytes(const std::string& text);

// modbound-worker in the folder of the program that runs; "" when the system
// does not tell which one that is.
std::string DefaultWorkerProgram();

// $XDG_DATA_HOME/modbound, else $HOME/.local/share/modbound; "" when neither is
// set.
std::string DefaultDataDir();

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_SERVER_OPTIONS_H_

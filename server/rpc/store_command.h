#ifndef MODBOUND_SERVER_RPC_STORE_COMMAND_H_
#define MODBOUND_SERVER_RPC_STORE_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace modbound {

// What `modboundd --verify` prints, and whether all is well.
struct VerifyOutcome {
  std::string text;
  bool sound = false;
};

// Looks at everything that a data folder holds on which no server runs:
// database, artifacts (every byte is read), the chain of the audit log. Errors:
// VerifyDataDir.
absl::StatusOr<VerifyOutcome> RunVerify(const std::string& data_dir);

// Copies a data folder to the new folder `target`, whether a server runs on it
// or not: BackupStore, with the audit log and the logs of its jobs. Not in it:
// open uploads, checkpoints and databases kept of older schemas. Errors:
// BackupStore.
absl::Status RunBackup(const std::string& data_dir, const std::string& target);

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_STORE_COMMAND_H_

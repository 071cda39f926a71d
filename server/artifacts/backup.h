#ifndef MODBOUND_SERVER_ARTIFACTS_BACKUP_H_
#define MODBOUND_SERVER_ARTIFACTS_BACKUP_H_

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace modbound {

// Copies the store of `data_dir` to the new folder `target`, whether a server
// runs on it or not: a snapshot of the database, and every artifact that it
// names, each hashed while it is copied; then `add_rest` copies, synced, what
// else belongs into the folder that it is given. The folder is one that a
// server can be started on, as it is or copied elsewhere. Made beside `target`
// and renamed when it is whole and on the disk. What runs at the moment of the
// snapshot begins again there: checkpoints are not in it. Errors:
// kFailedPrecondition WRONG_STATE "data_dir" as CheckStore, "backup"
// when `target` is there already or may not be made where it should be;
// kDataLoss DIGEST_MISMATCH for a damaged artifact; those of `add_rest` and of
// the disk. After an error nothing of it is left.
absl::Status BackupStore(
    const std::string& data_dir,
    const std::string& target,
    const std::function<absl::Status(const std::string& folder)>& add_rest =
        {});

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_BACKUP_H_

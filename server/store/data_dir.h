#ifndef MODBOUND_SERVER_STORE_DATA_DIR_H_
#define MODBOUND_SERVER_STORE_DATA_DIR_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/files/file_io.h"

namespace modbound {

// A command beside the server holds the lock for some milliseconds.
inline constexpr std::chrono::milliseconds kLockPatience{5000};

// Makes the directory (with its parents) and takes its lock file for as long as
// the descriptor lives. It ends up with mode 0700: a new or empty directory, or
// one of ours, is changed. Errors: kFailedPrecondition (reason WRONG_STATE,
// field data_dir) when another process still holds it after `patience`, when it
// is on a network file system, or when it is open to others and holds files
// that are not ours.
absl::StatusOr<FileDescriptor> LockDataDir(
    const std::string& data_dir,
    std::chrono::milliseconds patience = kLockPatience);

// That this user may work on the data folder. Fine when it is not there.
// Errors: kFailedPrecondition WRONG_STATE "data_dir" when it is another user's,
// whose server could not open the files that this one makes (root's neither),
// or cannot be looked at.
absl::Status CheckOwner(const std::string& data_dir);

// CheckOwner, and that there is a store in it: the same error when there is
// none.
absl::Status CheckStore(const std::string& data_dir);

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_DATA_DIR_H_

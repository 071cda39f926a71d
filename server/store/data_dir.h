#ifndef MODBOUND_SERVER_STORE_DATA_DIR_H_
#define MODBOUND_SERVER_STORE_DATA_DIR_H_

#include <sys/types.h>

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/files/file_io.h"

namespace modbound {

// Makes the directory (with its parents) and takes its lock file for as long as
// the descriptor lives. It ends up with mode 0700: a new or empty directory, or
// one of ours, is changed. Errors: kFailedPrecondition (reason WRONG_STATE,
// field data_dir) when another server holds it, when it is on a network file
// system, or when it is open to others and holds files that are not ours.
absl::StatusOr<FileDescriptor> LockDataDir(const std::string& data_dir);

// Name of the network file system of a statfs type; "" for any other. Their
// locks and shared memory cannot be relied on: a database there gets damaged.
// mount_type: as MountType says; for FUSE, which local disks have as well, it
// alone tells ("fuse.sshfs").
std::string NetworkFileSystem(int64_t type, std::string_view mount_type);

// Type of the file system of a device in the lines of /proc/self/mountinfo; ""
// when it is in none.
std::string MountType(std::istream& mountinfo, dev_t device);

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_DATA_DIR_H_

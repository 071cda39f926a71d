#ifndef MODBOUND_SERVER_STORE_NETWORK_FILE_SYSTEM_H_
#define MODBOUND_SERVER_STORE_NETWORK_FILE_SYSTEM_H_

#include <sys/types.h>

#include <cstdint>
#include <istream>
#include <string>
#include <string_view>

namespace modbound {

// Name of the network file system of a statfs type; "" for any other. Their
// locks and shared memory cannot be relied on: a database there gets damaged.
// mount_type: as MountType says; for FUSE, which local disks have as well, it
// alone tells ("fuse.sshfs").
std::string NetworkFileSystem(int64_t type, std::string_view mount_type);

// Type of the file system of a device in the lines of /proc/self/mountinfo; ""
// when it is in none.
std::string MountType(std::istream& mountinfo, dev_t device);

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_NETWORK_FILE_SYSTEM_H_

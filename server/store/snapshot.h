#ifndef MODBOUND_SERVER_STORE_SNAPSHOT_H_
#define MODBOUND_SERVER_STORE_SNAPSHOT_H_

#include <string>

#include "absl/status/status.h"

namespace modbound {

// Writes what is committed in the database `from` to the new file `to`, synced,
// also while a server works on it, which goes on meanwhile. Errors:
// kResourceExhausted DISK_FULL; kDataLoss for a damaged page.
absl::Status CopyDatabase(const std::string& from, const std::string& to);

}  // namespace modbound

#endif  // MODBOUND_SERVER_STORE_SNAPSHOT_H_

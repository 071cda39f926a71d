#ifndef MODBOUND_SERVER_ARTIFACTS_STORED_BYTES_H_
#define MODBOUND_SERVER_ARTIFACTS_STORED_BYTES_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/database.h"

namespace modbound {

// Most bytes of arrays, 0 = no limit: of all together, and of each owner, for
// whom an array that was sent or is in a job counts whole, whoever else has it.
// What is reserved for the results of jobs that have not ended counts as if it
// were stored.
struct StoredBytesLimits {
  int64_t of_server = 0;
  int64_t of_owner = 0;

  bool any() const { return of_server != 0 || of_owner != 0; }
};

// What a change is about to add for an owner.
struct MoreBytes {
  std::string owner;
  // Sizes by digest. Those that are stored already, or that the owner has
  // already, take nothing more.
  std::map<std::string, int64_t> arrays;
  // Bytes of arrays whose digests are not known yet.
  int64_t others = 0;
  // Reserved for them before, and given back by the same change.
  int64_t released = 0;
};

// Bytes of all artifacts that `owner` has, or of all there are ("").
absl::StatusOr<int64_t> StoredBytes(Connection& connection,
                                    const std::string& owner);

// Reserves bytes for an owner inside a Database change; gives them back when
// `bytes` is negative. Without limits nothing needs to be reserved.
absl::Status ReserveBytes(Connection& connection,
                          const std::string& owner,
                          int64_t bytes);

// kResourceExhausted QUOTA_EXCEEDED when `more` would pass a limit. What adds
// nothing passes none; what fills no more than was reserved for it only that of
// the bytes that are stored. Inside the change that adds them, no other change
// can come between.
absl::Status CheckStoredBytes(Connection& connection,
                              const StoredBytesLimits& limits,
                              const MoreBytes& more);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_STORED_BYTES_H_

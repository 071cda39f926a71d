#ifndef MODBOUND_SERVER_ARTIFACTS_STORED_BYTES_H_
#define MODBOUND_SERVER_ARTIFACTS_STORED_BYTES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/database.h"

namespace modbound {

// Most bytes of arrays, 0 = no limit: of all together, and of each owner, for
// whom an array that was sent or is in a job counts whole, whoever else has it.
struct StoredBytesLimits {
  int64_t of_server = 0;
  int64_t of_owner = 0;
};

// Bytes of all artifacts that `owner` has, or of all there are ("").
absl::StatusOr<int64_t> StoredBytes(Connection& connection,
                                    const std::string& owner);

// kResourceExhausted QUOTA_EXCEEDED when `more_bytes` beside those would pass a
// limit.
absl::Status CheckStoredBytes(Connection& connection,
                              const StoredBytesLimits& limits,
                              const std::string& owner,
                              int64_t more_bytes);

}  // namespace modbound

#endif  // MODBOUND_SERVER_ARTIFACTS_STORED_BYTES_H_

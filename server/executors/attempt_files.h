#ifndef MODBOUND_SERVER_EXECUTORS_ATTEMPT_FILES_H_
#define MODBOUND_SERVER_EXECUTORS_ATTEMPT_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "modbound/internal/attempt.pb.h"
#include "server/arrays/array.h"

// Reading and writing what lies in an attempt directory.
namespace modbound {

// DIR/attempt.binpb. Errors: kFailedPrecondition for another token; kInternal.
absl::StatusOr<internal::AttemptSpec> ReadAttemptSpec(const std::string& dir,
                                                      const std::string& token);

// Arrays are read, hashed and written in pieces, each small beside the two
// seconds in which a stopped attempt must end: kCancelled once `stop` was set.

// Input `name`, checked. Errors: kDataLoss DIGEST_MISMATCH "inputs.NAME" when
// size or digest are not those of `file`; kResourceExhausted MEMORY_LIMIT;
// kInternal when it cannot be read; kCancelled.
absl::StatusOr<HostArray> ReadInput(const std::string& dir,
                                    const std::string& name,
                                    const internal::AttemptSpec::File& file,
                                    const StopFlag& stop);

// Writes `array` to DIR/`path`, hashed and synced; a small one into what is
// returned instead. Errors: kResourceExhausted DISK_FULL; kInternal;
// kCancelled.
absl::StatusOr<internal::AttemptSpec::File> WriteOutput(const std::string& dir,
                                                        const std::string& path,
                                                        const HostArray& array,
                                                        const StopFlag& stop);

// DIR/result.binpb. Not synced: whoever reads it brings it into the store, and
// an attempt that a power cut ended is run again.
absl::Status WriteAttemptResult(const std::string& dir,
                                const internal::AttemptResult& result);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_ATTEMPT_FILES_H_

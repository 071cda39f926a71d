#ifndef MODBOUND_SERVER_EXECUTORS_ATTEMPT_FILES_H_
#define MODBOUND_SERVER_EXECUTORS_ATTEMPT_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "modbound/internal/attempt.pb.h"
#include "server/arrays/array.h"

// Reading and writing what lies in an attempt directory.
namespace modbound {

// DIR/attempt.binpb. Errors: kFailedPrecondition for another token; kInternal.
absl::StatusOr<internal::AttemptSpec> ReadAttemptSpec(const std::string& dir,
                                                      const std::string& token);

// Input `name`, checked. Errors: kDataLoss DIGEST_MISMATCH "inputs.NAME" when
// size or digest are not those of `file`; kResourceExhausted MEMORY_LIMIT;
// kInternal when it cannot be read.
absl::StatusOr<HostArray> ReadInput(const std::string& dir,
                                    const std::string& name,
                                    const internal::AttemptSpec::File& file);

// Writes `array` to DIR/`path`, hashed, synced when it is large.
absl::StatusOr<internal::AttemptSpec::File> WriteOutput(const std::string& dir,
                                                        const std::string& path,
                                                        const HostArray& array);

// DIR/result.binpb, synced.
absl::Status WriteAttemptResult(const std::string& dir,
                                const internal::AttemptResult& result);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_ATTEMPT_FILES_H_

#ifndef MODBOUND_SERVER_EXECUTORS_CHECKPOINT_FILE_H_
#define MODBOUND_SERVER_EXECUTORS_CHECKPOINT_FILE_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "modbound/internal/attempt.pb.h"

namespace modbound {

// States by name.
using CheckpointStates = std::map<std::string, std::string>;

struct CheckpointContent {
  internal::CheckpointHeader header;
  CheckpointStates states;
};

// All states of one file together.
inline constexpr int64_t kMaxCheckpointBytes = int64_t{512} << 20;

// A checkpoint file: 8 bytes "modckpt1"; the length of the header in 8 bytes,
// little-endian; the header; the states; the SHA-256 of all that in 64
// hexadecimal digits. `header` needs no list of states. Written to PATH.part,
// synced, renamed, its folder synced: a reader finds all of it or nothing.
// Errors: kResourceExhausted DISK_FULL, kInternal; kCancelled once `stop`,
// which may be null, was set. None leaves a part behind.
absl::Status WriteCheckpointFile(const std::string& path,
                                 internal::CheckpointHeader header,
                                 const CheckpointStates& states,
                                 const StopFlag* stop);

// Errors: kDataLoss for a file that is torn, damaged or none of ours; those of
// reading; kCancelled.
absl::StatusOr<CheckpointContent> ReadCheckpointFile(const std::string& path,
                                                     const StopFlag* stop);

}  // namespace modbound

#endif  // MODBOUND_SERVER_EXECUTORS_CHECKPOINT_FILE_H_

#ifndef MODBOUND_CORE_BASE_SHARDS_H_
#define MODBOUND_CORE_BASE_SHARDS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/execution.h"
#include "core/base/saved_state.h"

namespace modbound {

// Computations of the same kind that make up one job, such as the networks of
// an ensemble: 0 ... count - 1, each the same whatever thread or attempt does
// it.
struct Shards {
  std::string name;   // of one: "network"; its phases are "network 3, ..."
  std::string unit;   // of the progress: "networks"; also its phase
  int64_t count = 0;  // >= 0
  // Adds what a shard has found.
  std::function<void(int64_t shard, StateWriter& state)> save;
  // Puts it in place again; false when `state` does not hold it.
  std::function<bool(int64_t shard, StateReader& state)> load;
};

// What finished shards may take up in a checkpoint, and no more than half of
// its max_bytes: later ones are done again after a restart.
inline constexpr int64_t kMostKeptShardBytes = int64_t{256} << 20;

// The seed of shard i of a job with this seed, so that the shard can be done
// alone: the first 64 bits of stream (seed, kShardSeed, i) of Philox4x32-10,
// halved. In [0, 2^63).
uint64_t ShardSeed(uint64_t seed, int64_t shard);

// Runs task(shard, execution) for each shard, several at once: with fewer
// shards than threads each gets its part of the threads. The execution given to
// a task names its phases after the shard, and keeps their states beside those
// of others; finished shards stay in the checkpoint and are not done again.
// Progress: shards that have ended, with the mean of each metric that those at
// work and those that have ended reported last.
// Result: why each shard failed; OK where it did not. A shard fails by itself,
// and does not sink the others, when its own input or course is to blame:
// kInvalidArgument, kAborted. Errors: any other of a task (memory, our own
// bugs: of the machine and the moment, not of the shard), of the lowest shard
// that met one; kCancelled.
absl::StatusOr<std::vector<absl::Status>> RunShards(
    const Shards& shards,
    const Execution& execution,
    const std::function<absl::Status(int64_t shard,
                                     const Execution& execution)>& task);

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_SHARDS_H_

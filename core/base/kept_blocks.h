#ifndef MODBOUND_CORE_BASE_KEPT_BLOCKS_H_
#define MODBOUND_CORE_BASE_KEPT_BLOCKS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "core/base/execution.h"
#include "core/base/progress_counter.h"
#include "core/base/saved_state.h"

namespace modbound {

// One phase of a computation: items 0 ... count - 1 in blocks of `block`, each
// the same whatever thread or attempt does it.
struct KeptBlocks {
  std::string phase;  // unique in a job
  std::string unit;
  // Counts the items; null: progress of their own, under `phase` and `unit`.
  ProgressCounter* counter = nullptr;
  int64_t count = 0;  // >= 0
  int64_t block = 1;  // >= 1
  // Adds what a finished block has found.
  std::function<void(int64_t first, int64_t size, StateWriter& state)> save;
  // Puts it in place again; false when `state` does not hold it.
  std::function<bool(int64_t first, int64_t size, StateReader& state)> load;
};

// save and load of an array with `width` numbers an item.
template <typename T>
void KeepArray(T* values, int64_t width, KeptBlocks& blocks) {
  blocks.save = [=](int64_t first, int64_t size, StateWriter& state) {
    state.Add(values + first * width, size * width);
  };
  blocks.load = [=](int64_t first, int64_t size, StateReader& state) {
    return state.Read(values + first * width, size * width);
  };
}

// ParallelForBlocks that counts the progress of its items and keeps finished
// blocks in execution.checkpoint: task(first, size) is called once for each
// block that is not found there. Errors: as ParallelFor.
absl::Status RunKeptBlocks(
    const KeptBlocks& blocks,
    const Execution& execution,
    const std::function<absl::Status(int64_t first, int64_t size)>& task);

}  // namespace modbound

#endif  // MODBOUND_CORE_BASE_KEPT_BLOCKS_H_

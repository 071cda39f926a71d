#include "core/base/kept_blocks.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/checkpoint.h"
#include "core/base/mutex.h"
#include "core/base/parallel.h"

namespace modbound {
namespace {

// A state is count and block size, a flag a block, then what `save` added for
// each finished block in the order of the blocks.
class BlockKeeper {
 public:
  BlockKeeper(const KeptBlocks& blocks, const Execution& execution)
      : blocks_(blocks),
        checkpoint_(execution.checkpoint),
        name_(execution.Name(blocks.phase)),
        finished_(static_cast<std::size_t>((blocks.count + blocks.block - 1) /
                                           blocks.block)) {}

  int64_t First(int64_t block) const { return block * blocks_.block; }
  int64_t Size(int64_t block) const {
    return std::min(blocks_.block, blocks_.count - First(block));
  }

  // Puts back what was kept. Result: the blocks that are left to do.
  std::vector<int64_t> Load() {
    const MutexLock lock(mutex_);
    if (checkpoint_ != nullptr) {
      LoadFrom(checkpoint_->Last(name_));
    }
    std::vector<int64_t> left;
    for (std::size_t block = 0; block < finished_.size(); ++block) {
      if (finished_[block] == 0) {
        left.push_back(static_cast<int64_t>(block));
      }
    }
    return left;
  }

  // Offers a state when it is time.
  void Finish(int64_t block) {
    {
      const MutexLock lock(mutex_);
      finished_[static_cast<std::size_t>(block)] = 1;
    }
    if (!Wanted() || !checkpoint_->Due()) {
      return;
    }
    // One at a time, or an older state might take the place of a newer one.
    const MutexLock offer(offer_mutex_);
    std::vector<uint8_t> finished;
    {
      const MutexLock lock(mutex_);
      finished = finished_;
    }
    // Finished blocks do not change any more: others go on meanwhile.
    if (auto state = Pack(finished)) {
      checkpoint_->Offer(name_, Items(finished), *std::move(state));
    }
  }

  // All blocks are finished.
  void KeepAll() {
    if (!Wanted()) {
      return;
    }
    const std::vector<uint8_t> all(
        static_cast<std::size_t>((blocks_.count + blocks_.block - 1) /
                                 blocks_.block),
        1);
    if (auto state = Pack(all)) {
      checkpoint_->Keep(name_, *std::move(state));
    }
  }

 private:
  bool Wanted() const { return checkpoint_ != nullptr && !too_large_; }

  int64_t Items(const std::vector<uint8_t>& finished) const {
    int64_t items = 0;
    for (std::size_t block = 0; block < finished.size(); ++block) {
      items += finished[block] != 0 ? Size(static_cast<int64_t>(block)) : 0;
    }
    return items;
  }

  // What does not fit the first blocks leaves the rest to be done again.
  void LoadFrom(const std::string& bytes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    StateReader state(bytes);
    int64_t count = 0;
    int64_t block_size = 0;
    std::vector<uint8_t> kept(finished_.size());
    if (!state.ReadInt(count) || count != blocks_.count ||
        !state.ReadInt(block_size) || block_size != blocks_.block ||
        !state.Read(kept.data(), static_cast<int64_t>(kept.size()))) {
      return;
    }
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const auto block = static_cast<int64_t>(i);
      if (kept[i] != 0) {
        if (!blocks_.load(First(block), Size(block), state)) {
          return;
        }
        finished_[i] = 1;
      }
    }
  }

  std::optional<std::string> Pack(const std::vector<uint8_t>& finished) {
    StateWriter state;
    state.AddInt(blocks_.count);
    state.AddInt(blocks_.block);
    state.Add(finished.data(), static_cast<int64_t>(finished.size()));
    for (std::size_t i = 0; i < finished.size(); ++i) {
      const auto block = static_cast<int64_t>(i);
      if (finished[i] != 0) {
        blocks_.save(First(block), Size(block), state);
      }
      if (state.size() > checkpoint_->max_bytes()) {
        too_large_ = true;
        return std::nullopt;
      }
    }
    return std::move(state).Take();
  }

  const KeptBlocks& blocks_;
  Checkpoint* const checkpoint_;
  const std::string name_;
  std::atomic<bool> too_large_{false};
  // Before mutex_.
  Mutex offer_mutex_;
  Mutex mutex_;
  std::vector<uint8_t> finished_ ABSL_GUARDED_BY(mutex_);  // of each block
};

}  // namespace

absl::Status RunKeptBlocks(
    const KeptBlocks& blocks,
    const Execution& execution,
    const std::function<absl::Status(int64_t first, int64_t size)>& task) {
  BlockKeeper keeper(blocks, execution);
  const std::vector<int64_t> left = keeper.Load();
  int64_t items_left = 0;
  for (const int64_t block : left) {
    items_left += keeper.Size(block);
  }
  const int64_t items_done = blocks.count - items_left;
  std::optional<ProgressCounter> own;
  if (blocks.counter == nullptr) {
    own.emplace(execution, blocks.phase, blocks.unit, blocks.count, items_done);
  } else if (items_done > 0) {
    blocks.counter->Add(items_done);
  }
  ProgressCounter& counter = own.has_value() ? *own : *blocks.counter;
  absl::Status status =
      ParallelFor(static_cast<int64_t>(left.size()), execution, [&](int64_t i) {
        const int64_t block = left[static_cast<std::size_t>(i)];
        absl::Status done = task(keeper.First(block), keeper.Size(block));
        if (done.ok()) {
          counter.Add(keeper.Size(block));
          keeper.Finish(block);
        }
        return done;
      });
  if (status.ok()) {
    keeper.KeepAll();
  }
  return status;
}

}  // namespace modbound

#ifndef MODBOUND_TESTS_SUPPORT_MEMORY_CHECKPOINT_H_
#define MODBOUND_TESTS_SUPPORT_MEMORY_CHECKPOINT_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/checkpoint.h"
#include "core/base/execution.h"
#include "core/base/mutex.h"
#include "gtest/gtest.h"

namespace modbound {

// A checkpoint for which it is always time; what an offer brought is what a
// crash would leave.
class MemoryCheckpoint : public Checkpoint {
 public:
  using States = std::map<std::string, std::string>;

  explicit MemoryCheckpoint(States states = {},
                            int64_t max_bytes = int64_t{1} << 30)
      : max_bytes_(max_bytes), states_(states), offered_(std::move(states)) {}

  // The `count`-th offer sets `stop` and is the last that leaves anything.
  void StopAfter(int64_t count, StopFlag* stop) {
    stop_after_ = count;
    stop_ = stop;
  }

  int64_t offers() const {
    const MutexLock lock(mutex_);
    return offers_;
  }
  States offered() const {
    const MutexLock lock(mutex_);
    return offered_;
  }
  // As kept at the end.
  States states() const {
    const MutexLock lock(mutex_);
    return states_;
  }

  std::string Last(const std::string& name) override {
    const MutexLock lock(mutex_);
    const auto found = states_.find(name);
    return found == states_.end() ? "" : found->second;
  }
  bool Due() override { return true; }
  void Offer(const std::string& name,
             int64_t done,
             std::string state) override {
    const MutexLock lock(mutex_);
    EXPECT_GT(done, 0);
    states_[name] = std::move(state);
    ++offers_;
    if (stop_after_ == 0 || offers_ <= stop_after_) {
      offered_ = states_;
    }
    if (offers_ == stop_after_) {
      stop_->Stop();
    }
  }
  void Keep(const std::string& name, std::string state) override {
    const MutexLock lock(mutex_);
    states_[name] = std::move(state);
  }
  void Drop(const std::string& prefix) override {
    const MutexLock lock(mutex_);
    for (auto it = states_.lower_bound(prefix);
         it != states_.end() && it->first.rfind(prefix, 0) == 0;) {
      it = states_.erase(it);
    }
  }
  int64_t max_bytes() const override { return max_bytes_; }

 private:
  const int64_t max_bytes_;
  int64_t stop_after_ = 0;  // 0 = never
  StopFlag* stop_ = nullptr;
  mutable Mutex mutex_;
  States states_ ABSL_GUARDED_BY(mutex_);
  States offered_ ABSL_GUARDED_BY(mutex_);
  int64_t offers_ ABSL_GUARDED_BY(mutex_) = 0;
};

// All that a computation found, as bytes; or its error.
using Computation =
    std::function<absl::StatusOr<std::string>(const Execution&)>;

// Interrupts `compute` after each of its checkpoints in turn (of many: after
// about 40 of them) and lets it go on from there on another number of threads:
// expects the bytes of an undisturbed run, and that nothing which a checkpoint
// held was done again. It has at least `checkpoints` of them.
inline void ExpectGoesOn(const Computation& compute, int64_t checkpoints) {
  const auto expected = compute(Execution());
  ASSERT_TRUE(expected.ok()) << expected.status();
  MemoryCheckpoint whole;
  Execution watched;
  watched.checkpoint = &whole;
  const auto same = compute(watched);
  ASSERT_TRUE(same.ok() && *same == *expected)
      << "making checkpoints changed the result";
  ASSERT_GE(whole.offers(), checkpoints);
  const int64_t stride = whole.offers() / 40 + 1;
  for (int64_t k = 1; k <= whole.offers(); k += stride) {
    SCOPED_TRACE("interrupted after checkpoint " + std::to_string(k));
    StopFlag stop;
    MemoryCheckpoint first;
    first.StopAfter(k, &stop);
    Execution execution;
    execution.threads = 1 + static_cast<int>(k % 3);
    execution.stop = &stop;
    execution.checkpoint = &first;
    const auto interrupted = compute(execution);
    EXPECT_TRUE(interrupted.ok() || absl::IsCancelled(interrupted.status()))
        << interrupted.status();
    MemoryCheckpoint second(first.offered());
    Execution resumed;
    resumed.threads = 1 + static_cast<int>((k + 1) % 3);
    resumed.checkpoint = &second;
    const auto result = compute(resumed);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(*result == *expected) << "other bytes";
    EXPECT_LE(second.offers(), whole.offers() - k) << "work done twice";
  }
  // What no program of ours wrote is not used.
  MemoryCheckpoint::States damaged = whole.offered();
  for (auto& [name, state] : damaged) {
    state.resize(state.size() / 2);
  }
  MemoryCheckpoint torn(damaged);
  Execution execution;
  execution.checkpoint = &torn;
  const auto result = compute(execution);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(*result == *expected) << "a torn state was used";
  // Nor are states made that are too large.
  MemoryCheckpoint small({}, 8);
  execution.checkpoint = &small;
  const auto without = compute(execution);
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_TRUE(*without == *expected);
}

// Appends the bytes of numbers.
template <typename T>
void AppendBytes(const T* values, int64_t count, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(values),
               static_cast<std::size_t>(count) * sizeof(T));
}
template <typename Dense>
void AppendBytes(const Dense& values, std::string& bytes) {
  AppendBytes(values.data(), static_cast<int64_t>(values.size()), bytes);
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_MEMORY_CHECKPOINT_H_

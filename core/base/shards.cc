#include "core/base/shards.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/checkpoint.h"
#include "core/base/mutex.h"
#include "core/base/parallel.h"
#include "core/base/progress_counter.h"
#include "core/base/random.h"

namespace modbound {
namespace {

bool FailsAlone(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsAborted(status);
}

void AddText(std::string_view text, StateWriter& state) {
  state.AddInt(static_cast<int64_t>(text.size()));
  state.Add(text.data(), static_cast<int64_t>(text.size()));
}

bool ReadText(StateReader& state, std::string& text) {
  // No error has more to say; a torn state might.
  constexpr int64_t kMostBytes = 1 << 16;
  int64_t size = 0;
  if (!state.ReadInt(size) || size < 0 || size > kMostBytes) {
    return false;
  }
  text.resize(static_cast<std::size_t>(size));
  return state.Read(text.data(), size);
}

void AddFailure(const absl::Status& failure, StateWriter& state) {
  state.AddInt(static_cast<int64_t>(failure.code()));
  AddText(ReasonOf(failure), state);
  AddText(FieldOf(failure), state);
  AddText({failure.message().data(), failure.message().size()}, state);
}

// OK when none was added.
bool ReadFailure(StateReader& state, absl::Status& failure) {
  int64_t code = 0;
  std::string reason;
  std::string field;
  std::string message;
  if (!state.ReadInt(code) || !ReadText(state, reason) ||
      !ReadText(state, field) || !ReadText(state, message)) {
    return false;
  }
  failure =
      code == 0
          ? absl::OkStatus()
          : MakeError(
                static_cast<absl::StatusCode>(code), reason, field, message);
  return true;
}

// The checkpoint of the shards at work: their states share what the finished
// ones leave.
class SharedCheckpoint final : public Checkpoint {
 public:
  SharedCheckpoint(Checkpoint& whole, int64_t max_bytes)
      : whole_(whole), max_bytes_(max_bytes) {}

  std::string Last(const std::string& name) override {
    return whole_.Last(name);
  }
  bool Due() override { return whole_.Due(); }
  void Offer(const std::string& name,
             int64_t done,
             std::string state) override {
    whole_.Offer(name, done, std::move(state));
  }
  void Keep(const std::string& name, std::string state) override {
    whole_.Keep(name, std::move(state));
  }
  void Drop(const std::string& prefix) override { whole_.Drop(prefix); }
  int64_t max_bytes() const override { return max_bytes_; }

 private:
  Checkpoint& whole_;
  const int64_t max_bytes_;
};

// Progress of all shards, one report at a time.
class ShardProgress {
 public:
  ShardProgress(const Shards& shards, const Execution& execution, int64_t done)
      : execution_(execution) {
    const MutexLock lock(mutex_);
    update_.phase = execution.Name(shards.unit);
    update_.unit = shards.unit;
    update_.total = shards.count;
    update_.done = done;
    execution_.Report(update_);
  }

  void Take(int64_t shard, const ProgressUpdate& update) {
    if (update.metrics.empty()) {
      return;
    }
    const MutexLock lock(mutex_);
    std::map<std::string, double>& last = last_[shard];
    for (const auto& [name, value] : update.metrics) {
      Sum& sum = sums_[name];
      const auto [before, is_new] = last.try_emplace(name, value);
      sum.value += is_new ? value : value - before->second;
      sum.count += is_new ? 1 : 0;
      before->second = value;
      update_.metrics[name] = sum.value / static_cast<double>(sum.count);
    }
    execution_.Report(update_);
  }

  void Finish() {
    const MutexLock lock(mutex_);
    ++update_.done;
    execution_.Report(update_);
  }

  int64_t done() {
    const MutexLock lock(mutex_);
    return update_.done;
  }

 private:
  struct Sum {
    double value = 0;
    int64_t count = 0;
  };

  const Execution& execution_;
  Mutex mutex_;
  ProgressUpdate update_ ABSL_GUARDED_BY(mutex_);
  // Metrics that each shard reported last, and their sums.
  std::map<int64_t, std::map<std::string, double>> last_
      ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Sum> sums_ ABSL_GUARDED_BY(mutex_);
};

// Finished shards in the checkpoint, each under a name of its own.
class ShardKeeper {
 public:
  ShardKeeper(const Shards& shards, const Execution& execution)
      : shards_(shards),
        execution_(execution),
        checkpoint_(execution.checkpoint),
        budget_(checkpoint_ == nullptr
                    ? 0
                    : std::min(kMostKeptShardBytes,
                               checkpoint_->max_bytes() / 2)) {}

  std::string PartOf(int64_t shard) const {
    return absl::StrCat(shards_.name, " ", shard);
  }

  // Puts back what was kept. Result: the shards that are left to do.
  std::vector<int64_t> Load(std::vector<absl::Status>& failures) {
    std::vector<int64_t> left;
    for (int64_t shard = 0; shard < shards_.count; ++shard) {
      if (checkpoint_ == nullptr ||
          !LoadOne(shard, failures[static_cast<std::size_t>(shard)])) {
        left.push_back(shard);
      }
    }
    return left;
  }

  // The shard has ended; its phases are not needed any more. Nor are those of
  // one that failed: by itself it fails the same way every time, so going on
  // from a phase would only find what is kept here, while phases of many failed
  // shards would take the room of those at work.
  void Finish(int64_t shard, const absl::Status& failure, int64_t done) {
    if (checkpoint_ == nullptr) {
      return;
    }
    const std::string name = execution_.Name(PartOf(shard));
    StateWriter writer;
    AddFailure(failure, writer);
    if (failure.ok()) {
      shards_.save(shard, writer);
    }
    const bool kept = Reserve(writer.size());
    std::string state = std::move(writer).Take();
    if (kept) {
      checkpoint_->Keep(name, state);
    }
    checkpoint_->Drop(ForPart(execution_, PartOf(shard)).part);
    if (kept && checkpoint_->Due()) {
      checkpoint_->Offer(name, done, std::move(state));
    }
  }

 private:
  bool LoadOne(int64_t shard, absl::Status& failure) {
    const std::string bytes = checkpoint_->Last(execution_.Name(PartOf(shard)));
    StateReader state(bytes);
    absl::Status loaded;
    if (bytes.empty() || !ReadFailure(state, loaded) ||
        (loaded.ok() && !shards_.load(shard, state))) {
      return false;
    }
    failure = std::move(loaded);
    Reserve(static_cast<int64_t>(bytes.size()));
    return true;
  }

  // Whether so many bytes more fit; then they are taken.
  bool Reserve(int64_t bytes) {
    const MutexLock lock(mutex_);
    if (bytes > budget_) {
      return false;
    }
    budget_ -= bytes;
    return true;
  }

  const Shards& shards_;
  const Execution& execution_;
  Checkpoint* const checkpoint_;
  Mutex mutex_;
  int64_t budget_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

uint64_t ShardSeed(uint64_t seed, int64_t shard) {
  return RandomStream(
             seed, RandomPurpose::kShardSeed, static_cast<uint64_t>(shard))
             .Bits() >>
         1;
}

absl::StatusOr<std::vector<absl::Status>> RunShards(
    const Shards& shards,
    const Execution& execution,
    const std::function<absl::Status(int64_t, const Execution&)>& task) {
  std::vector<absl::Status> failures(static_cast<std::size_t>(shards.count));
  ShardKeeper keeper(shards, execution);
  const std::vector<int64_t> left = keeper.Load(failures);
  const auto count = static_cast<int64_t>(left.size());
  ShardProgress progress(shards, execution, shards.count - count);
  Execution outer = execution;
  outer.threads = static_cast<int>(
      std::clamp<int64_t>(execution.threads, 1, std::max<int64_t>(count, 1)));
  // A quarter of a checkpoint for those at work, half for the finished ones.
  std::optional<SharedCheckpoint> checkpoint;
  if (execution.checkpoint != nullptr) {
    checkpoint.emplace(
        *execution.checkpoint,
        execution.checkpoint->max_bytes() / (4 * int64_t{outer.threads}));
  }
  MODBOUND_RETURN_IF_ERROR(ParallelFor(count, outer, [&](int64_t i) {
    const int64_t shard = left[static_cast<std::size_t>(i)];
    Execution inner = ForPart(execution, keeper.PartOf(shard));
    inner.threads = std::max(execution.threads / outer.threads, 1);
    inner.checkpoint = checkpoint.has_value() ? &*checkpoint : nullptr;
    inner.progress = [&progress, shard](const ProgressUpdate& update) {
      progress.Take(shard, update);
    };
    absl::Status status = task(shard, inner);
    if (!status.ok() && !FailsAlone(status)) {
      return status;
    }
    progress.Finish();
    keeper.Finish(shard, status, progress.done());
    failures[static_cast<std::size_t>(shard)] = std::move(status);
    return absl::OkStatus();
  }));
  return failures;
}

}  // namespace modbound

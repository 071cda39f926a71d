#include "core/base/shards.h"

#include <set>

#include "Random123/philox.h"
#include "core/base/checkpoint.h"
#include "core/base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/memory_checkpoint.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

using testing::ElementsAre;

// Shard i counts to i + 2, with a checkpoint at each; shard `failing` fails at
// its first.
struct Counts {
  absl::StatusOr<std::vector<absl::Status>> Run(const Execution& execution) {
    Shards shards;
    shards.name = "counter";
    shards.unit = "counters";
    shards.count = static_cast<int64_t>(values.size());
    shards.save = [this](int64_t shard, StateWriter& state) {
      state.AddInt(values[static_cast<std::size_t>(shard)]);
    };
    shards.load = [this](int64_t shard, StateReader& state) {
      return state.ReadInt(values[static_cast<std::size_t>(shard)]);
    };
    return RunShards(shards,
                     execution,
                     [this](int64_t shard, const Execution& its_execution) {
                       return Count(shard, its_execution);
                     });
  }

  absl::Status Count(int64_t shard, const Execution& execution) {
    {
      const MutexLock lock(mutex);
      done.insert(shard);
      threads = execution.threads;
    }
    if (shard == failing) {
      return MakeError(code, reason::kDiverged, "rate", "it went astray");
    }
    const std::string name = execution.Name("counting");
    int64_t value = 0;
    if (execution.checkpoint != nullptr) {
      const std::string bytes = execution.checkpoint->Last(name);
      StateReader(bytes).ReadInt(value);
    }
    while (value < shard + 2) {
      if (execution.stopped()) {
        return StoppedError();
      }
      ++value;
      ProgressUpdate update;
      update.metrics["value"] = static_cast<double>(value);
      execution.Report(update);
      if (execution.checkpoint != nullptr && value < shard + 2 &&
          execution.checkpoint->max_bytes() >= 8 &&
          execution.checkpoint->Due()) {
        StateWriter state;
        state.AddInt(value);
        execution.checkpoint->Offer(name, value, std::move(state).Take());
      }
    }
    values[static_cast<std::size_t>(shard)] = value;
    return absl::OkStatus();
  }

  std::vector<int64_t> values = std::vector<int64_t>(6, -1);
  int64_t failing = -1;
  absl::StatusCode code = absl::StatusCode::kAborted;
  Mutex mutex;
  std::set<int64_t> done;
  int threads = 0;
};

TEST(Shards, AreAllDoneAtAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5, 13}) {
    Execution execution;
    execution.threads = threads;
    Counts counts;
    const auto failures = counts.Run(execution);
    ASSERT_TRUE(failures.ok()) << failures.status();
    EXPECT_THAT(counts.values, ElementsAre(2, 3, 4, 5, 6, 7));
    // 13 threads for 6 shards: two each.
    EXPECT_EQ(counts.threads, threads == 13 ? 2 : 1);
  }
}

TEST(Shards, OneThatFailsByItselfDoesNotSinkTheRest) {
  for (const int threads : {1, 3}) {
    Execution execution;
    execution.threads = threads;
    Counts counts;
    counts.failing = 2;
    const auto failures = counts.Run(execution);
    ASSERT_TRUE(failures.ok()) << failures.status();
    EXPECT_THAT(counts.values, ElementsAre(2, 3, -1, 5, 6, 7));
    for (std::size_t i = 0; i < 6; ++i) {
      EXPECT_EQ((*failures)[i].ok(), i != 2);
    }
    EXPECT_EQ(ReasonOf((*failures)[2]), reason::kDiverged);
    EXPECT_EQ(FieldOf((*failures)[2]), "rate");
  }
}

TEST(Shards, AnErrorOfTheMachineEndsTheJob) {
  for (const absl::StatusCode code :
       {absl::StatusCode::kResourceExhausted, absl::StatusCode::kInternal}) {
    Counts counts;
    counts.failing = 2;
    counts.code = code;
    EXPECT_EQ(counts.Run(Execution()).status().code(), code);
  }
}

std::string BytesOf(const Counts& counts,
                    const std::vector<absl::Status>& failures) {
  std::string bytes;
  AppendBytes(counts.values, bytes);
  for (const absl::Status& failure : failures) {
    bytes += std::string(failure.message()) + FieldOf(failure) +
             ReasonOf(failure) + "\n";
  }
  return bytes;
}

// Shards of 2 ... 7 counts, 27 in all; a finished one is kept in the place of
// its last count, so that each is one checkpoint; the one that fails has one.
TEST(Shards, GoOnFromEachCheckpoint) {
  for (const int64_t failing : {-1, 2}) {
    ExpectGoesOn(
        [&](const Execution& execution) -> absl::StatusOr<std::string> {
          Counts counts;
          counts.failing = failing;
          const auto failures = counts.Run(execution);
          if (!failures.ok()) {
            return failures.status();
          }
          return BytesOf(counts, *failures);
        },
        failing < 0 ? 27 : 24);
  }
}

TEST(Shards, FinishedOnesAreNotDoneAgainAndTheirPhasesAreDropped) {
  StopFlag stop;
  MemoryCheckpoint checkpoint;
  // Shards 0 and 1 are done after 2 + 3 offers; one of shard 2 is the last.
  checkpoint.StopAfter(6, &stop);
  Execution execution;
  execution.stop = &stop;
  execution.checkpoint = &checkpoint;
  Counts first;
  EXPECT_TRUE(absl::IsCancelled(first.Run(execution).status()));
  const MemoryCheckpoint::States states = checkpoint.offered();
  EXPECT_EQ(states.size(), 3u);
  EXPECT_EQ(states.count("counter 0"), 1u);
  EXPECT_EQ(states.count("counter 1"), 1u);
  EXPECT_EQ(states.count("counter 2, counting"), 1u);
  MemoryCheckpoint kept(states);
  std::vector<ProgressUpdate> updates;
  Execution resumed;
  resumed.checkpoint = &kept;
  resumed.progress = [&](const ProgressUpdate& update) {
    updates.push_back(update);
  };
  Counts second;
  ASSERT_TRUE(second.Run(resumed).ok());
  EXPECT_EQ(second.done, (std::set<int64_t>{2, 3, 4, 5}));
  EXPECT_EQ(updates.front().done, 2);
  EXPECT_EQ(updates.back().done, 6);
}

TEST(Shards, CountAsProgressWithTheMeanOfTheirMetrics) {
  ProgressLog log;
  ProgressUpdate last;
  Execution execution = log.Watch(2);
  const auto watch = execution.progress;
  execution.progress = [&](const ProgressUpdate& update) {
    watch(update);
    last = update;
  };
  Counts counts;
  ASSERT_TRUE(counts.Run(execution).ok());
  EXPECT_THAT(log.Ends(), ElementsAre("counters: 6 of 6 counters"));
  EXPECT_DOUBLE_EQ(last.metrics["value"], (2 + 3 + 4 + 5 + 6 + 7) / 6.0);
}

TEST(ShardSeed, IsAFixedFunctionOfSeedAndShard) {
  std::set<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    for (int64_t shard = 0; shard < 100; ++shard) {
      const uint64_t own = ShardSeed(seed, shard);
      EXPECT_LT(own, uint64_t{1} << 63);
      seeds.insert(own);
    }
  }
  EXPECT_EQ(seeds.size(), 1000u);
  // As the contract says, by hand: Philox4x32-10 of key (5, 0), counter
  // (0, 20, 3, 0); its first two words, halved.
  const auto block = r123::Philox4x32()({{0, 20, 3, 0}}, {{5, 0}});
  EXPECT_EQ(ShardSeed(5, 3), (uint64_t{block[1]} << 32 | block[0]) >> 1);
}

}  // namespace
}  // namespace modbound

#include "core/base/kept_blocks.h"

#include <vector>

#include "core/base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/memory_checkpoint.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

using testing::ElementsAre;

// Squares of 0 ... 9 in blocks of 4, and which blocks were done.
struct Squares {
  absl::Status Run(const Execution& execution) {
    KeptBlocks blocks;
    blocks.phase = "squares";
    blocks.unit = "numbers";
    blocks.count = 10;
    blocks.block = 4;
    KeepArray(values.data(), 1, blocks);
    return RunKeptBlocks(
        blocks, execution, [&](int64_t first, int64_t size) -> absl::Status {
          const MutexLock lock(mutex);
          done.push_back(first);
          for (int64_t i = first; i < first + size; ++i) {
            values[static_cast<std::size_t>(i)] = static_cast<double>(i * i);
          }
          return absl::OkStatus();
        });
  }

  std::vector<double> values = std::vector<double>(10, -1);
  Mutex mutex;
  std::vector<int64_t> done;
};

Execution With(Checkpoint& checkpoint) {
  Execution execution;
  execution.checkpoint = &checkpoint;
  return execution;
}

TEST(KeptBlocks, GoOnWithTheBlocksThatAreLeft) {
  StopFlag stop;
  MemoryCheckpoint checkpoint;
  checkpoint.StopAfter(2, &stop);
  Execution execution = With(checkpoint);
  execution.stop = &stop;
  Squares first;
  EXPECT_TRUE(absl::IsCancelled(first.Run(execution)));
  EXPECT_THAT(first.done, ElementsAre(0, 4));

  MemoryCheckpoint kept(checkpoint.offered());
  std::vector<int64_t> progress;
  Execution resumed = With(kept);
  resumed.progress = [&](const ProgressUpdate& update) {
    EXPECT_EQ(update.total, 10);
    progress.push_back(update.done);
  };
  Squares second;
  ASSERT_TRUE(second.Run(resumed).ok());
  EXPECT_THAT(second.done, ElementsAre(8));
  EXPECT_THAT(second.values, ElementsAre(0, 1, 4, 9, 16, 25, 36, 49, 64, 81));
  EXPECT_THAT(progress, ElementsAre(8, 10));
}

TEST(KeptBlocks, AreNotDoneAgainOnceThePhaseHasEnded) {
  MemoryCheckpoint checkpoint;
  Squares first;
  ASSERT_TRUE(first.Run(With(checkpoint)).ok());
  MemoryCheckpoint kept(checkpoint.states());
  Squares second;
  ASSERT_TRUE(second.Run(With(kept)).ok());
  EXPECT_THAT(second.done, ElementsAre());
  EXPECT_EQ(second.values, first.values);
}

TEST(KeptBlocks, OfOtherPhasesOrSizesAreNotTaken) {
  MemoryCheckpoint checkpoint;
  Squares first;
  ASSERT_TRUE(first.Run(With(checkpoint)).ok());
  const std::string state = checkpoint.states().at("squares");

  MemoryCheckpoint other_part({{"squares", state}});
  Squares second;
  ASSERT_TRUE(second.Run(ForPart(With(other_part), "step")).ok());
  EXPECT_EQ(second.done.size(), 3U);
  EXPECT_EQ(other_part.states().count("step, squares"), 1U);

  std::string other_count = state;
  other_count[0] = 11;
  MemoryCheckpoint other_size({{"squares", other_count}});
  Squares third;
  ASSERT_TRUE(third.Run(With(other_size)).ok());
  EXPECT_EQ(third.done.size(), 3U);
}

TEST(KeptBlocks, OfATornStateAreThoseThatItHolds) {
  MemoryCheckpoint checkpoint;
  Squares first;
  ASSERT_TRUE(first.Run(With(checkpoint)).ok());
  std::string state = checkpoint.states().at("squares");
  state.resize(state.size() - 1);
  MemoryCheckpoint torn({{"squares", state}});
  Squares second;
  ASSERT_TRUE(second.Run(With(torn)).ok());
  EXPECT_THAT(second.done, ElementsAre(8));
  EXPECT_EQ(second.values, first.values);
}

TEST(KeptBlocks, TooLargeForACheckpointHaveNone) {
  MemoryCheckpoint checkpoint({}, 40);
  Squares squares;
  ASSERT_TRUE(squares.Run(With(checkpoint)).ok());
  // One block fits, the others do not: it gives up once.
  EXPECT_LE(checkpoint.offers(), 1);
  EXPECT_EQ(squares.values[9], 81);
}

TEST(KeptBlocks, AreCountedByTheCounterOfTheWhole) {
  ProgressLog log;
  MemoryCheckpoint checkpoint;
  Execution execution = log.Watch();
  execution.checkpoint = &checkpoint;
  ProgressCounter counter(execution, "all", "items", 6);
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::vector<int32_t> values(3);
    KeptBlocks blocks;
    blocks.phase = "part";
    blocks.counter = &counter;
    blocks.count = 3;
    KeepArray(values.data(), 1, blocks);
    ASSERT_TRUE(RunKeptBlocks(blocks, execution, [](int64_t, int64_t) {
                  return absl::OkStatus();
                }).ok());
  }
  EXPECT_THAT(log.Ends(), ElementsAre("all: 6 of 6 items"));
}

TEST(KeptBlocks, GiveTheSameBytesAtAnyInterruption) {
  ExpectGoesOn(
      [](const Execution& execution) -> absl::StatusOr<std::string> {
        Squares squares;
        const absl::Status status = squares.Run(execution);
        if (!status.ok()) {
          return status;
        }
        std::string bytes;
        AppendBytes(squares.values, bytes);
        return bytes;
      },
      3);
}

}  // namespace
}  // namespace modbound

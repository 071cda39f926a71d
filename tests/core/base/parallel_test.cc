#include "core/base/parallel.h"

#include <atomic>
#include <latch>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "support/threads.h"

namespace modbound {
namespace {

TEST(ParallelFor, RunsEveryIndexOnceAtAnyThreadCount) {
  for (const int threads : {1, 2, 7}) {
    std::vector<std::atomic<int>> counts(100);
    ASSERT_TRUE(ParallelFor(100, Threads(threads), [&](int64_t i) {
                  ++counts[static_cast<std::size_t>(i)];
                  return absl::OkStatus();
                }).ok());
    for (const auto& count : counts) {
      EXPECT_EQ(count, 1);
    }
  }
}

TEST(ParallelForBlocks, CutsTheSameBlocksAtAnyThreadCount) {
  for (const int threads : {1, 3}) {
    std::vector<int64_t> sizes(10, 0);
    ASSERT_TRUE(ParallelForBlocks(10,
                                  4,
                                  Threads(threads),
                                  [&](int64_t first, int64_t size) {
                                    sizes[static_cast<std::size_t>(first)] =
                                        size;
                                    return absl::OkStatus();
                                  })
                    .ok());
    EXPECT_EQ(sizes, (std::vector<int64_t>{4, 0, 0, 0, 4, 0, 0, 0, 2, 0}));
  }
}

TEST(ParallelFor, NoWorkIsFine) {
  EXPECT_TRUE(
      ParallelFor(0, Threads(4), [](int64_t) { return StoppedError(); }).ok());
}

TEST(ParallelFor, GivesTheErrorOfTheLowestFailingIndex) {
  const absl::Status status = ParallelFor(10, Threads(1), [](int64_t i) {
    return i < 4 ? absl::OkStatus() : absl::InternalError(absl::StrCat(i));
  });
  EXPECT_EQ(status.message(), "4");
}

TEST(ParallelFor, GivesTheErrorOfTheLowestOfSeveralThatFailAtOnce) {
  // All four wait for each other, so each is on a thread of its own and which
  // fails first is up to the system; many rounds see many orders.
  for (int round = 0; round < 300; ++round) {
    std::latch all_run(4);
    const absl::Status status = ParallelFor(4, Threads(4), [&](int64_t i) {
      all_run.arrive_and_wait();
      return absl::InternalError(absl::StrCat(i));
    });
    ASSERT_EQ(status.message(), "0") << "round " << round;
  }
}

// Starts `most` threads, then throws what the system's shortage makes.
internal::StartThread StartsAtMost(int most, int& started) {
  return [most, &started](const std::function<void()>& work) {
    if (started == most) {
      throw std::system_error(
          std::make_error_code(std::errc::resource_unavailable_try_again));
    }
    ++started;
    return std::thread(work);
  };
}

TEST(ParallelFor, GoesOnWithTheThreadsThatCouldBeStarted) {
  for (const int most : {0, 1, 3}) {
    std::vector<std::atomic<int>> counts(100);
    int started = 0;
    const absl::Status status = internal::ParallelForOn(
        StartsAtMost(most, started), 100, Threads(8), [&](int64_t i) {
          ++counts[static_cast<std::size_t>(i)];
          return absl::OkStatus();
        });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(started, most);
    for (const auto& count : counts) {
      EXPECT_EQ(count, 1);
    }
  }
}

TEST(ParallelFor, GoesOnWhenThereIsNoMemoryForThreads) {
  int runs = 0;
  const absl::Status status = internal::ParallelForOn(
      [](const std::function<void()>&) -> std::thread {
        throw std::bad_alloc();
      },
      10,
      Threads(4),
      [&](int64_t) {
        ++runs;
        return absl::OkStatus();
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 10);
}

TEST(ParallelFor, StopsWhenAsked) {
  StopFlag stop;
  Execution execution = Threads(2);
  execution.stop = &stop;
  std::atomic<int> done{0};
  const absl::Status status = ParallelFor(1000, execution, [&](int64_t) {
    ++done;
    stop.Stop();
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_LE(done, 2);
}

TEST(ParallelFor, AnExceptionOfALibraryBecomesAnError) {
  const absl::Status status = ParallelFor(
      2, Threads(2), [](int64_t) -> absl::Status { throw std::bad_alloc(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), "MEMORY_LIMIT");
}

}  // namespace
}  // namespace modbound

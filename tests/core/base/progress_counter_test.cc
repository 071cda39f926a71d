#include "core/base/progress_counter.h"

#include <string>
#include <vector>

#include "core/base/parallel.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/progress_log.h"

namespace modbound {
namespace {

TEST(ProgressCounter, BeginsAtZeroAndCountsWhatIsAdded) {
  std::vector<int64_t> seen;
  Execution execution;
  execution.progress = [&](const ProgressUpdate& update) {
    EXPECT_EQ(update.phase, "null");
    EXPECT_EQ(update.unit, "draws");
    EXPECT_EQ(update.total, 7);
    seen.push_back(update.done);
  };
  ProgressCounter counter(execution, "null", "draws", 7);
  counter.Add(3);
  counter.Add(4);
  EXPECT_EQ(seen, (std::vector<int64_t>{0, 3, 7}));
}

TEST(ProgressCounter, BeginsWhereAnEarlierAttemptWas) {
  std::vector<int64_t> seen;
  Execution execution;
  execution.progress = [&](const ProgressUpdate& update) {
    seen.push_back(update.done);
  };
  ProgressCounter counter(execution, "null", "draws", 7, 5);
  counter.Add(2);
  EXPECT_EQ(seen, (std::vector<int64_t>{5, 7}));
}

TEST(ProgressCounter, HasNothingToReportOfNothing) {
  ProgressLog log;
  const Execution execution = log.Watch();
  const ProgressCounter counter(execution, "null", "draws", 0);
  EXPECT_TRUE(log.Ends().empty());
}

TEST(ProgressCounter, ReportsOneAtATimeFromAnyThread) {
  ProgressLog log;  // not safe from two threads
  const Execution execution = log.Watch(4);
  ProgressCounter counter(execution, "counting", "items", 1000);
  ASSERT_TRUE(ParallelFor(1000, execution, [&](int64_t) {
                counter.Add(1);
                return absl::OkStatus();
              }).ok());
  EXPECT_THAT(log.Ends(), testing::ElementsAre("counting: 1000 of 1000 items"));
}

TEST(ForPart, NamesThePhasesOfAPart) {
  ProgressLog log;
  StopFlag stop;
  Execution execution = log.Watch(3);
  execution.stop = &stop;
  for (const char* part : {"step", "flow"}) {
    const Execution of_part = ForPart(execution, part);
    EXPECT_EQ(of_part.threads, 3);
    EXPECT_EQ(of_part.stop, &stop);
    ProgressCounter(of_part, "null", "draws", 2).Add(2);
  }
  EXPECT_THAT(log.Ends(),
              testing::ElementsAre("step, null: 2 of 2 draws",
                                   "flow, null: 2 of 2 draws"));
  // Without a callback there is nothing to call.
  EXPECT_FALSE(static_cast<bool>(ForPart(Execution(), "step").progress));
}

}  // namespace
}  // namespace modbound

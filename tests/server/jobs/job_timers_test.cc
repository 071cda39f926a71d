#include "server/jobs/job_timers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr SteadyTime At(int seconds) {
  return SteadyTime(std::chrono::seconds(seconds));
}

TEST(JobTimers, TellsWhatIsDueInOrderOfTime) {
  JobTimers timers;
  timers.Set("late", At(30));
  timers.Set("second", At(20));
  timers.Set("first", At(10));
  EXPECT_EQ(timers.Next(), At(10));
  EXPECT_THAT(timers.Due(At(9)), IsEmpty());
  EXPECT_THAT(timers.Due(At(20)), ElementsAre("first", "second"));
  timers.Remove("first");
  EXPECT_THAT(timers.Due(At(29)), ElementsAre("second"));
  timers.Remove("second");
  EXPECT_THAT(timers.Due(At(29)), IsEmpty());
  EXPECT_EQ(timers.Next(), At(30));
}

TEST(JobTimers, ReplacesAndRemoves) {
  JobTimers timers;
  timers.Set("a", At(10));
  timers.Set("a", At(40));
  timers.Set("b", At(10));
  timers.Remove("b");
  EXPECT_TRUE(timers.Has("a"));
  EXPECT_FALSE(timers.Has("b"));
  EXPECT_THAT(timers.Due(At(39)), IsEmpty());
  EXPECT_THAT(timers.Due(At(40)), ElementsAre("a"));
  timers.Remove("a");
  EXPECT_EQ(timers.Next(), SteadyTime::max());
}

}  // namespace
}  // namespace modbound

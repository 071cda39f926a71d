#include "server/jobs/job_time.h"

#include <gtest/gtest.h>

#include <limits>

namespace modbound {
namespace {

TEST(JobTime, TimestampsGoThereAndBack) {
  const auto time = ToTimestamp(1'790'000'000'123'456);
  EXPECT_EQ(time.seconds(), 1'790'000'000);
  EXPECT_EQ(time.nanos(), 123'456'000);
  EXPECT_EQ(ToMicros(time), 1'790'000'000'123'456);
}

TEST(JobTime, APositiveDurationIsNeverNothing) {
  google::protobuf::Duration duration;
  duration.set_nanos(1);
  EXPECT_EQ(ToMicros(duration), 1);
}

TEST(JobTime, DurationsOfSecondsAreNeverNegative) {
  EXPECT_EQ(ToDuration(1.5).seconds(), 1);
  EXPECT_EQ(ToDuration(1.5).nanos(), 500'000'000);
  EXPECT_EQ(ToDuration(-1).seconds(), 0);
  EXPECT_EQ(ToDuration(-1).nanos(), 0);
  EXPECT_TRUE(IsValid(ToDuration(1e300)));
}

TEST(JobTime, KnowsTheRangesOfProto) {
  google::protobuf::Timestamp time;
  EXPECT_TRUE(IsValid(time));
  time.set_nanos(-1);
  EXPECT_FALSE(IsValid(time));
  time.set_nanos(0);
  time.set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_FALSE(IsValid(time));
  google::protobuf::Duration duration;
  for (const int64_t seconds : {std::numeric_limits<int64_t>::min(),
                                std::numeric_limits<int64_t>::max()}) {
    duration.set_seconds(seconds);
    EXPECT_FALSE(IsValid(duration)) << seconds;
  }
  duration.set_seconds(-1);
  EXPECT_TRUE(IsValid(duration));
  duration.set_nanos(std::numeric_limits<int32_t>::min());
  EXPECT_FALSE(IsValid(duration));
  duration.set_nanos(0);
  duration.set_seconds(1);
  duration.set_nanos(-1);  // signs differ
  EXPECT_FALSE(IsValid(duration));
}

TEST(JobTime, TheFarFutureDoesNotOverflow) {
  const SteadyTime now = std::chrono::steady_clock::now();
  EXPECT_GT(After(now, std::numeric_limits<int64_t>::max()), now);
  EXPECT_EQ(After(now, -5), now);
}

}  // namespace
}  // namespace modbound

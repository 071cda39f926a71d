#include "client/cli/outage.h"

#include "gtest/gtest.h"

namespace modbound {
namespace {

using std::chrono::seconds;

TEST(Outage, IsWaitedForFromItsFirstFailureOn) {
  Outage outage(seconds(10));
  const Outage::Clock::time_point begin{seconds(1000)};
  EXPECT_FALSE(outage.lasts());
  EXPECT_TRUE(outage.MayLast(begin));
  EXPECT_TRUE(outage.lasts());
  EXPECT_TRUE(outage.MayLast(begin + seconds(9)));
  EXPECT_FALSE(outage.MayLast(begin + seconds(10)));
}

TEST(Outage, BeginsAnewAfterAnAnswer) {
  Outage outage(seconds(10));
  const Outage::Clock::time_point begin{seconds(1000)};
  EXPECT_TRUE(outage.MayLast(begin));
  outage.End();
  EXPECT_FALSE(outage.lasts());
  EXPECT_TRUE(outage.MayLast(begin + seconds(100)));
  EXPECT_TRUE(outage.MayLast(begin + seconds(109)));
}

TEST(Outage, WithoutPatienceEndsAtOnce) {
  EXPECT_FALSE(Outage(seconds(0)).MayLast());
}

}  // namespace
}  // namespace modbound

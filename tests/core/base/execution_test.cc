#include "core/base/execution.h"

#include <gtest/gtest.h>

namespace modbound {
namespace {

TEST(StopFlag, TellsOnceThatItWasAsked) {
  StopFlag flag;
  EXPECT_FALSE(flag.TakeAsked());
  EXPECT_FALSE(flag.stopped());
  EXPECT_FALSE(flag.stopped());
  EXPECT_TRUE(flag.TakeAsked());
  EXPECT_FALSE(flag.TakeAsked());
  flag.Stop();
  EXPECT_FALSE(flag.TakeAsked());
  EXPECT_TRUE(flag.stopped());
  EXPECT_TRUE(flag.TakeAsked());
}

TEST(Execution, AsksItsFlag) {
  StopFlag flag;
  Execution execution;
  EXPECT_FALSE(execution.stopped());
  execution.stop = &flag;
  EXPECT_FALSE(execution.stopped());
  EXPECT_TRUE(flag.TakeAsked());
}

}  // namespace
}  // namespace modbound

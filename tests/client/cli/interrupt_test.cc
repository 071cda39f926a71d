#include "client/cli/interrupt.h"

#include <csignal>

#include "gtest/gtest.h"

namespace modbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Interrupt, IsTakenOnceByWhoeverComesFirst) {
  Interrupt interrupt;
  EXPECT_FALSE(interrupt.Take());
  std::raise(SIGINT);
  // Waiting alone takes nothing, so the second waiter sees the same press.
  EXPECT_TRUE(interrupt.WaitFor(seconds(60)));
  EXPECT_TRUE(interrupt.WaitFor(seconds(60)));
  EXPECT_TRUE(interrupt.Take());
  EXPECT_FALSE(interrupt.WaitFor(milliseconds(0)));
  EXPECT_FALSE(interrupt.Take());
}

TEST(Interrupt, KeepsEveryPressUntilItIsTaken) {
  Interrupt interrupt;
  std::raise(SIGINT);
  EXPECT_TRUE(interrupt.WaitFor(seconds(60)));
  EXPECT_TRUE(interrupt.Take());
  std::raise(SIGINT);
  EXPECT_TRUE(interrupt.WaitFor(seconds(60)));
  EXPECT_TRUE(interrupt.Take());
  EXPECT_FALSE(interrupt.Take());
}

TEST(Interrupt, TwoPressesBeforeAnyoneLooksAreTwo) {
  Interrupt interrupt;
  std::raise(SIGINT);
  std::raise(SIGINT);
  EXPECT_TRUE(interrupt.WaitFor(seconds(60)));
  EXPECT_TRUE(interrupt.Take());
  EXPECT_TRUE(interrupt.WaitFor(seconds(60)));
  EXPECT_TRUE(interrupt.Take());
  EXPECT_FALSE(interrupt.Take());
}

TEST(Interrupt, PutsTheFormerReactionBack) {
  struct sigaction before = {};
  sigaction(SIGINT, nullptr, &before);
  {
    const Interrupt interrupt;
    struct sigaction during = {};
    sigaction(SIGINT, nullptr, &during);
    EXPECT_NE(during.sa_handler, before.sa_handler);
  }
  struct sigaction after = {};
  sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
}

}  // namespace
}  // namespace modbound

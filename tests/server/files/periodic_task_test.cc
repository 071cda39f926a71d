#include "server/files/periodic_task.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace modbound {
namespace {

TEST(PeriodicTask, GoesOnAfterErrorsAndExceptions) {
  std::atomic<int> turns{0};
  const PeriodicTask task("test", std::chrono::milliseconds(1), [&] {
    const int turn = ++turns;
    if (turn == 1) {
      return absl::InternalError("no");
    }
    if (turn == 2) {
      throw std::bad_alloc();
    }
    return absl::OkStatus();
  });
  while (turns < 4) {
    std::this_thread::yield();
  }
}

TEST(PeriodicTask, EndsAtOnce) {
  // Or this test would take an hour.
  const PeriodicTask task("test", std::chrono::hours(1), [] {
    ADD_FAILURE() << "not before the hour is over";
    return absl::OkStatus();
  });
}

}  // namespace
}  // namespace modbound

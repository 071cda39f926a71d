#include "server/rpc/worker_pool.h"

#include <atomic>
#include <future>

#include "gtest/gtest.h"

namespace modbound {
namespace {

TEST(WorkerPool, RunsEveryTaskBeforeItEnds) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(3);
    for (int i = 0; i < 1000; ++i) {
      pool.Run([&ran] { ++ran; });
    }
  }
  EXPECT_EQ(ran.load(), 1000);
}

TEST(WorkerPool, RunsTasksOfTasks) {
  std::atomic<int> ran{0};
  {
    WorkerPool pool(1);
    pool.Run([&] { pool.Run([&ran] { ++ran; }); });
  }
  EXPECT_EQ(ran.load(), 1);
}

// Two tasks that wait for each other end only on two threads.
TEST(WorkerPool, RunsTasksAtTheSameTime) {
  WorkerPool pool(2);
  std::promise<void> first;
  std::promise<void> second;
  std::promise<void> met;
  pool.Run([&] {
    first.set_value();
    second.get_future().wait();
    met.set_value();
  });
  pool.Run([&] {
    first.get_future().wait();
    second.set_value();
  });
  met.get_future().wait();
}

}  // namespace
}  // namespace modbound

#include "server/executors/hang_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

namespace modbound {
namespace {

using std::chrono::milliseconds;

class Sink : public AttemptSink {
 public:
  void Progress(const ProgressUpdate&) override {}
  void Hangs(milliseconds silence) override { told.push_back(silence.count()); }

  std::vector<int64_t> told;
};

// Times are what the test says.
class HangWatchTest : public ::testing::Test {
 protected:
  HangWatchTest() {
    auto task = std::make_shared<AttemptTask>();
    task->stop = stop_;
    task->sink = sink_;
    entry_ = watch_.Add(std::move(task), At(0));
  }
  static HangWatch::Time At(int64_t ms) {
    return HangWatch::Time() + milliseconds(ms);
  }

  const std::shared_ptr<StopFlag> stop_ = std::make_shared<StopFlag>();
  const std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
  HangWatch watch_{milliseconds(100)};
  HangWatch::Entry entry_;
};

TEST_F(HangWatchTest, TellsOnceOfAnAttemptThatDoesNotAsk) {
  watch_.Look(At(100));
  EXPECT_TRUE(sink_->told.empty());
  watch_.Look(At(101));
  watch_.Look(At(500));
  EXPECT_EQ(sink_->told, std::vector<int64_t>{101});
}

TEST_F(HangWatchTest, CountsFromTheLastTimeItWasSeenToAsk) {
  EXPECT_FALSE(stop_->stopped());
  watch_.Look(At(90));
  watch_.Look(At(190));
  EXPECT_TRUE(sink_->told.empty());
  watch_.Look(At(195));
  EXPECT_EQ(sink_->told, std::vector<int64_t>{105});
}

TEST_F(HangWatchTest, ForgetsWhatWasRemoved) {
  watch_.Remove(entry_);
  watch_.Look(At(1000));
  EXPECT_TRUE(sink_->told.empty());
}

}  // namespace
}  // namespace modbound

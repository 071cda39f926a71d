#include "server/rpc/watch_reactor.h"

#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "core/base/mutex.h"
#include "gtest/gtest.h"
#include "server/rpc/expect_error.h"
#include "server/rpc/fake_queue.h"
#include "server/rpc/test_service.h"

namespace modbound {
namespace {

// What a test lets happen to the one job that is watched.
class Events {
 public:
  void Push(int64_t sequence) {
    std::function<void()> wake;
    {
      const MutexLock lock(mutex_);
      events_.emplace_back().set_sequence(sequence);
      wake = wake_;
    }
    wake();
  }
  void End() {
    std::function<void()> wake;
    {
      const MutexLock lock(mutex_);
      ended_ = true;
      wake = wake_;
    }
    wake();
  }
  // Lets the next pull fail.
  void Fail(const absl::Status& error) {
    std::function<void()> wake;
    {
      const MutexLock lock(mutex_);
      error_ = error;
      wake = wake_;
    }
    wake();
  }
  void SetWake(std::function<void()> wake) {
    const MutexLock lock(mutex_);
    wake_ = std::move(wake);
  }
  absl::StatusOr<std::optional<v1::JobEvent>> Next() {
    const MutexLock lock(mutex_);
    MODBOUND_RETURN_IF_ERROR(error_);
    if (events_.empty()) {
      return std::nullopt;
    }
    v1::JobEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  bool done() const {
    const MutexLock lock(mutex_);
    return ended_ && events_.empty();
  }

 private:
  mutable Mutex mutex_;
  std::deque<v1::JobEvent> events_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> wake_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

class FakeWatch : public JobWatch {
 public:
  FakeWatch(Events& events, std::promise<void>& dropped)
      : events_(events), dropped_(dropped) {}
  ~FakeWatch() override { dropped_.set_value(); }
  absl::StatusOr<std::optional<v1::JobEvent>> Next() override {
    return events_.Next();
  }
  bool done() const override { return events_.done(); }

 private:
  Events& events_;
  std::promise<void>& dropped_;
};

// Everything a watch needs and tells.
struct Watched {
  Events events;
  std::promise<void> opened;
  std::promise<void> dropped;
};

class WatchQueue : public FakeQueue {
 public:
  explicit WatchQueue(Watched& watched) : watched_(watched) {}
  absl::StatusOr<std::unique_ptr<JobWatch>> Watch(
      const std::string& owner,
      const v1::WatchJobRequest& request,
      std::function<void()> wake) override {
    EXPECT_EQ(owner, "local");
    EXPECT_EQ(request.id(), "the job");
    wake();  // allowed before Watch returns
    watched_.events.SetWake(std::move(wake));
    watched_.opened.set_value();
    return std::make_unique<FakeWatch>(watched_.events, watched_.dropped);
  }

 private:
  Watched& watched_;
};

class WatchReactorTest : public testing::Test {
 protected:
  WatchReactorTest()
      : service_([this](auto&&...) {
          return std::make_unique<WatchQueue>(watched_);
        }) {
    v1::WatchJobRequest request;
    request.set_id("the job");
    stream_ = service_.jobs().WatchJob(call_.get(), request);
    watched_.opened.get_future().wait();
  }

  Watched watched_;
  TestService service_;
  const std::unique_ptr<grpc::ClientContext> call_ = NewCall();
  std::unique_ptr<grpc::ClientReader<v1::JobEvent>> stream_;
  v1::JobEvent event_;
};

// Wakes fall into pulls, writes and sleep by chance; an event whose wake is
// lost would never come.
TEST_F(WatchReactorTest, BringsEveryEventInOrder) {
  constexpr int64_t kEvents = 3000;
  std::thread source([this] {
    for (int64_t i = 0; i < kEvents; ++i) {
      watched_.events.Push(i);
    }
  });
  for (int64_t i = 0; i < kEvents; ++i) {
    ASSERT_TRUE(stream_->Read(&event_));
    ASSERT_EQ(event_.sequence(), i);
  }
  source.join();
  watched_.events.End();
  EXPECT_FALSE(stream_->Read(&event_));
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(WatchReactorTest, BringsEventsThatComeOneByOne) {
  for (int64_t i = 0; i < 100; ++i) {
    watched_.events.Push(i);
    ASSERT_TRUE(stream_->Read(&event_));
    ASSERT_EQ(event_.sequence(), i);
  }
  call_->TryCancel();
  stream_->Finish();
}

TEST_F(WatchReactorTest, DropsTheWatchWhenTheClientLeaves) {
  watched_.events.Push(1);
  ASSERT_TRUE(stream_->Read(&event_));
  call_->TryCancel();
  EXPECT_EQ(stream_->Finish().error_code(), grpc::StatusCode::CANCELLED);
  watched_.dropped.get_future().wait();
  watched_.events.Push(2);  // a late wake does nothing
}

TEST_F(WatchReactorTest, PassesOnErrorsOfTheWatch) {
  watched_.events.Fail(MakeError(
      absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "", "it was deleted"));
  EXPECT_FALSE(stream_->Read(&event_));
  ExpectError(
      stream_->Finish(), grpc::StatusCode::NOT_FOUND, "JOB_NOT_FOUND", "");
  watched_.dropped.get_future().wait();
}

TEST_F(WatchReactorTest, TellsTheClientThatTheServerStops) {
  watched_.events.Push(1);
  ASSERT_TRUE(stream_->Read(&event_));
  watched_.events.Push(2);
  service_.server().Stop(std::chrono::minutes(1));
  // What had happened by then still comes.
  ASSERT_TRUE(stream_->Read(&event_));
  EXPECT_EQ(event_.sequence(), 2);
  EXPECT_FALSE(stream_->Read(&event_));
  ExpectError(
      stream_->Finish(), grpc::StatusCode::UNAVAILABLE, "SERVER_STOPPING", "");
  watched_.dropped.get_future().wait();
}

}  // namespace
}  // namespace modbound

#include "server/rpc/unary.h"

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "gtest/gtest.h"
#include "server/rpc/expect_error.h"
#include "server/rpc/fake_queue.h"
#include "server/rpc/raw_call.h"
#include "server/rpc/test_service.h"

namespace modbound {
namespace {

using grpc::StatusCode;

// A queue with the faults of a bug: it throws and forgets.
class FaultyQueue : public FakeQueue {
 public:
  absl::StatusOr<v1::Job> GetJob(const std::string& /*owner*/,
                                 const std::string& id) override {
    if (id == "memory") {
      throw std::bad_alloc();
    }
    throw std::runtime_error("a bug");
  }
  absl::StatusOr<v1::ListJobsResponse> ListJobs(
      const std::string& /*owner*/,
      const v1::ListJobsRequest& /*request*/) override {
    throw std::bad_alloc();
  }
  void SubmitJob(const std::string& /*owner*/,
                 v1::SubmitJobRequest request,
                 JobDone done) override {
    if (request.request_id() == "forget") {
      return;
    }
    if (request.request_id() == "twice") {
      done(v1::Job());
      done(v1::Job());
    }
    throw std::runtime_error("after the answer, or without one");
  }
  void SubmitGraph(const std::string& /*owner*/,
                   v1::SubmitGraphRequest /*request*/,
                   JobsDone /*done*/) override {
    throw std::bad_alloc();
  }
  // Answers later, from another thread.
  void CancelJob(const std::string& /*owner*/,
                 const std::string& id,
                 JobDone done) override {
    std::thread([id, done = std::move(done)] {
      v1::Job job;
      job.set_id(id);
      done(job);
    }).detach();
  }
};

class UnaryTest : public testing::Test {
 protected:
  grpc::Status Submit(const std::string& request_id) {
    v1::SubmitJobRequest request;
    request.set_request_id(request_id);
    v1::Job job;
    return service_.jobs().SubmitJob(NewCall().get(), request, &job);
  }
  grpc::Status Get(const std::string& id) {
    v1::GetJobRequest request;
    request.set_id(id);
    v1::Job job;
    return service_.jobs().GetJob(NewCall().get(), request, &job);
  }

  TestService service_{
      [](auto&&...) { return std::make_unique<FaultyQueue>(); }};
};

TEST_F(UnaryTest, NoExceptionLeavesACall) {
  ExpectError(
      Get("memory"), StatusCode::RESOURCE_EXHAUSTED, "MEMORY_LIMIT", "");
  ExpectError(Get("bug"), StatusCode::INTERNAL, "INTERNAL", "");
  ExpectError(Submit(""), StatusCode::INTERNAL, "INTERNAL", "");
}

TEST_F(UnaryTest, NoExceptionLeavesAPool) {
  v1::ListJobsResponse page;
  ExpectError(service_.jobs().ListJobs(NewCall().get(), {}, &page),
              StatusCode::RESOURCE_EXHAUSTED,
              "MEMORY_LIMIT",
              "");
  v1::SubmitGraphResponse jobs;
  ExpectError(service_.jobs().SubmitGraph(NewCall().get(), {}, &jobs),
              StatusCode::RESOURCE_EXHAUSTED,
              "MEMORY_LIMIT",
              "");
}

TEST_F(UnaryTest, TheFirstAnswerCounts) { EXPECT_TRUE(Submit("twice").ok()); }

TEST_F(UnaryTest, AForgottenAnswerIsAnError) {
  ExpectError(Submit("forget"), StatusCode::INTERNAL, "INTERNAL", "");
}

TEST_F(UnaryTest, AnswersMayComeFromOtherThreads) {
  v1::CancelJobRequest request;
  request.set_id("late");
  v1::Job job;
  ASSERT_TRUE(service_.jobs().CancelJob(NewCall().get(), request, &job).ok());
  EXPECT_EQ(job.id(), "late");
}

// A queue whose submits stay inside it until they are let go.
class HoldingQueue : public FakeQueue {
 public:
  void SubmitJob(const std::string& /*owner*/,
                 v1::SubmitJobRequest /*request*/,
                 JobDone done) override {
    {
      const MutexLock lock(mutex_);
      ++inside_;
      changed_.NotifyAll();
      while (!released_) {
        changed_.Wait(mutex_);
      }
    }
    done(v1::Job());
  }
  void AwaitInside(int count) {
    const MutexLock lock(mutex_);
    while (inside_ < count) {
      changed_.Wait(mutex_);
    }
  }
  void Release() {
    const MutexLock lock(mutex_);
    released_ = true;
    changed_.NotifyAll();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
};

// Statuses of calls in the order of their ends.
class Ends {
 public:
  void Add(const grpc::Status& status) {
    const MutexLock lock(mutex_);
    reasons_.push_back(status.ok() ? "OK" : ReasonOf(ErrorOf(status)));
    changed_.NotifyAll();
  }
  std::vector<std::string> Await(std::size_t count) {
    const MutexLock lock(mutex_);
    while (reasons_.size() < count) {
      changed_.Wait(mutex_);
    }
    return reasons_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> reasons_ ABSL_GUARDED_BY(mutex_);
};

// Both threads for submits are busy and one request may wait. It waits as the
// bytes that came: that they are no message turns out only when it is its turn.
TEST(UnaryWaiting, ARequestWaitsUnreadAndOneTooManyIsRefused) {
  HoldingQueue* queue = nullptr;
  ServerLimits limits;
  limits.waiting_requests.tasks = 1;
  TestService service(
      [&](auto&&...) {
        auto made = std::make_unique<HoldingQueue>();
        queue = made.get();
        return made;
      },
      limits);
  Ends submitted;
  Ends waiting;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      v1::Job job;
      submitted.Add(service.jobs().SubmitJob(NewCall().get(), {}, &job));
    });
    // One by one: a second that came before a thread took the first would be
    // one too many.
    queue->AwaitInside(i + 1);
  }
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      waiting.Add(SendRaw(service.channel(),
                          "/modbound.v1.JobService/SubmitJob",
                          std::string(100, '\xff')));
    });
  }
  EXPECT_EQ(waiting.Await(1), (std::vector<std::string>{"OVERLOADED"}));
  queue->Release();
  EXPECT_EQ(waiting.Await(2),
            (std::vector<std::string>{"OVERLOADED", "BAD_TEXT"}));
  EXPECT_EQ(submitted.Await(2), (std::vector<std::string>{"OK", "OK"}));
  for (std::thread& thread : threads) {
    thread.join();
  }
}

}  // namespace
}  // namespace modbound

// What the clean-up deletes, and what it leaves.
#include "server/jobs/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/queue_fixture.h"

namespace modbound {
namespace {

class RetentionTest : public QueueFixture {
 protected:
  static JobQueueOptions Short() {
    JobQueueOptions options;
    options.retention_seconds = 1e-3;
    return options;
  }
  RetentionTest() : QueueFixture(Short()) {}

  std::string Finish(const v1::Job& job) {
    const std::string id = Enqueue(job);
    executor_->Succeed(id, std::vector<double>(9000, 0.5));
    EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
    return id;
  }
  bool Has(const std::string& id) { return queue_->GetJob(kOwner, id).ok(); }
  void CleanUpLater() {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const absl::Status status = queue_->CleanUp();
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(queue_->ForgetOldRequests().ok());
  }
  void Execute(const std::string& sql) {
    const absl::Status status = database_->WriteAndWait(
        [&](Connection& connection) { return connection.Execute(sql); });
    EXPECT_TRUE(status.ok()) << status;
  }
};

TEST_F(RetentionTest, DeletesWhatEndedLongAgo) {
  v1::Job pinned = QualityJob();
  pinned.set_pinned(true);
  const std::string kept = Finish(pinned);
  const std::string large = Finish(QualityJob());
  const std::string digest = Get(kept).outputs().at("quality").artifact();
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  // More than one step of the clean-up.
  std::vector<std::string> old;
  for (int i = 0; i < 120; ++i) {
    old.push_back(Enqueue(QualityJob()));
    ASSERT_TRUE(Cancel(old.back()).ok());
  }
  CleanUpLater();
  EXPECT_TRUE(Has(kept));
  EXPECT_TRUE(Has(running));
  EXPECT_FALSE(Has(large));
  for (const std::string& id : old) {
    EXPECT_FALSE(Has(id));
  }
  EXPECT_TRUE(artifacts_->Check(digest).ok());
  executor_->Succeed(running);
  Await(running);
}

TEST_F(RetentionTest, KeepsWhatAJobNeedsThatHasNotEnded) {
  const std::string needed = Enqueue(QualityJob());
  executor_->Succeed(needed, {0});
  Await(needed);
  const std::string running = Enqueue(DependentJob(needed));
  executor_->Await(running);
  CleanUpLater();
  EXPECT_TRUE(Has(needed));
  executor_->Succeed(running);
  Await(running);
  CleanUpLater();
  EXPECT_FALSE(Has(needed));
  EXPECT_FALSE(Has(running));
}

TEST_F(RetentionTest, ForgetsOldRequestsOfDeletedJobs) {
  const auto first = TrySubmit(QualityJob(), "one");
  const auto second = TrySubmit(QualityJob(), "two");
  ASSERT_TRUE(first.ok() && second.ok());
  for (const auto& job : {first, second}) {
    executor_->Succeed(job->id());
    Await(job->id());
  }
  CleanUpLater();
  // Young: the job is gone, the request is known.
  EXPECT_EQ(ReasonOf(TrySubmit(QualityJob(), "one").status()), "JOB_NOT_FOUND");
  Execute("UPDATE request SET created_us = 1 WHERE request_id = 'one'");
  CleanUpLater();
  const auto again = TrySubmit(QualityJob(), "one");
  EXPECT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ReasonOf(TrySubmit(QualityJob(), "two").status()), "JOB_NOT_FOUND");
  // Old, but its job is there.
  Execute("UPDATE request SET created_us = 1 WHERE request_id = 'one'");
  CleanUpLater();
  EXPECT_EQ(TrySubmit(QualityJob(), "one")->id(), again->id());
  executor_->Succeed(again->id());
  Await(again->id());
}

}  // namespace
}  // namespace modbound

// Limits at, one above, and from many clients at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "server/artifacts/stored_bytes.h"
#include "server/jobs/queue_fixture.h"
#include "tests/support/fault_row.h"

namespace modbound {
namespace {

constexpr int kMostOpen = 7;

class QuotaTest : public QueueFixture {
 protected:
  static JobQueueOptions Few() {
    JobQueueOptions options;
    options.max_open_per_owner = kMostOpen;
    return options;
  }
  QuotaTest() : QueueFixture(Few()) {}

  int64_t BytesOf(const std::string& owner) {
    int64_t bytes = -1;
    EXPECT_TRUE(database_
                    ->Read([&](Connection& connection) -> absl::Status {
                      const auto stored = StoredBytes(connection, owner);
                      bytes = stored.ok() ? *stored : -1;
                      return stored.status();
                    })
                    .ok());
    return bytes;
  }
};

TEST_F(QuotaTest, OpenJobsNeverPassTheirLimit) {
  std::vector<std::thread> clients;
  std::atomic<int> accepted = 0;
  std::atomic<int> refused = 0;
  constexpr int kClients = 10;
  constexpr int kEach = 10;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        const auto job = TrySubmit(QualityJob());
        if (job.ok()) {
          ++accepted;
        } else {
          EXPECT_EQ(ReasonOf(job.status()), "QUOTA_EXCEEDED") << job.status();
          ++refused;
        }
      }
    });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(accepted, kMostOpen);
  EXPECT_EQ(refused, kClients * kEach - kMostOpen);
  // One ends: one more is taken, and no second.
  const auto end_one = [&] {
    const std::string running = executor_->AwaitRunning(1)[0];
    executor_->Succeed(running);
    Await(running);
  };
  end_one();
  Enqueue(QualityJob());
  const google::rpc::Status error =
      ToRpcStatus(TrySubmit(QualityJob()).status());
  google::rpc::ErrorInfo info;
  google::rpc::QuotaFailure failure;
  ASSERT_TRUE(error.details(0).UnpackTo(&info));
  ASSERT_TRUE(error.details(1).UnpackTo(&failure));
  EXPECT_EQ(info.metadata().at("limit"), "7");
  EXPECT_EQ(info.metadata().at("current"), "7");
  EXPECT_EQ(info.metadata().at("unit"), "jobs that have not ended");
  EXPECT_EQ(failure.violations(0).subject(), "owner:ada");
  EXPECT_EQ(failure.violations(0).description(),
            "ada has 7 jobs that have not ended; 1 more would pass the limit "
            "of 7 (max_open_per_owner)");
  for (int i = 0; i < kMostOpen; ++i) {
    end_one();
  }
  FaultRow(
      35,
      "100 submits of 10 clients at a limit of 7 open jobs: 7 accepted, "
      "93 refused by name; then at the limit 1 accepted, the next refused");
}

// Arrays that jobs share count once for each owner.
TEST_F(QuotaTest, AnOwnersBytesFollowItsJobs) {
  EXPECT_EQ(BytesOf("ada"), 0);
  const std::string first = Enqueue(QualityJob());
  const std::string second = Enqueue(QualityJob());
  // The matrix and the labels.
  constexpr int64_t kInputs = 4 * 8 + 2 * 4;
  EXPECT_EQ(BytesOf("ada"), kInputs);
  executor_->Succeed(first);
  Await(first);
  EXPECT_EQ(BytesOf("ada"), kInputs + 8);
  // On the one core before another owner's.
  executor_->Await(second);
  const auto other = TrySubmit(QualityJob(), "", "grace");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(BytesOf("grace"), kInputs);
  EXPECT_EQ(BytesOf(""), kInputs + 8);
  executor_->Succeed(second);
  Await(second);
  ASSERT_TRUE(Delete(first).ok());
  EXPECT_EQ(BytesOf("ada"), kInputs + 8);
  ASSERT_TRUE(Delete(second).ok());
  EXPECT_EQ(BytesOf("ada"), 0);
  EXPECT_EQ(BytesOf("grace"), kInputs);
  executor_->Succeed(other->id());
  while (queue_->State()->running() > 0) {
    std::this_thread::yield();
  }
  CheckInvariants(*database_, true);
}

class RunningQuotaTest : public QueueFixture {
 protected:
  static constexpr int kMost = 3;

  // Cores for all jobs would be there.
  static JobQueueOptions Options() {
    JobQueueOptions options;
    options.cores = 64;
    options.max_running_per_owner = kMost;
    return options;
  }
  RunningQuotaTest() : QueueFixture(Options()) {}
};

TEST_F(RunningQuotaTest, NoMoreAttemptsOfAnOwnerThanTheLimit) {
  constexpr int kJobs = 50;
  std::map<std::string, std::string> owner_of;
  for (int i = 0; i < kJobs; ++i) {
    const std::string owner = i % 2 == 0 ? "ada" : "grace";
    const auto job = TrySubmit(QualityJob(), "", owner);
    ASSERT_TRUE(job.ok()) << job.status();
    owner_of[job->id()] = owner;
  }
  EXPECT_EQ(executor_->AwaitRunning(2 * kMost).size(), 2 * kMost);
  std::map<std::string, int> most;
  for (int ended = 0; ended < kJobs; ++ended) {
    const std::vector<std::string> running = executor_->AwaitRunning(1);
    std::map<std::string, int> now;
    for (const std::string& job : running) {
      const std::string& owner = owner_of.at(job);
      most[owner] = std::max(most[owner], ++now[owner]);
    }
    executor_->Succeed(running[0]);
  }
  EXPECT_EQ(most["ada"], kMost);
  EXPECT_EQ(most["grace"], kMost);
  for (const auto& [job, owner] : owner_of) {
    while (queue_->GetJob(owner, job)->state() < v1::JobState::SUCCEEDED) {
      std::this_thread::yield();
    }
    EXPECT_EQ(queue_->GetJob(owner, job)->state(), v1::JobState::SUCCEEDED);
  }
  FaultRow(35,
           "50 jobs of 2 owners on 64 cores at max_running_per_owner=3: never "
           "more than 3 attempts of an owner at a time, all SUCCEEDED");
}

}  // namespace
}  // namespace modbound

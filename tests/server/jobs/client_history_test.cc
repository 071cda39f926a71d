// Clients at once on the same jobs: what they are told fits one order.
#include "server/jobs/client_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/queue_fixture.h"
#include "server/jobs/random_executor.h"
#include "tests/support/fault_row.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kHistoryClients = 8;
constexpr int kHistorySteps = 60;

class ClientHistoryTest : public QueueFixture {
 protected:
  ClientHistoryTest() : QueueFixture({3, int64_t{1} << 33}) { queue_.reset(); }

  // Submits, asks, cancels, deletes at random; the jobs are everybody's.
  void Client(JobQueue& queue, unsigned seed, ClientHistory& history) {
    std::mt19937 random(seed);
    for (int step = 0; step < kHistorySteps; ++step) {
      const std::string id = AnyJob(random);
      const unsigned what = random() % 8;
      Operation operation;
      operation.began = history.Tick();
      if (id.empty() || what < 2) {
        operation.what = Operation::kSubmit;
        v1::SubmitJobRequest request;
        *request.mutable_job() = QualityJob();
        Answer<absl::StatusOr<v1::Job>> answer;
        queue.SubmitJob(kOwner, std::move(request), answer.Callback());
        const auto job = answer.Get();
        operation.answered = history.Tick();
        ASSERT_TRUE(job.ok()) << job.status();
        operation.state = job->state();
        history.Add(job->id(), operation);
        const MutexLock lock(mutex_);
        jobs_.push_back(job->id());
        continue;
      }
      if (what == 2) {
        operation.what = Operation::kCancel;
        Answer<absl::StatusOr<v1::Job>> answer;
        queue.CancelJob(kOwner, id, answer.Callback());
        See(answer.Get(), operation);
      } else if (what == 3) {
        operation.what = Operation::kDelete;
        Answer<absl::Status> answer;
        queue.DeleteJob(kOwner, id, answer.Callback());
        const absl::Status deleted = answer.Get();
        if (absl::IsFailedPrecondition(deleted)) {
          continue;  // It had not ended: tells nothing more.
        }
        operation.gone = deleted.ok();
        if (!deleted.ok()) {
          See(deleted, operation);
          operation.what = Operation::kGet;
        }
      } else {
        See(queue.GetJob(kOwner, id), operation);
      }
      operation.answered = history.Tick();
      history.Add(id, operation);
    }
  }

 protected:
  static void See(const absl::StatusOr<v1::Job>& job, Operation& operation) {
    if (job.ok()) {
      operation.state = job->state();
    } else {
      EXPECT_EQ(ReasonOf(job.status()), "JOB_NOT_FOUND") << job.status();
      operation.gone = true;
    }
  }
  std::string AnyJob(std::mt19937& random) {
    const MutexLock lock(mutex_);
    // The latest ones, that several clients meet at the same job.
    return jobs_.empty()
               ? ""
               : jobs_[jobs_.size() - 1 -
                       random() % std::min<std::size_t>(jobs_.size(), 6)];
  }

  Mutex mutex_;
  std::vector<std::string> jobs_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(ClientHistoryTest, OfEightClientsFitsOneOrder) {
  const int histories = LongFaults() ? 100 : 5;
  std::size_t operations = 0;
  RandomExecutor executor(3);
  for (int i = 0; i < histories; ++i) {
    auto opened = JobQueue::Open(*database_, *artifacts_, executor, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    const std::unique_ptr<JobQueue> queue = *std::move(opened);
    ClientHistory history;
    {
      const MutexLock lock(mutex_);
      jobs_.clear();
    }
    std::vector<std::thread> clients;
    for (int client = 0; client < kHistoryClients; ++client) {
      const auto seed = static_cast<unsigned>(100 * i + client);
      clients.emplace_back([&, seed] { Client(*queue, seed, history); });
    }
    for (std::thread& client : clients) {
      client.join();
    }
    EXPECT_THAT(history.Violations(), IsEmpty()) << "history " << i;
    operations += history.size();
    queue->Drain();
  }
  CheckInvariants(*database_, false);
  FaultRow(4,
           std::to_string(histories) + " histories of 8 clients, " +
               std::to_string(operations) + " operations: 0 violations");
}

// What the test above would overlook if the checker did.
TEST(ClientHistory, FindsWhatNoOrderExplains) {
  const auto violations = [](const std::vector<Operation>& operations) {
    ClientHistory history;
    for (const Operation& operation : operations) {
      history.Add("j", operation);
    }
    return history.Violations();
  };
  using v1::JobState;
  const Operation ended = {Operation::kGet, 1, 2, JobState::SUCCEEDED};
  EXPECT_THAT(violations({ended, {Operation::kGet, 3, 4, JobState::RUNNING}}),
              ElementsAre(HasSubstr("had seen more")));
  // At the same time either may have come first.
  EXPECT_THAT(violations({ended, {Operation::kGet, 2, 4, JobState::RUNNING}}),
              IsEmpty());
  EXPECT_THAT(violations({ended, {Operation::kGet, 3, 4, JobState::CANCELLED}}),
              ElementsAre(HasSubstr("and as")));
  EXPECT_THAT(
      violations({ended, {Operation::kGet, 3, 4, JobState::UNSPECIFIED, true}}),
      ElementsAre(HasSubstr("gone before")));
  EXPECT_THAT(
      violations({{Operation::kDelete, 1, 2, JobState::UNSPECIFIED, true},
                  {Operation::kGet, 3, 4, JobState::SUCCEEDED}}),
      ElementsAre(HasSubstr("had seen more")));
  EXPECT_THAT(violations({{Operation::kCancel, 1, 2, JobState::RUNNING},
                          {Operation::kGet, 3, 4, JobState::SUCCEEDED}}),
              ElementsAre(HasSubstr("cancelled before its end")));
}

}  // namespace
}  // namespace modbound

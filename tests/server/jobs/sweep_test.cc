// A sweep of thousands of jobs and a neighbour with a few.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/jobs/queue_fixture.h"
#include "tests/support/fault_row.h"

namespace modbound {
namespace {

class SweepTest : public QueueFixture {
 protected:
  SweepTest() : QueueFixture({2, int64_t{1} << 33}) {}
};

TEST_F(SweepTest, ANeighbourStartsAtTheNextTurn) {
  constexpr int kSweep = 5000;
  constexpr int kOthers = 10;
  Nodes nodes;
  for (int i = 0; i < kSweep; ++i) {
    nodes.emplace_back("n" + std::to_string(i), QualityJob());
  }
  const std::vector<std::string> sweep = SubmitGraph(nodes);
  ASSERT_EQ(sweep.size(), kSweep);
  const std::vector<std::string> running = executor_->AwaitRunning(2);
  std::vector<std::string> others;
  for (int i = 0; i < kOthers; ++i) {
    const auto job = TrySubmit(QualityJob(), "", "grace");
    ASSERT_TRUE(job.ok()) << job.status();
    others.push_back(job->id());
  }
  executor_->Succeed(running[0]);
  executor_->Await(others[0]);
  // No third of the sweep came in between.
  ASSERT_EQ(executor_->Order().size(), 3u);
  EXPECT_EQ(executor_->Order()[2], others[0]);

  // The rest goes: what runs is stopped, what waits was never started.
  std::vector<Answer<absl::StatusOr<v1::Job>>> answers(kSweep);
  for (int i = 0; i < kSweep; ++i) {
    queue_->CancelJob(kOwner, sweep[i], answers[i].Callback());
  }
  executor_->ReturnWhenStopped(running[1]);
  for (auto& answer : answers) {
    ASSERT_TRUE(answer.Get().ok());
  }
  for (const std::string& id : others) {
    executor_->Succeed(id);
    const auto job = queue_->GetJob("grace", id);
    ASSERT_TRUE(job.ok());
  }
  while (queue_->State()->queued() + queue_->State()->running() > 0) {
    std::this_thread::yield();
  }
  CheckInvariants(*database_, true);
  FaultRow(
      21,
      "10 jobs behind a sweep of 5,000 on 2 cores: the first starts at the "
      "first core that is free");
}

}  // namespace
}  // namespace modbound

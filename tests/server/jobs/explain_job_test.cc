#include "server/jobs/explain_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/jobs/queue_fixture.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ExplainJobTest : public QueueFixture {
 protected:
  static JobQueueOptions Small() {
    JobQueueOptions options;
    options.cores = 1;
    options.max_running_per_owner = 0;
    options.max_open_per_owner = 6;
    return options;
  }
  ExplainJobTest() : QueueFixture(Small()) {}

  v1::Explanation Explain(const std::string& id,
                          const std::string& owner = kOwner) {
    const auto explanation = queue_->ExplainJob(owner, id);
    EXPECT_TRUE(explanation.ok()) << explanation.status();
    return explanation.ok() ? *explanation : v1::Explanation();
  }
};

TEST_F(ExplainJobTest, SaysWhatAJobWaitsFor) {
  v1::Job sharing = QualityJob();
  sharing.clear_no_cache();
  const std::string running = Enqueue(sharing);
  executor_->Await(running);
  EXPECT_EQ(Explain(running).state(), v1::JobState::RUNNING);
  EXPECT_EQ(Explain(running).cause(), v1::Wait::UNSPECIFIED);

  const std::string equal = Enqueue(sharing);
  EXPECT_EQ(Explain(equal).cause(), v1::Wait::EQUAL_JOB);
  EXPECT_EQ(Explain(equal).equal_job(), running);
  EXPECT_EQ(Explain(equal).position(), 0);

  const std::string first = Enqueue(QualityJob());
  const std::string second = Enqueue(QualityJob());
  EXPECT_EQ(Explain(first).cause(), v1::Wait::CORES);
  EXPECT_EQ(Explain(first).position(), 1);
  EXPECT_EQ(Explain(second).position(), 2);
  EXPECT_THAT(Explain(second).text(), HasSubstr("behind 1 others"));
  // Nothing has ended yet that could tell how long such jobs take.
  EXPECT_FALSE(Explain(second).has_eta());

  const std::string needy = Enqueue(DependentJob(second));
  EXPECT_EQ(Explain(needy).cause(), v1::Wait::NEEDS);
  EXPECT_THAT(Explain(needy).needs(), ElementsAre(second));

  executor_->Succeed(running);
  Await(running);
  EXPECT_EQ(Explain(running).cause(), v1::Wait::UNSPECIFIED);
  EXPECT_EQ(Explain(running).text(), "has ended");
  executor_->Await(first);
  EXPECT_TRUE(Explain(second).has_eta());
  executor_->Succeed(first);
  executor_->Succeed(second, {0});
  executor_->Succeed(needy);
  Await(needy);
  EXPECT_EQ(ReasonOf(queue_->ExplainJob("grace", needy).status()),
            "JOB_NOT_FOUND");
}

// The neighbour's job comes before all but the one that runs.
TEST_F(ExplainJobTest, ANeighbourStartsNext) {
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  const std::string second = Enqueue(QualityJob());
  const std::string third = Enqueue(QualityJob());
  const auto other = TrySubmit(QualityJob(), "", "grace");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(Explain(other->id(), "grace").position(), 1);
  EXPECT_EQ(Explain(third).position(), 3);
  for (const std::string& id : {running, other->id(), second, third}) {
    executor_->Succeed(id);
  }
  Await(third);
  EXPECT_THAT(executor_->Order(),
              ElementsAre(running, other->id(), second, third));
}

TEST_F(ExplainJobTest, RefusesMoreThanAnOwnerMayHave) {
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  std::vector<std::string> ids =
      SubmitGraph({{"a", QualityJob()}, {"b", QualityJob()}});
  for (int i = 0; i < 3; ++i) {
    ids.push_back(Enqueue(QualityJob()));
  }
  const absl::Status refused = TrySubmit(QualityJob()).status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
  EXPECT_EQ(ReasonOf(refused), "QUOTA_EXCEEDED");
  const auto other = TrySubmit(QualityJob(), "", "grace");
  ASSERT_TRUE(other.ok()) << other.status();
  executor_->Succeed(running);
  Await(running);
  ids.push_back(Enqueue(QualityJob()));
  executor_->Succeed(other->id());
  for (const std::string& id : ids) {
    executor_->Succeed(id);
  }
  Await(ids.back());
}

}  // namespace
}  // namespace modbound

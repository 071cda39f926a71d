// Jobs that get the results of equal ones, and jobs that are run again.
#include "server/jobs/result_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/queue_fixture.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ResultCacheTest : public QueueFixture {
 protected:
  ResultCacheTest() : QueueFixture({4, int64_t{1} << 33}) {}

  static v1::Job Sharing(double gamma = 1) {
    v1::Job job = QualityJob();
    job.clear_no_cache();
    job.mutable_spec()->mutable_quality()->set_gamma(gamma);
    return job;
  }
  v1::Job Finish(const v1::Job& job, const std::vector<double>& quality) {
    const std::string id = Enqueue(job);
    executor_->Succeed(id, quality);
    return Await(id);
  }
  absl::StatusOr<v1::Job> Reproduce(const std::string& id,
                                    const std::string& request_id = "") {
    v1::ReproduceJobRequest request;
    request.set_id(id);
    request.set_request_id(request_id);
    Answer<absl::StatusOr<v1::Job>> answer;
    queue_->ReproduceJob(kOwner, request, answer.Callback());
    return answer.Get();
  }
  // Large enough for a file of its own.
  static std::vector<double> Large() {
    return std::vector<double>(kInlineLimit / sizeof(double) + 1, 0.25);
  }
  std::string FileOf(const v1::Job& job) {
    const std::string digest = job.outputs().at("quality").artifact();
    return dir_ / ("artifacts/" + digest.substr(0, 2) + "/" + digest);
  }
};

TEST_F(ResultCacheTest, AnswersAnEqualJobWithoutAnAttempt) {
  const v1::Job first = Finish(Sharing(), {0.25});
  // Its inputs have other bytes inline, but are the same artifacts; labels and
  // priority are no part of what it computes.
  v1::Job again = Sharing();
  (*again.mutable_labels())["subject"] = "7";
  again.set_priority(3);
  const v1::Job second = Await(Enqueue(again));
  EXPECT_EQ(second.state(), v1::JobState::SUCCEEDED);
  EXPECT_TRUE(second.cache_info().hit());
  EXPECT_EQ(second.cache_info().source_job(), first.id());
  EXPECT_EQ(second.attempts(), 0);
  EXPECT_EQ(second.outputs().at("quality").artifact(),
            first.outputs().at("quality").artifact());
  EXPECT_EQ(second.summary().SerializeAsString(),
            first.summary().SerializeAsString());
  EXPECT_THAT(History(second.id()), ElementsAre(2, 4));
  EXPECT_THAT(executor_->Order(), ElementsAre(first.id()));
  // What the second holds stays when the first goes.
  ASSERT_TRUE(Delete(first.id()).ok());
  EXPECT_TRUE(
      artifacts_->Check(second.outputs().at("quality").artifact()).ok());
  EXPECT_EQ(Await(Enqueue(Sharing())).cache_info().source_job(), second.id());
}

TEST_F(ResultCacheTest, RunsWhatDiffersOrMustBeRun) {
  const v1::Job first = Finish(Sharing(), {0.25});
  for (const v1::Job& job : {QualityJob(), Sharing(2)}) {
    EXPECT_FALSE(Finish(job, {0.5}).cache_info().hit());
  }
  v1::Job other = Sharing();
  (*other.mutable_inputs())["matrix"] = Doubles({0, 2, 2, 0}, {2, 2});
  EXPECT_FALSE(Finish(other, {0.75}).cache_info().hit());
  EXPECT_EQ(executor_->Order().size(), 4u);
}

TEST_F(ResultCacheTest, SharesTheAttemptOfARunningJob) {
  const std::string leader = Enqueue(Sharing());
  executor_->Await(leader);
  std::vector<std::string> followers;
  for (int i = 0; i < 5; ++i) {
    followers.push_back(Enqueue(Sharing()));
  }
  // Another job passes them.
  const std::string other = Enqueue(Sharing(2));
  executor_->Succeed(other);
  EXPECT_EQ(executor_->RunningNow(), 1u);
  ASSERT_TRUE(Cancel(followers.back()).ok());
  EXPECT_EQ(StateOf(followers.back()), v1::JobState::CANCELLED);
  followers.pop_back();
  executor_->Succeed(leader, {0.125});
  for (const std::string& follower : followers) {
    EXPECT_EQ(Await(follower).cache_info().source_job(), leader);
  }
  EXPECT_THAT(executor_->Order(), ElementsAre(leader, other));
}

TEST_F(ResultCacheTest, TheNextOneRunsWhenTheSharedAttemptFails) {
  const std::string leader = Enqueue(Sharing());
  executor_->Await(leader);
  const std::string follower = Enqueue(Sharing());
  executor_->Fail(leader, absl::InternalError("no"));
  executor_->Succeed(follower);
  EXPECT_EQ(Await(leader).state(), v1::JobState::FAILED);
  EXPECT_FALSE(Await(follower).cache_info().hit());
}

TEST_F(ResultCacheTest, KnowsResultsOfJobsThatWaited) {
  const auto graph = [&] {
    v1::Job dependent = DependentJob("a");
    dependent.clear_no_cache();
    return SubmitGraph({{"a", Sharing()}, {"b", dependent}});
  };
  const auto first = graph();
  executor_->Succeed(first[0], {0});
  executor_->Succeed(first[1], {0.5});
  ASSERT_EQ(Await(first[1]).state(), v1::JobState::SUCCEEDED);
  const auto second = graph();
  EXPECT_EQ(Await(second[1]).cache_info().source_job(), first[1]);
  EXPECT_EQ(Get(second[0]).cache_info().source_job(), first[0]);
}

TEST_F(ResultCacheTest, HidesTheJobOfAnotherOwner) {
  Finish(Sharing(), {0.25});
  const auto submitted = TrySubmit(Sharing(), "", "grace");
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  v1::Job job;
  do {
    job = *queue_->GetJob("grace", submitted->id());
    std::this_thread::yield();
  } while (!HasEnded(job.state()));
  EXPECT_TRUE(job.cache_info().hit());
  EXPECT_EQ(job.cache_info().source_job(), "");
}

TEST_F(ResultCacheTest, RunsAgainWhatWasDamaged) {
  for (const bool gone : {false, true}) {
    const v1::Job first = Finish(Sharing(gone ? 3 : 2), Large());
    const std::string path = FileOf(first);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    if (gone) {
      std::filesystem::remove(path);
    } else {
      std::fstream(path, std::ios::in | std::ios::out).put('x');
    }
    const std::string digest = first.outputs().at("quality").artifact();
    ASSERT_TRUE(absl::IsDataLoss(artifacts_->Check(digest)));
    const std::string id = Enqueue(Sharing(gone ? 3 : 2));
    executor_->Succeed(id, Large());
    EXPECT_FALSE(Await(id).cache_info().hit());
    // Running it put the bytes right, for the first job too.
    EXPECT_TRUE(artifacts_->Check(digest).ok());
    EXPECT_EQ(Await(Enqueue(Sharing(gone ? 3 : 2))).cache_info().source_job(),
              id);
  }
}

TEST_F(ResultCacheTest, KnowsResultsAndSharersAfterARestart) {
  const v1::Job first = Finish(Sharing(), {0.25});
  const std::string running = Enqueue(Sharing(2));
  executor_->Await(running);
  const std::string follower = Enqueue(Sharing(2));
  std::thread stop([&] { executor_->ReturnWhenStopped(running); });
  queue_->Drain();
  stop.join();
  Close();
  Open(dir_.path());
  EXPECT_EQ(Await(Enqueue(Sharing())).cache_info().source_job(), first.id());
  executor_->Succeed(running, {0.5});
  EXPECT_EQ(Await(follower).cache_info().source_job(), running);
}

TEST_F(ResultCacheTest, ReproducesAJob) {
  const v1::Job first = Finish(Sharing(), {0.25, 0.5});
  const auto same = Reproduce(first.id(), "again");
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->reproduction().source_job(), first.id());
  EXPECT_FALSE(same->reproduction().has_same());
  executor_->Succeed(same->id(), {0.25, 0.5});
  const v1::Job compared = Await(same->id());
  EXPECT_TRUE(compared.reproduction().same());
  EXPECT_THAT(compared.reproduction().different(), IsEmpty());
  EXPECT_EQ(compared.reproduction().source_job(), first.id());
  EXPECT_EQ(Reproduce(first.id(), "again")->id(), same->id());
  ExpectRefused(Reproduce(same->id(), "again").status(),
                "REQUEST_ID_REUSED",
                "request_id");

  const auto other = Reproduce(first.id());
  executor_->Succeed(other->id(), {0.25});
  const v1::Job differs = Await(other->id());
  EXPECT_TRUE(differs.reproduction().has_same());
  EXPECT_FALSE(differs.reproduction().same());
  // Another shape of output, and a summary that counts them.
  EXPECT_THAT(differs.reproduction().different(),
              ElementsAre("quality", "summary"));
}

TEST_F(ResultCacheTest, ReproducesOnlyWhatHasAResult) {
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  EXPECT_EQ(ReasonOf(Reproduce(running).status()), "WRONG_STATE");
  executor_->Succeed(running);
  Await(running);
  const auto again = Reproduce(running);
  ASSERT_TRUE(again.ok()) << again.status();
  executor_->Await(again->id());
  ASSERT_TRUE(Delete(running).ok());
  executor_->Succeed(again->id());
  const v1::Job alone = Await(again->id());
  EXPECT_EQ(alone.state(), v1::JobState::SUCCEEDED);
  EXPECT_FALSE(alone.reproduction().has_same());
  EXPECT_EQ(ReasonOf(Reproduce("none").status()), "JOB_NOT_FOUND");
}

}  // namespace
}  // namespace modbound

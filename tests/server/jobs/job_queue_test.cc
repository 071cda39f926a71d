// The life of jobs: start, end, cancel, deadlines, order, deletion, lists.
#include "server/jobs/job_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/arrays/facts.h"
#include "server/artifacts/sha256.h"
#include "server/jobs/job_time.h"
#include "server/jobs/queue_fixture.h"

namespace modbound {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class JobQueueTest : public QueueFixture {
 protected:
  JobQueueTest() : JobQueueTest(1) {}
  explicit JobQueueTest(int cores) : QueueFixture({cores, int64_t{1} << 33}) {}
  // Waits until nothing of an attempt is left.
  void AwaitIdle() {
    while (!std::filesystem::is_empty(dir_ / "attempts")) {
      std::this_thread::yield();
    }
  }
};

class FourCores : public JobQueueTest {
 protected:
  FourCores() : JobQueueTest(4) {}
};

TEST_F(JobQueueTest, RunsAJobAndKeepsItsResult) {
  const std::string id = Enqueue(QualityJob());
  const internal::AttemptSpec spec = executor_->Spec(id);
  EXPECT_EQ(spec.job_id(), id);
  EXPECT_EQ(spec.attempt(), 1);
  EXPECT_EQ(spec.threads(), 1);
  EXPECT_EQ(spec.memory_limit_bytes(), options_.memory_limit_bytes);
  EXPECT_EQ(StateOf(id), v1::JobState::RUNNING);
  const std::string dir = executor_->Await(id).dir;
  const auto matrix =
      ReadInput(dir, "matrix", spec.inputs().at("matrix"), StopFlag());
  ASSERT_TRUE(matrix.ok()) << matrix.status();
  EXPECT_THAT(matrix->ToDoubles(), ElementsAre(0, 1, 1, 0));

  executor_->Succeed(id, {0.25});
  const v1::Job job = Await(id);
  EXPECT_EQ(job.state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(job.attempts(), 1);
  EXPECT_FALSE(job.has_error());
  EXPECT_EQ(job.summary().quality().num_partitions(), 1);
  EXPECT_EQ(job.progress().fraction(), 1);
  EXPECT_FALSE(job.cache_info().hit());
  EXPECT_GE(ToMicros(job.start_time()), ToMicros(job.submit_time()));
  EXPECT_GE(ToMicros(job.end_time()), ToMicros(job.start_time()));
  const v1::Array& quality = job.outputs().at("quality");
  EXPECT_THAT(quality.shape(), ElementsAre(1));
  const double value = 0.25;
  EXPECT_EQ(*artifacts_->ReadBytes(quality.artifact()),
            std::string(reinterpret_cast<const char*>(&value), sizeof(value)));
  EXPECT_THAT(History(id), ElementsAre(2, 3, 4));
  AwaitIdle();
  EXPECT_FALSE(std::filesystem::exists(dir)) << "left behind";
}

// What was scanned when it came is not scanned again.
TEST_F(JobQueueTest, HandsTheFactsOfArtifactsToTheAttempt) {
  v1::Job job = QualityJob();
  v1::Array& matrix = (*job.mutable_inputs())["matrix"];
  const auto staged = artifacts_->StageBytes(matrix.inline_());
  ASSERT_TRUE(staged.ok());
  const v1::ArrayFacts facts =
      ScanFacts(HostArray::FromDoubles({0, 1, 1, 0}, {2, 2}, {}));
  ASSERT_TRUE(
      database_
          ->WriteAndWait([&](Connection& connection) -> absl::Status {
            MODBOUND_RETURN_IF_ERROR(CommitForOwner(connection, *staged));
            return ArtifactStore::CommitFacts(
                connection, staged->digest, v1::DType::FLOAT64, {2, 2}, facts);
          })
          .ok());
  matrix.set_artifact(staged->digest);
  const std::string id = Enqueue(job);
  const internal::AttemptSpec spec = executor_->Spec(id);
  EXPECT_TRUE(spec.inputs().at("matrix").has_facts());
  EXPECT_EQ(spec.inputs().at("matrix").facts().max(), 1);
  EXPECT_TRUE(spec.inputs().at("matrix").facts().binary());
  EXPECT_FALSE(spec.inputs().at("labels").has_facts());
  executor_->Succeed(id);
}

TEST_F(JobQueueTest, RefusesABoolThatIsNeitherZeroNorOne) {
  v1::Job job = QualityJob();
  (*job.mutable_inputs())["labels"] =
      InlineArray<uint8_t>(v1::DType::BOOL, {7, 7}, {2});
  ExpectRefused(TrySubmit(job).status(), "OUT_OF_RANGE", "inputs.labels");
  // Bytes that came as another type are no better.
  const auto staged = artifacts_->StageBytes("\7\7");
  ASSERT_TRUE(staged.ok());
  ASSERT_TRUE(database_
                  ->WriteAndWait([&](Connection& connection) {
                    return CommitForOwner(connection, *staged);
                  })
                  .ok());
  (*job.mutable_inputs())["labels"].set_artifact(staged->digest);
  ExpectRefused(TrySubmit(job).status(), "OUT_OF_RANGE", "inputs.labels");
}

TEST_F(JobQueueTest, SaysWhatAResultRestsOn) {
  const std::string id = Enqueue(QualityJob());
  executor_->Succeed(id);
  const v1::Provenance provenance = Await(id).provenance();
  EXPECT_FALSE(provenance.server_version().empty());
  EXPECT_FALSE(provenance.kernel_version().empty());
  EXPECT_FALSE(provenance.compiler().empty());
  EXPECT_THAT(provenance.isa(), HasSubstr("x86-64"));
  EXPECT_FALSE(provenance.host().empty());
  EXPECT_EQ(provenance.threads(), 1);
  EXPECT_EQ(provenance.compute_seconds(), 0.25);
  EXPECT_GE(provenance.queue_seconds(), 0);
  EXPECT_GT(provenance.wall_seconds(), 0);
  EXPECT_EQ(provenance.input_digests().at("matrix"),
            Sha256Hex(QualityJob().inputs().at("matrix").inline_()));
}

TEST_F(JobQueueTest, KeepsWhyAnAnalysisFailed) {
  const std::string id = Enqueue(QualityJob());
  executor_->Fail(id, Refuse("NOT_SYMMETRIC", "inputs.matrix", "a is not b"));
  const v1::Job job = Await(id);
  EXPECT_EQ(job.state(), v1::JobState::FAILED);
  const absl::Status error = FromRpcStatus(job.error());
  ExpectRefused(error, "NOT_SYMMETRIC", "inputs.matrix");
  EXPECT_EQ(error.message(), "a is not b");
  EXPECT_THAT(job.outputs(), IsEmpty());
  EXPECT_THAT(History(id), ElementsAre(2, 3, 5));
}

TEST_F(JobQueueTest, AnAttemptWithoutAResultIsNoSuccess) {
  const std::string id = Enqueue(QualityJob());
  executor_->Return(id, absl::OkStatus());
  EXPECT_EQ(Await(id).state(), v1::JobState::FAILED);
  const std::string broken = Enqueue(QualityJob());
  executor_->Return(broken, absl::InternalError("the disk is on fire"));
  EXPECT_EQ(Await(broken).state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(Get(broken)), "INTERNAL");
}

TEST_F(JobQueueTest, StartsByPriorityThenByAge) {
  const std::string first = Enqueue(QualityJob());
  executor_->Await(first);  // holds the only core
  const std::string old = Enqueue(QualityJob());
  const std::string young = Enqueue(QualityJob());
  v1::Job urgent_job = QualityJob();
  urgent_job.set_priority(1);
  const std::string urgent = Enqueue(urgent_job);
  EXPECT_EQ(queue_->State()->queued(), 3);
  EXPECT_EQ(queue_->State()->running(), 1);
  for (const std::string& id : {first, urgent, old, young}) {
    executor_->Succeed(id);
    Await(id);
  }
  EXPECT_THAT(executor_->Order(), ElementsAre(first, urgent, old, young));
}

TEST_F(FourCores, LeasesCoresWithoutOversubscription) {
  // 48 partitions, 16 a batch, could use three threads.
  v1::Job wide = QualityJob();
  (*wide.mutable_inputs())["labels"] =
      InlineArray<int32_t>(v1::DType::INT32, std::vector<int32_t>(96), {48, 2});
  const std::string three = Enqueue(wide);
  executor_->Await(three);
  const std::string one = Enqueue(wide);
  executor_->Await(one);
  const std::string none = Enqueue(wide);
  EXPECT_EQ(executor_->Spec(three).threads(), 3);
  EXPECT_EQ(executor_->Spec(one).threads(), 1);
  EXPECT_EQ(queue_->State()->cores(), 4);
  EXPECT_EQ(queue_->State()->leased_cores(), 4);
  EXPECT_EQ(StateOf(none), v1::JobState::QUEUED);
  executor_->Succeed(one);
  EXPECT_EQ(executor_->Spec(none).threads(), 1);
  executor_->Succeed(none);
  executor_->Succeed(three);
  Await(three);
  AwaitIdle();
  EXPECT_EQ(queue_->State()->leased_cores(), 0);
}

class LittleMemory : public QueueFixture {
 protected:
  // Room for one QualityJob of 60 x 60, not for two.
  LittleMemory() : QueueFixture({4, 150000}) {}
};

TEST_F(LittleMemory, AJobWaitsForMemory) {
  v1::Job job = QualityJob();
  (*job.mutable_inputs())["matrix"] =
      Doubles(std::vector<double>(3600, 1), {60, 60});
  (*job.mutable_inputs())["labels"] =
      InlineArray<int32_t>(v1::DType::INT32, std::vector<int32_t>(60), {60});
  const std::string first = Enqueue(job);
  executor_->Await(first);
  const std::string second = Enqueue(job);
  const std::string little = Enqueue(QualityJob());
  // Its deadline is kept by the thread that picks jobs: when it has ended, that
  // thread has looked at the others.
  v1::Job doomed = QualityJob();
  *doomed.mutable_deadline() = ToTimestamp(WallMicros() + 1000000);
  EXPECT_EQ(Await(Enqueue(doomed)).state(), v1::JobState::FAILED);
  EXPECT_EQ(StateOf(second), v1::JobState::QUEUED);
  // There is room for the little one, but it does not overtake.
  EXPECT_EQ(StateOf(little), v1::JobState::QUEUED);
  EXPECT_EQ(executor_->RunningNow(), 1u);
  executor_->Succeed(first);
  executor_->Await(second);
  executor_->Succeed(second);
  executor_->Succeed(little);
  Await(little);
}

TEST_F(JobQueueTest, DependentsStartWithTheOutputsTheyTake) {
  const auto ids =
      SubmitGraph({{"first", QualityJob()}, {"second", DependentJob("first")}});
  EXPECT_EQ(StateOf(ids[1]), v1::JobState::WAITING);
  executor_->Succeed(ids[0], {0});
  const internal::AttemptSpec spec = executor_->Spec(ids[1]);
  const v1::Array taken = spec.inputs().at("labels").array();
  EXPECT_EQ(taken.artifact(), Get(ids[0]).outputs().at("quality").artifact());
  EXPECT_EQ(taken.dtype(), v1::DType::FLOAT64);
  executor_->Succeed(ids[1]);
  Await(ids[1]);
  EXPECT_THAT(History(ids[1]), ElementsAre(1, 2, 3, 4));
}

TEST_F(FourCores, ADiamondWaitsForBothSidesAndSkipsWhenOneFails) {
  const Nodes diamond = {
      {"a", TrainJob()}, {"b", TrainJob()}, {"join", GraftJob("a", "b")}};
  const auto ids = SubmitGraph(diamond);
  executor_->AwaitRunning(2);
  executor_->Return(ids[0], absl::InternalError("bad luck"));
  const v1::Job join = Await(ids[2]);
  EXPECT_EQ(join.state(), v1::JobState::SKIPPED);
  EXPECT_EQ(ReasonOf(join), "DEPENDENCY_FAILED");
  EXPECT_THAT(join.error().message(), HasSubstr(ids[0]));
  // The other side goes on, and its end changes nothing any more.
  EXPECT_EQ(StateOf(ids[1]), v1::JobState::RUNNING);
  executor_->Succeed(ids[1]);
  Await(ids[1]);
  EXPECT_THAT(History(ids[2]), ElementsAre(1, 7));
}

TEST_F(FourCores, AJobNeedsAllItsNeeds) {
  const auto ids = SubmitGraph(
      {{"a", TrainJob()}, {"b", TrainJob()}, {"join", GraftJob("a", "b")}});
  executor_->AwaitRunning(2);
  executor_->Succeed(ids[0]);
  Await(ids[0]);
  EXPECT_EQ(StateOf(ids[2]), v1::JobState::WAITING);
  executor_->Succeed(ids[1]);
  // Both are there now; but the fake made no networks, so its attempt fails
  // before it runs.
  const v1::Job join = Await(ids[2]);
  EXPECT_EQ(ReasonOf(join), "OUTPUT_NOT_FOUND");
  EXPECT_THAT(History(ids[2]), ElementsAre(1, 2, 3, 5));
}

TEST_F(JobQueueTest, CancelsAQueuedJobAtOnce) {
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  const auto ids = SubmitGraph({{"a", QualityJob()},
                                {"b", DependentJob("a")},
                                {"c", DependentJob("b")}});
  const auto cancelled = Cancel(ids[1]);  // WAITING
  ASSERT_TRUE(cancelled.ok());
  EXPECT_EQ(cancelled->state(), v1::JobState::CANCELLED);
  EXPECT_EQ(ReasonOf(*cancelled), "CANCELLED");
  EXPECT_EQ(StateOf(ids[2]), v1::JobState::SKIPPED);
  EXPECT_EQ(Cancel(ids[0])->state(), v1::JobState::CANCELLED);  // QUEUED
  EXPECT_EQ(Cancel(ids[0])->state(), v1::JobState::CANCELLED);  // again
  executor_->Succeed(running);
  Await(running);
  AwaitIdle();
  EXPECT_THAT(executor_->Order(), ElementsAre(running));
  EXPECT_THAT(History(ids[0]), ElementsAre(2, 6));
}

TEST_F(JobQueueTest, CancelReachesARunningJob) {
  const auto ids = SubmitGraph({{"a", QualityJob()}, {"b", DependentJob("a")}});
  executor_->Await(ids[0]);
  const auto asked = Cancel(ids[0]);
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked->state(), v1::JobState::RUNNING) << "until it has stopped";
  executor_->ReturnWhenStopped(ids[0]);
  EXPECT_EQ(Await(ids[0]).state(), v1::JobState::CANCELLED);
  EXPECT_EQ(StateOf(ids[1]), v1::JobState::SKIPPED);
  EXPECT_EQ(Cancel(ids[0])->state(), v1::JobState::CANCELLED);
}

TEST_F(JobQueueTest, ACancelBeforeTheCommitWinsAndOneAfterItLoses) {
  const std::string before = Enqueue(QualityJob());
  executor_->Await(before);
  ASSERT_TRUE(Cancel(before).ok());
  executor_->Succeed(before);  // finished although it was told to stop
  EXPECT_EQ(Await(before).state(), v1::JobState::CANCELLED);
  EXPECT_THAT(Get(before).outputs(), IsEmpty());
  const std::string after = Enqueue(QualityJob());
  executor_->Succeed(after);
  Await(after);
  EXPECT_EQ(Cancel(after)->state(), v1::JobState::SUCCEEDED);
  EXPECT_THAT(History(after), ElementsAre(2, 3, 4));
}

TEST_F(JobQueueTest, TheDeadlineEndsJobsInEveryState) {
  v1::Job job = QualityJob();
  v1::Job dependent = DependentJob("running");
  std::vector<std::string> ids;
  // On a busy machine a job may come to its deadline before it comes to its
  // start: then with more time.
  for (int64_t micros = 300000;; micros *= 2) {
    *job.mutable_deadline() = ToTimestamp(WallMicros() + micros);
    *dependent.mutable_deadline() = job.deadline();
    ids = SubmitGraph(
        {{"running", job}, {"queued", job}, {"waiting", dependent}});
    if (Await(ids.at(0), v1::JobState::RUNNING).state() ==
        v1::JobState::RUNNING) {
      break;
    }
  }
  const std::string& running = ids[0];
  const std::string& queued = ids[1];
  const std::string& waiting = ids[2];
  EXPECT_EQ(ReasonOf(Await(queued)), "DEADLINE_PASSED");
  EXPECT_EQ(ReasonOf(Await(waiting)), "DEADLINE_PASSED");
  EXPECT_THAT(History(queued), ElementsAre(2, 5));
  EXPECT_THAT(History(waiting), ElementsAre(1, 5));
  executor_->ReturnWhenStopped(running);
  const v1::Job ended = Await(running);
  EXPECT_EQ(ended.state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(ended), "DEADLINE_PASSED");
  EXPECT_EQ(ended.error().code(),
            static_cast<int>(absl::StatusCode::kDeadlineExceeded));
  EXPECT_GE(ToMicros(ended.end_time()), ToMicros(job.deadline()));
}

TEST_F(JobQueueTest, AnAttemptRunsNoLongerThanAllowed) {
  v1::Job job = QualityJob();
  job.mutable_max_run_time()->set_nanos(20000000);
  const std::string id = Enqueue(job);
  executor_->ReturnWhenStopped(id);
  const v1::Job ended = Await(id);
  EXPECT_EQ(ended.state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(ended), "RUN_TIME_EXCEEDED");
}

TEST_F(JobQueueTest, ALongDeadlineDoesNotDisturb) {
  v1::Job job = QualityJob();
  job.mutable_deadline()->set_seconds(253402300799);  // the last one there is
  job.mutable_max_run_time()->set_seconds(315576000000);
  const std::string id = Enqueue(job);
  executor_->Succeed(id);
  EXPECT_EQ(Await(id).state(), v1::JobState::SUCCEEDED);
}

TEST_F(JobQueueTest, AnothersJobIsAsAbsentAsNone) {
  const std::string id = Enqueue(QualityJob());
  executor_->Await(id);
  const std::string none = "jnosuchjob";
  const auto other = queue_->GetJob("eve", id);
  const auto absent = queue_->GetJob("eve", none);
  EXPECT_EQ(ReasonOf(other.status()), "JOB_NOT_FOUND");
  EXPECT_EQ(other.status().code(), absent.status().code());
  EXPECT_EQ(ReasonOf(absent.status()), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Cancel(id, "eve").status()), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Delete(id, "eve")), "JOB_NOT_FOUND");
  v1::OutputRef output;
  output.set_job(id);
  output.set_output("quality");
  EXPECT_EQ(ReasonOf(queue_->GetOutput("eve", output).status()),
            "JOB_NOT_FOUND");
  v1::WatchJobRequest watch;
  watch.set_id(id);
  EXPECT_EQ(ReasonOf(queue_->Watch("eve", watch, [] {}).status()),
            "JOB_NOT_FOUND");
  EXPECT_EQ(queue_->ListJobs("eve", {})->jobs_size(), 0);
  EXPECT_EQ(StateOf(id), v1::JobState::RUNNING) << "and it was not cancelled";
  executor_->Succeed(id);
}

TEST_F(JobQueueTest, GivesOutputsOfSucceededJobs) {
  const std::string id = Enqueue(QualityJob());
  v1::OutputRef output;
  output.set_job(id);
  output.set_output("quality");
  EXPECT_EQ(ReasonOf(queue_->GetOutput(kOwner, output).status()),
            "OUTPUT_NOT_FOUND");
  executor_->Succeed(id);
  Await(id);
  const auto array = queue_->GetOutput(kOwner, output);
  ASSERT_TRUE(array.ok());
  EXPECT_TRUE(IsDigest(array->artifact()));
  output.set_output("labels");
  EXPECT_EQ(ReasonOf(queue_->GetOutput(kOwner, output).status()),
            "OUTPUT_NOT_FOUND");
}

TEST_F(JobQueueTest, DeletesEndedJobsWithWhatNobodyElseNeeds) {
  const std::string id = Enqueue(QualityJob());
  EXPECT_EQ(ReasonOf(Delete(id)), "WRONG_STATE");
  executor_->Succeed(id, {0});
  const v1::Job job = Await(id);
  const std::string dependent = Enqueue(DependentJob(id));
  executor_->Await(dependent);
  EXPECT_EQ(ReasonOf(Delete(id)), "WRONG_STATE") << "its output is needed";
  executor_->Succeed(dependent, {3});
  Await(dependent);
  EXPECT_TRUE(Delete(id).ok());
  EXPECT_EQ(ReasonOf(Delete(id)), "JOB_NOT_FOUND");
  EXPECT_EQ(ReasonOf(queue_->GetJob(kOwner, id).status()), "JOB_NOT_FOUND");
  // Its matrix is gone; its output stays, as an input of the other.
  EXPECT_FALSE(artifacts_->Size(job.inputs().at("matrix").artifact()).ok());
  EXPECT_TRUE(artifacts_->Size(job.outputs().at("quality").artifact()).ok());
  EXPECT_TRUE(Delete(dependent).ok());
  EXPECT_FALSE(artifacts_->Size(job.outputs().at("quality").artifact()).ok());
}

TEST_F(JobQueueTest, ListsNewestFirstInPages) {
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  std::vector<std::string> newest_first = {running};
  for (int i = 0; i < 6; ++i) {
    newest_first.insert(newest_first.begin(), Enqueue(QualityJob()));
  }
  v1::ListJobsRequest request;
  request.set_page_size(3);
  std::vector<std::string> listed;
  std::vector<int> sizes;
  do {
    const auto page = queue_->ListJobs(kOwner, request);
    ASSERT_TRUE(page.ok()) << page.status();
    sizes.push_back(page->jobs_size());
    for (const v1::Job& job : page->jobs()) {
      listed.push_back(job.id());
      EXPECT_FALSE(job.has_spec());
      EXPECT_EQ(job.inputs_size(), 0);
      EXPECT_EQ(job.kind(), "quality");
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, newest_first);
  EXPECT_THAT(sizes, ElementsAre(3, 3, 1));
  for (const std::string& id : newest_first) {
    if (id != running) {
      ASSERT_TRUE(Cancel(id).ok());
    }
  }
  executor_->Succeed(running);
}

TEST_F(JobQueueTest, ListsWhatFitsTheFilter) {
  v1::Job pilot = QualityJob();
  (*pilot.mutable_labels())["study"] = "pilot";
  (*pilot.mutable_labels())["run"] = "1";
  const std::string first = Enqueue(pilot);
  executor_->Succeed(first);
  Await(first);
  (*pilot.mutable_labels())["run"] = "2";
  const std::string second = Enqueue(pilot);
  const auto list = [&](const v1::ListJobsRequest::Filter& filter) {
    v1::ListJobsRequest request;
    *request.mutable_filter() = filter;
    request.set_view(v1::ListJobsRequest::FULL);
    std::vector<std::string> ids;
    const auto page = queue_->ListJobs(kOwner, request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) {
      return ids;
    }
    for (const v1::Job& job : page->jobs()) {
      EXPECT_TRUE(job.has_spec());
      ids.push_back(job.id());
    }
    return ids;
  };
  v1::ListJobsRequest::Filter filter;
  filter.add_states(v1::JobState::SUCCEEDED);
  EXPECT_THAT(list(filter), ElementsAre(first));
  filter.Clear();
  filter.add_kinds("train");
  EXPECT_THAT(list(filter), IsEmpty());
  filter.add_kinds("quality");
  EXPECT_THAT(list(filter), ElementsAre(second, first));
  (*filter.mutable_labels())["study"] = "pilot";
  (*filter.mutable_labels())["run"] = "2";
  EXPECT_THAT(list(filter), ElementsAre(second));
  // Words of a filter are values, never SQL.
  (*filter.mutable_labels())["run"] = "2' OR '1'='1";
  EXPECT_THAT(list(filter), IsEmpty());
  executor_->Succeed(second);
}

TEST_F(JobQueueTest, RefusesBadListRequests) {
  const std::string running = Enqueue(QualityJob());
  const std::string queued = Enqueue(QualityJob());
  v1::ListJobsRequest request;
  request.set_page_size(-1);
  ExpectRefused(
      queue_->ListJobs(kOwner, request).status(), "OUT_OF_RANGE", "page_size");
  request.set_page_size(1001);
  ExpectRefused(
      queue_->ListJobs(kOwner, request).status(), "OUT_OF_RANGE", "page_size");
  request.set_page_size(1);
  const std::string token =
      queue_->ListJobs(kOwner, request)->next_page_token();
  ASSERT_FALSE(token.empty());
  request.set_page_token(token);
  EXPECT_EQ(queue_->ListJobs(kOwner, request)->jobs(0).id(), running);
  // Of another owner, of another filter, of nobody.
  ExpectRefused(
      queue_->ListJobs("eve", request).status(), "BAD_TOKEN", "page_token");
  request.mutable_filter()->add_kinds("quality");
  ExpectRefused(
      queue_->ListJobs(kOwner, request).status(), "BAD_TOKEN", "page_token");
  request.clear_filter();
  for (const std::string& bad : {token + "9x", std::string("1"), "." + token}) {
    request.set_page_token(bad);
    ExpectRefused(
        queue_->ListJobs(kOwner, request).status(), "BAD_TOKEN", "page_token");
  }
  request.clear_page_token();
  request.mutable_filter()->add_states(v1::JobState::UNSPECIFIED);
  ExpectRefused(queue_->ListJobs(kOwner, request).status(),
                "OUT_OF_RANGE",
                "filter.states");
  ASSERT_TRUE(Cancel(queued).ok());
  executor_->Succeed(running);
}

TEST_F(JobQueueTest, APageHasLessThanAMebibyte) {
  const std::string running = Enqueue(QualityJob());
  v1::Job job = QualityJob();
  for (int i = 0; i < 64; ++i) {
    (*job.mutable_labels())[std::to_string(i)] = std::string(255, 'x');
  }
  std::set<std::string> ids = {running};
  for (int i = 0; i < 100; ++i) {  // 1.7 MB of labels
    ids.insert(Enqueue(job));
  }
  v1::ListJobsRequest request;
  request.set_page_size(1000);
  std::set<std::string> listed;
  int pages = 0;
  do {
    const auto page = queue_->ListJobs(kOwner, request);
    ASSERT_TRUE(page.ok());
    EXPECT_LE(page->ByteSizeLong(), std::size_t{1} << 20);
    for (const v1::Job& one : page->jobs()) {
      EXPECT_TRUE(listed.insert(one.id()).second);
    }
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(listed, ids);
  for (const std::string& id : ids) {
    ASSERT_TRUE(Cancel(id).ok());
  }
  executor_->ReturnWhenStopped(running);
}

TEST_F(FourCores, DrainWithinDoesNotWaitForAnAttemptThatHangs) {
  const std::string hanging = Enqueue(QualityJob());
  const std::string obeying = Enqueue(QualityJob());
  executor_->AwaitRunning(2);
  std::thread obey([&] { executor_->ReturnWhenStopped(obeying); });
  EXPECT_FALSE(queue_->DrainWithin(std::chrono::milliseconds(200)));
  obey.join();
  EXPECT_EQ(Await(obeying, v1::JobState::QUEUED).state(), v1::JobState::QUEUED);
  EXPECT_EQ(StateOf(hanging), v1::JobState::RUNNING);
  executor_->ReturnWhenStopped(hanging);
  EXPECT_TRUE(queue_->DrainWithin(std::chrono::hours(1)));
  EXPECT_EQ(StateOf(hanging), v1::JobState::QUEUED);
}

TEST_F(FourCores, DrainStopsWhatRunsAndRefusesMore) {
  const auto ids = SubmitGraph(
      {{"a", QualityJob()}, {"b", QualityJob()}, {"c", DependentJob("a")}});
  executor_->AwaitRunning(2);
  std::thread drain([&] { queue_->Drain(); });
  executor_->ReturnWhenStopped(ids[0]);
  executor_->Succeed(ids[1]);  // came to its end just before
  drain.join();
  queue_->Drain();  // again
  EXPECT_EQ(StateOf(ids[0]), v1::JobState::QUEUED);
  EXPECT_EQ(StateOf(ids[1]), v1::JobState::SUCCEEDED);
  EXPECT_EQ(StateOf(ids[2]), v1::JobState::WAITING);
  EXPECT_THAT(History(ids[0]), ElementsAre(2, 3, 2));
  EXPECT_EQ(ReasonOf(TrySubmit(QualityJob()).status()), "SERVER_STOPPING");
  EXPECT_EQ(queue_->State()->leased_cores(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path() + "/attempts"));
  // What was drained starts anew with the next server.
  Close();
  Open(dir_.path());
  EXPECT_EQ(executor_->Spec(ids[0]).attempt(), 2);
  executor_->Succeed(ids[0], {0});
  executor_->Succeed(ids[2]);
  EXPECT_EQ(Await(ids[2]).state(), v1::JobState::SUCCEEDED);
}

}  // namespace
}  // namespace modbound

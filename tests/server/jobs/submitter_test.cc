// What a submission is refused for, and what becomes of one that is accepted.
#include "server/jobs/submitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/artifacts/sha256.h"
#include "server/jobs/job_time.h"
#include "server/jobs/queue_fixture.h"
#include "tests/support/fault_row.h"

namespace modbound {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// One core, so that what is queued behind the first job stays there.
class SubmitterTest : public QueueFixture {
 protected:
  // Reason and field of the error that this job is refused with.
  void ExpectJobRefused(const v1::Job& job,
                        const std::string& reason,
                        const std::string& field) {
    const auto submitted = TrySubmit(job);
    ASSERT_FALSE(submitted.ok()) << "accepted; expected " << reason;
    ExpectRefused(submitted.status(), reason, field);
  }
  int64_t Rows(const std::string& table) {
    int64_t count = 0;
    EXPECT_TRUE(database_
                    ->Read([&](Connection& connection) -> absl::Status {
                      MODBOUND_ASSIGN_OR_RETURN(
                          Statement statement,
                          connection.Prepare("SELECT COUNT(*) FROM " + table));
                      MODBOUND_RETURN_IF_ERROR(statement.Step().status());
                      count = statement.Int(0);
                      return absl::OkStatus();
                    })
                    .ok());
    return count;
  }
};

TEST_F(SubmitterTest, FillsWhatTheServerKnows) {
  v1::Job request = QualityJob();
  (*request.mutable_labels())["study"] = "pilot";
  request.set_priority(7);
  const v1::Job job = Submit(request);
  EXPECT_EQ(job.id().size(), 18u);
  EXPECT_EQ(job.kind(), "quality");
  EXPECT_EQ(job.owner(), kOwner);
  EXPECT_EQ(job.state(), v1::JobState::QUEUED);
  EXPECT_EQ(job.labels().at("study"), "pilot");
  EXPECT_EQ(job.priority(), 7);
  EXPECT_TRUE(job.has_submit_time());
  EXPECT_EQ(job.outputs_size(), 0) << "outputs before there are any";
  EXPECT_EQ(job.spec().quality().gamma(), 1) << "default not filled";
  // Inline bytes have become an artifact.
  const v1::Array& matrix = job.inputs().at("matrix");
  EXPECT_EQ(matrix.artifact(),
            Sha256Hex(QualityJob().inputs().at("matrix").inline_()));
  EXPECT_EQ(*artifacts_->ReadBytes(matrix.artifact()),
            QualityJob().inputs().at("matrix").inline_());
  executor_->Succeed(job.id());
}

TEST_F(SubmitterTest, RefusesFieldsThatTheServerSets) {
  const std::vector<std::pair<std::string, std::function<void(v1::Job&)>>>
      fields = {
          {"id", [](v1::Job& job) { job.set_id("x"); }},
          {"kind", [](v1::Job& job) { job.set_kind("quality"); }},
          {"state",
           [](v1::Job& job) { job.set_state(v1::JobState::SUCCEEDED); }},
          {"progress", [](v1::Job& job) { job.mutable_progress(); }},
          {"attempts", [](v1::Job& job) { job.set_attempts(1); }},
          {"owner", [](v1::Job& job) { job.set_owner("eve"); }},
          {"submit_time", [](v1::Job& job) { job.mutable_submit_time(); }},
          {"start_time", [](v1::Job& job) { job.mutable_start_time(); }},
          {"end_time", [](v1::Job& job) { job.mutable_end_time(); }},
          {"error", [](v1::Job& job) { job.mutable_error(); }},
          {"summary", [](v1::Job& job) { job.mutable_summary(); }},
          {"outputs", [](v1::Job& job) { (*job.mutable_outputs())["a"]; }},
          {"cache_info", [](v1::Job& job) { job.mutable_cache_info(); }},
          {"provenance", [](v1::Job& job) { job.mutable_provenance(); }},
          {"node", [](v1::Job& job) { job.set_node("n"); }}};
  for (const auto& [field, set] : fields) {
    v1::Job job = QualityJob();
    set(job);
    ExpectJobRefused(job, "CONTRADICTION", field);
  }
  EXPECT_EQ(Rows("job"), 0);
}

TEST_F(SubmitterTest, RefusesBadTextAndRanges) {
  v1::Job job = QualityJob();
  (*job.mutable_labels())["a\nb"] = "";
  ExpectJobRefused(job, "BAD_TEXT", "labels");
  job = QualityJob();
  (*job.mutable_labels())[""] = "";
  ExpectJobRefused(job, "BAD_TEXT", "labels");
  job = QualityJob();
  (*job.mutable_labels())["a"] = std::string(256, 'x');
  ExpectJobRefused(job, "BAD_TEXT", "labels");
  job = QualityJob();
  for (int i = 0; i < 65; ++i) {
    (*job.mutable_labels())[std::to_string(i)] = "";
  }
  ExpectJobRefused(job, "TOO_LARGE", "labels");
  job = QualityJob();
  job.set_priority(1001);
  ExpectJobRefused(job, "OUT_OF_RANGE", "priority");
  job.set_priority(-1001);
  ExpectJobRefused(job, "OUT_OF_RANGE", "priority");
  job = QualityJob();
  job.mutable_max_run_time();
  ExpectJobRefused(job, "OUT_OF_RANGE", "max_run_time");
  job = QualityJob();
  *job.mutable_deadline() = ToTimestamp(WallMicros() - 1);
  ExpectJobRefused(job, "OUT_OF_RANGE", "deadline");
  job.mutable_deadline()->set_seconds(std::numeric_limits<int64_t>::max());
  ExpectJobRefused(job, "OUT_OF_RANGE", "deadline");
  const auto submitted = TrySubmit(QualityJob(), std::string(129, 'r'));
  ExpectRefused(submitted.status(), "BAD_TEXT", "request_id");
}

TEST_F(SubmitterTest, RefusesUnknownKindsAndFields) {
  v1::Job job = QualityJob();
  job.clear_spec();
  ExpectJobRefused(job, "UNKNOWN_KIND", "spec");
  job = QualityJob();
  job.GetReflection()->MutableUnknownFields(&job)->AddVarint(999, 1);
  ExpectJobRefused(job, "UNKNOWN_FIELD", "job");
  job = QualityJob();
  v1::QualitySpec& spec = *job.mutable_spec()->mutable_quality();
  spec.GetReflection()->MutableUnknownFields(&spec)->AddVarint(999, 1);
  const auto submitted = TrySubmit(job);
  EXPECT_EQ(ReasonOf(submitted.status()), "UNKNOWN_FIELD");
}

TEST_F(SubmitterTest, NamesTheFieldOfTheSpec) {
  v1::Job job = QualityJob();
  job.mutable_spec()->mutable_quality()->set_gamma(0);
  ExpectJobRefused(job, "OUT_OF_RANGE", "spec.quality.gamma");
  const auto graph = TrySubmitGraph({{"good", QualityJob()}, {"bad", job}});
  ExpectRefused(
      graph.status(), "OUT_OF_RANGE", "nodes[1].job.spec.quality.gamma");
  EXPECT_EQ(Rows("job"), 0) << "half of a graph was accepted";
}

TEST_F(SubmitterTest, RefusesBadArrays) {
  const auto with_matrix = [](v1::Array array) {
    v1::Job job = QualityJob();
    (*job.mutable_inputs())["matrix"] = std::move(array);
    return job;
  };
  const std::string field = "inputs.matrix";
  ExpectJobRefused(with_matrix(v1::Array()), "MISSING_FIELD", field);
  ExpectJobRefused(
      with_matrix(Doubles({1, 2, 3}, {2, 2})), "WRONG_SHAPE", field);
  v1::Array array = Doubles({0, 1, 1, 0}, {2, 2});
  array.set_dtype(v1::DType::UNSPECIFIED);
  ExpectJobRefused(with_matrix(array), "WRONG_DTYPE", field);
  array = Doubles({0, 1, 1, 0}, {2, 2});
  array.add_axes("unit");
  ExpectJobRefused(with_matrix(array), "WRONG_SHAPE", field);
  array = Doubles({}, {int64_t{1} << 40, int64_t{1} << 40});
  ExpectJobRefused(with_matrix(array), "WRONG_SHAPE", field);
  array = Doubles({1}, {-1, -1});
  ExpectJobRefused(with_matrix(array), "WRONG_SHAPE", field);
  ExpectJobRefused(with_matrix(Doubles({}, std::vector<int64_t>(33, 0))),
                   "TOO_LARGE",
                   field);
  // 64 KiB is fine, one element more is not.
  ExpectJobRefused(with_matrix(Doubles(std::vector<double>(8193), {8193})),
                   "TOO_LARGE",
                   field);
  v1::Job job = QualityJob();
  (*job.mutable_inputs())["matrix"] =
      Doubles(std::vector<double>(8192), {64, 128});
  ExpectJobRefused(job, "WRONG_SHAPE", field);
  job = QualityJob();
  (*job.mutable_inputs())["weights"] = Doubles({1}, {1});
  ExpectJobRefused(job, "UNKNOWN_INPUT", "inputs.weights");
  job = QualityJob();
  job.mutable_inputs()->erase("labels");
  ExpectJobRefused(job, "MISSING_FIELD", "inputs.labels");
  job = QualityJob();
  (*job.mutable_inputs())["a\nb"] = Doubles({1}, {1});
  ExpectJobRefused(job, "BAD_TEXT", "inputs");
  // Facts are known at once.
  ExpectJobRefused(
      with_matrix(
          Doubles({0, std::numeric_limits<double>::quiet_NaN(), 1, 0}, {2, 2})),
      "NOT_FINITE",
      field);
}

TEST_F(SubmitterTest, TakesArtifactsThatAreThereWithTheirSize) {
  const auto staged = artifacts_->StageBytes(std::string(32, '\0'));
  ASSERT_TRUE(staged.ok());
  v1::Job job = QualityJob();
  v1::Array& matrix = (*job.mutable_inputs())["matrix"];
  matrix.set_artifact(staged->digest);
  ExpectJobRefused(job, "ARTIFACT_NOT_FOUND", "inputs.matrix");
  ASSERT_TRUE(database_
                  ->WriteAndWait([&](Connection& connection) {
                    return CommitForOwner(connection, *staged);
                  })
                  .ok());
  executor_->Succeed(Enqueue(job));
  matrix.clear_shape();
  matrix.add_shape(3);
  ExpectJobRefused(job, "WRONG_SHAPE", "inputs.matrix");
  matrix.set_artifact("../../etc/passwd");
  ExpectJobRefused(job, "ARTIFACT_NOT_FOUND", "inputs.matrix");
}

// Nothing large is read before a job is accepted: here the bytes are not even
// there. What is not known is found out before the job's first computation.
TEST_F(SubmitterTest, ReadsNoLargeArrayBeforeItAccepts) {
  constexpr int64_t kUnits = 100;
  const auto staged =
      artifacts_->StageBytes(std::string(kUnits * kUnits * 8, '\0'));
  ASSERT_TRUE(staged.ok());
  ASSERT_TRUE(database_
                  ->WriteAndWait([&](Connection& connection) {
                    return CommitForOwner(connection, *staged);
                  })
                  .ok());
  const std::string file = absl::StrCat(dir_.path(),
                                        "/artifacts/",
                                        staged->digest.substr(0, 2),
                                        "/",
                                        staged->digest);
  std::filesystem::rename(file, file + ".away");
  v1::Job job = QualityJob();
  v1::Array matrix;
  matrix.set_dtype(v1::DType::FLOAT64);
  matrix.add_shape(kUnits);
  matrix.add_shape(kUnits);
  matrix.set_artifact(staged->digest);
  (*job.mutable_inputs())["matrix"] = matrix;
  (*job.mutable_inputs())["labels"] = InlineArray<int32_t>(
      v1::DType::INT32, std::vector<int32_t>(kUnits), {kUnits});
  // Nothing at all is read for an input that the kind does not take.
  (*job.mutable_inputs())["weights"] = matrix;
  ExpectJobRefused(job, "UNKNOWN_INPUT", "inputs.weights");
  job.mutable_inputs()->erase("weights");
  // A running job keeps it from being started.
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  const v1::Job accepted = Submit(job);
  EXPECT_EQ(accepted.state(), v1::JobState::QUEUED);
  // Facts that are known are used, without the bytes too.
  v1::ArrayFacts facts;
  facts.set_finite(false);
  ASSERT_TRUE(database_
                  ->WriteAndWait([&](Connection& connection) {
                    return ArtifactStore::CommitFacts(connection,
                                                      staged->digest,
                                                      v1::DType::FLOAT64,
                                                      {kUnits, kUnits},
                                                      facts);
                  })
                  .ok());
  ExpectJobRefused(job, "NOT_FINITE", "inputs.matrix");
  std::filesystem::rename(file + ".away", file);
  ASSERT_TRUE(Cancel(accepted.id()).ok());
  executor_->Succeed(running);
}

TEST_F(SubmitterTest, RefusesMoreMemoryThanThereIs) {
  v1::Job job = TrainJob();
  job.mutable_spec()->mutable_train()->mutable_model()->set_hidden_size(8192);
  job.mutable_spec()->mutable_train()->set_batch_size(4096);
  const auto submitted = TrySubmit(job);
  ASSERT_FALSE(submitted.ok()) << "choose a larger job for this test";
  EXPECT_EQ(submitted.status().code(), absl::StatusCode::kResourceExhausted);
  ExpectRefused(submitted.status(), "MEMORY_LIMIT", "spec");
  EXPECT_THAT(std::string(submitted.status().message()),
              HasSubstr(std::to_string(options_.memory_limit_bytes)));
}

TEST_F(SubmitterTest, RefusesBadNodeNames) {
  ExpectRefused(TrySubmitGraph({}).status(), "MISSING_FIELD", "nodes");
  ExpectRefused(TrySubmitGraph({{"", QualityJob()}}).status(),
                "BAD_NAME",
                "nodes[0].name");
  ExpectRefused(
      TrySubmitGraph({{"a", QualityJob()}, {"a/b", QualityJob()}}).status(),
      "BAD_NAME",
      "nodes[1].name");
  ExpectRefused(
      TrySubmitGraph({{"a", QualityJob()}, {"a", QualityJob()}}).status(),
      "BAD_NAME",
      "nodes[1].name");
  const Nodes many(10001, {"a", QualityJob()});
  ExpectRefused(TrySubmitGraph(many).status(), "TOO_LARGE", "nodes");
}

TEST_F(SubmitterTest, RefusesCyclesWithTheirNames) {
  const auto circle = TrySubmitGraph({{"start", QualityJob()},
                                      {"hen", DependentJob("egg")},
                                      {"egg", DependentJob("hen")}});
  ExpectRefused(circle.status(), "CYCLE", "nodes[1].job.inputs");
  EXPECT_THAT(std::string(circle.status().message()),
              AllOf(HasSubstr("hen"), HasSubstr("egg")));
  const auto self = TrySubmitGraph({{"me", DependentJob("me")}});
  ExpectRefused(self.status(), "CYCLE", "nodes[0].job.inputs");
  EXPECT_EQ(Rows("job"), 0);
}

TEST_F(SubmitterTest, RefusesOutputsThatNobodyMakes) {
  const std::string field = "inputs.labels";
  ExpectJobRefused(DependentJob("jnosuchjob"), "JOB_NOT_FOUND", field);
  const std::string id = Enqueue(QualityJob());
  v1::Job job = DependentJob(id);
  (*job.mutable_inputs())["labels"] = OutputOf(id, "agreement");
  ExpectJobRefused(job, "OUTPUT_NOT_FOUND", field);
  // Without a name: the output of the input's own name.
  (*job.mutable_inputs())["labels"] = OutputOf(id);
  ExpectJobRefused(job, "OUTPUT_NOT_FOUND", field);
  ExpectRefused(TrySubmitGraph({{"a", DependentJob("b")}}).status(),
                "JOB_NOT_FOUND",
                "nodes[0].job.inputs.labels");
  // Another's job is as absent as none.
  const auto other = TrySubmit(DependentJob(id), "", "eve");
  ExpectRefused(other.status(), "JOB_NOT_FOUND", field);
  executor_->Succeed(id);
}

TEST_F(SubmitterTest, FollowsDeclaredShapesThroughDependencies) {
  // Two partitions make two qualities: no label for one unit.
  v1::Job two = QualityJob();
  (*two.mutable_inputs())["labels"] =
      InlineArray<int32_t>(v1::DType::INT32, {0, 0, 0, 1}, {2, 2});
  const auto graph =
      TrySubmitGraph({{"two", two}, {"next", DependentJob("two")}});
  ExpectRefused(graph.status(), "WRONG_SHAPE", "nodes[1].job.inputs.labels");
  // The same through a job of the store that has not run.
  const std::string id = Enqueue(two);
  ExpectJobRefused(DependentJob(id), "WRONG_SHAPE", "inputs.labels");
  executor_->Succeed(id, {1, 2});
}

TEST_F(SubmitterTest, KnowsFactsOfFinishedJobs) {
  const std::string half = Enqueue(QualityJob());
  executor_->Succeed(half, {0.5});
  Await(half);
  // 0.5 is no label.
  ExpectJobRefused(DependentJob(half), "BAD_LABELS", "inputs.labels");
  const std::string whole = Enqueue(QualityJob());
  executor_->Succeed(whole, {0});
  Await(whole);
  const v1::Job job = Submit(DependentJob(whole));
  EXPECT_EQ(job.state(), v1::JobState::QUEUED);
  executor_->Succeed(job.id());
}

TEST_F(SubmitterTest, RefusesOutputsOfFailedJobs) {
  const std::string id = Enqueue(QualityJob());
  executor_->Fail(id, Refuse("DEGENERATE", "inputs.matrix", "empty"));
  Await(id);
  const auto submitted = TrySubmit(DependentJob(id));
  EXPECT_EQ(submitted.status().code(), absl::StatusCode::kFailedPrecondition);
  ExpectRefused(submitted.status(), "DEPENDENCY_FAILED", "inputs.labels");
}

TEST_F(SubmitterTest, ExpandsTheGroupOfANetwork) {
  const auto ids = SubmitGraph(
      {{"a", TrainJob()}, {"b", TrainJob()}, {"graft", GraftJob("a", "b")}});
  ASSERT_EQ(ids.size(), 3u);
  const v1::Job graft = Get(ids[2]);
  EXPECT_EQ(graft.inputs_size(), 6);
  EXPECT_EQ(graft.inputs().at("b_out").output().job(), ids[0]);
  EXPECT_EQ(graft.inputs().at("b_out").output().output(), "b_out");
  EXPECT_EQ(graft.inputs().at("w_rec").output().job(), ids[1])
      << "a member given by itself goes before the group's";
  EXPECT_EQ(graft.state(), v1::JobState::WAITING);
  v1::Job named = GraftJob(ids[0], ids[1]);
  (*named.mutable_inputs())["network"] = OutputOf(ids[0], "w_rec");
  ExpectJobRefused(named, "CONTRADICTION", "inputs.network");
  // A network of a job that makes none.
  executor_->Return(ids[0], absl::InternalError("end"));
  executor_->Return(ids[1], absl::InternalError("end"));
  const std::string quality = Enqueue(QualityJob());
  v1::Job none = GraftJob(quality, quality);
  none.mutable_inputs()->erase("w_rec");
  const auto refused = TrySubmit(none);
  EXPECT_EQ(ReasonOf(refused.status()), "OUTPUT_NOT_FOUND");
  executor_->Succeed(quality);
}

TEST_F(SubmitterTest, GivesNodesTheIdsOfTheirJobs) {
  const auto ids =
      SubmitGraph({{"second", DependentJob("first")}, {"first", QualityJob()}});
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_LT(ids[0], ids[1]) << "ids in the order of the nodes";
  const v1::Job second = Get(ids[0]);
  EXPECT_EQ(second.node(), "second");
  EXPECT_EQ(second.state(), v1::JobState::WAITING);
  EXPECT_EQ(second.inputs().at("labels").output().job(), ids[1]);
  executor_->Succeed(ids[1], {0});
  executor_->Succeed(ids[0]);
}

TEST_F(SubmitterTest, SameRequestIdIsTheSameJob) {
  const auto first = TrySubmit(QualityJob(), "request-1");
  const auto again = TrySubmit(QualityJob(), "request-1");
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_EQ(first->id(), again->id());
  executor_->Succeed(first->id());
  Await(first->id());
  const auto later = TrySubmit(QualityJob(), "request-1");
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->state(), v1::JobState::SUCCEEDED) << "its state now";
  v1::Job other = QualityJob();
  other.set_priority(1);
  ExpectRefused(TrySubmit(other, "request-1").status(),
                "REQUEST_ID_REUSED",
                "request_id");
  // Another owner's ids are another's.
  const auto eves = TrySubmit(QualityJob(), "request-1", "eve");
  ASSERT_TRUE(eves.ok());
  EXPECT_NE(eves->id(), first->id());
  executor_->Succeed(eves->id());
}

TEST_F(SubmitterTest, RepeatsAnswerAfterTheDeadlineAndTheDeletion) {
  // Keeps the core until the other's deadline has passed.
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  v1::Job job = QualityJob();
  *job.mutable_deadline() = ToTimestamp(WallMicros() + 500000);
  const auto first = TrySubmit(job, "request-1");
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(ReasonOf(Await(first->id())), "DEADLINE_PASSED");
  EXPECT_EQ(ReasonOf(TrySubmit(job, "request-2").status()), "OUT_OF_RANGE");
  const auto again = TrySubmit(job, "request-1");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->id(), first->id());
  ASSERT_TRUE(Delete(first->id()).ok());
  // Not run again.
  EXPECT_EQ(ReasonOf(TrySubmit(job, "request-1").status()), "JOB_NOT_FOUND");
  executor_->Succeed(running);
}

// The answer is made from the plan, not read back.
TEST_F(SubmitterTest, AnswersWithTheJobsAsTheyAreStored) {
  const std::string running = Enqueue(QualityJob());
  executor_->Await(running);
  v1::Job first = QualityJob();
  (*first.mutable_labels())["study"] = "pilot";
  first.set_priority(3);
  first.mutable_max_run_time()->set_seconds(60);
  const auto response =
      TrySubmitGraph({{"first", first}, {"next", DependentJob("first")}});
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->jobs_size(), 2);
  EXPECT_EQ(response->jobs(0).state(), v1::JobState::QUEUED);
  EXPECT_EQ(response->jobs(1).state(), v1::JobState::WAITING);
  for (const v1::Job& job : response->jobs()) {
    EXPECT_TRUE(
        google::protobuf::util::MessageDifferencer::Equals(job, Get(job.id())))
        << job.DebugString() << "\n"
        << Get(job.id()).DebugString();
  }
  executor_->Succeed(running);
  executor_->Succeed(response->jobs(0).id(), {0});
  executor_->Succeed(response->jobs(1).id());
}

// Steps of trials are no networks, inline or uploaded.
TEST_F(SubmitterTest, AxesThatAClientNamesAreNotTakenForNetworks) {
  const std::vector<double> values = {0, 1, 2, 4, 1, 3, 5, 2, 6, 1, 0, 2};
  const auto job_of = [](v1::Array activity) {
    for (const char* axis : {"step", "trial", "unit"}) {
      activity.add_axes(axis);
    }
    v1::Job job;
    job.mutable_spec()->mutable_partition()->set_runs(2);
    (*job.mutable_inputs())["activity"] = std::move(activity);
    return job;
  };
  const v1::Array inline_array = Doubles(values, {2, 3, 2});
  v1::Array uploaded = inline_array;
  const auto staged = artifacts_->StageBytes(inline_array.inline_());
  ASSERT_TRUE(staged.ok());
  ASSERT_TRUE(database_
                  ->WriteAndWait([&](Connection& connection) {
                    return CommitForOwner(connection, *staged);
                  })
                  .ok());
  uploaded.set_artifact(staged->digest);
  for (const v1::Array& array : {inline_array, uploaded}) {
    ExpectJobRefused(job_of(array), "WRONG_SHAPE", "inputs.activity");
  }
}

TEST_F(SubmitterTest, RefusesAJobTooLargeToBeAnAnswer) {
  v1::Job job;
  job.mutable_spec()->mutable_selectivity();
  (*job.mutable_inputs())["activity"] = Doubles({1, 2, 3, 5}, {2, 2});
  (*job.mutable_inputs())["labels"] =
      InlineArray<int32_t>(v1::DType::INT32, {0, 0}, {2});
  v1::Array variable = Doubles({1, 2}, {2});
  // 128 characters of four bytes each.
  std::string axis;
  for (int i = 0; i < 128; ++i) {
    axis += "\xf0\x9f\xa7\xa0";
  }
  variable.add_axes(axis);
  for (int i = 0; i < 990; ++i) {
    (*job.mutable_inputs())[absl::StrCat("variables/", i)] = variable;
  }
  ExpectJobRefused(job, "TOO_LARGE", "inputs");
  EXPECT_EQ(ReasonOf(TrySubmitGraph({{"a", job}}).status()), "TOO_LARGE");
}

TEST_F(SubmitterTest, AHundredParallelSubmitsAreOneJob) {
  constexpr int kThreads = 10;
  constexpr int kSubmits = 10;
  Mutex mutex;
  std::set<std::string> ids;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kSubmits; ++i) {
        const auto job = TrySubmit(QualityJob(), "the-one");
        ASSERT_TRUE(job.ok()) << job.status();
        const MutexLock lock(mutex);
        ids.insert(job->id());
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(Rows("job"), 1);
  executor_->Succeed(*ids.begin());
}

TEST_F(SubmitterTest, TakesAChainOfTenThousandJobs) {
  constexpr int kNodes = 10000;
  // The longest names, for the largest answer.
  const auto name = [](int i) {
    const std::string number = std::to_string(i);
    return std::string(64 - number.size(), 'n') + number;
  };
  Nodes nodes;
  for (int i = 0; i < kNodes; ++i) {
    // Backwards: every node needs one that comes later.
    nodes.emplace_back(
        name(i), i + 1 < kNodes ? DependentJob(name(i + 1)) : QualityJob());
  }
  const auto response = TrySubmitGraph(nodes);
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->jobs_size(), kNodes);
  EXPECT_LE(response->ByteSizeLong(), std::size_t{1} << 20);
  EXPECT_EQ(response->jobs(5).state(), v1::JobState::WAITING);
  EXPECT_EQ(queue_->State()->waiting(), kNodes - 1);
  // The end of the first skips all others in one go.
  const std::string first = response->jobs(kNodes - 1).id();
  executor_->Fail(first, Refuse("DEGENERATE", "", "nothing there"));
  Await(first);
  EXPECT_EQ(queue_->State()->waiting(), 0);
  const v1::Job last = Get(response->jobs(0).id());
  EXPECT_EQ(last.state(), v1::JobState::SKIPPED);
  EXPECT_EQ(ReasonOf(last), "DEPENDENCY_FAILED");
  FaultRow(23,
           "a chain of 10,000 jobs accepted, its first failure skips the other "
           "9,999");
}

}  // namespace
}  // namespace modbound

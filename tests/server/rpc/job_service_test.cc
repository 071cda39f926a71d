#include "server/rpc/job_service.h"

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/jobs/fake_executor.h"
#include "server/rpc/expect_error.h"
#include "server/rpc/test_service.h"

namespace modbound {
namespace {

using grpc::StatusCode;

grpc::Status WatchToTheEnd(TestService& service,
                           const v1::WatchJobRequest& request,
                           std::vector<v1::JobEvent>* events) {
  const auto call = NewCall();
  const auto stream = service.jobs().WatchJob(call.get(), request);
  v1::JobEvent event;
  while (stream->Read(&event)) {
    events->push_back(event);
  }
  return stream->Finish();
}

class JobServiceTest : public testing::Test {
 protected:
  grpc::Status Submit(const v1::SubmitJobRequest& request) {
    v1::Job job;
    return service_.jobs().SubmitJob(NewCall().get(), request, &job);
  }
  grpc::Status Get(const std::string& id, v1::Job* job) {
    v1::GetJobRequest request;
    request.set_id(id);
    return service_.jobs().GetJob(NewCall().get(), request, job);
  }
  grpc::Status Watch(const v1::WatchJobRequest& request,
                     std::vector<v1::JobEvent>* events) {
    return WatchToTheEnd(service_, request, events);
  }

  TestService service_;
};

TEST_F(JobServiceTest, RunsAJobFromSubmitToResult) {
  const v1::Job accepted = service_.Submit(QualityRequest());
  EXPECT_EQ(accepted.kind(), "quality");
  EXPECT_EQ(accepted.owner(), "local");
  EXPECT_EQ(accepted.spec().quality().gamma(), 1);  // default filled

  const v1::Job job = service_.WaitFor(accepted.id());
  ASSERT_EQ(job.state(), v1::JobState::SUCCEEDED) << job.error().message();
  EXPECT_EQ(job.summary().quality().num_partitions(), 2);
  EXPECT_DOUBLE_EQ(job.summary().quality().best_quality(), 0.5);
  EXPECT_EQ(job.summary().quality().best_partition(), 0);

  v1::DownloadRequest download;
  download.mutable_array()->mutable_output()->set_job(job.id());
  download.mutable_array()->mutable_output()->set_output("quality");
  std::string bytes;
  const grpc::Status status = service_.Download(download, &bytes);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(bytes.size(), 2 * sizeof(double));
  double quality[2];
  std::memcpy(quality, bytes.data(), bytes.size());
  EXPECT_DOUBLE_EQ(quality[0], 0.5);
  EXPECT_NEAR(quality[1], 0, 1e-15);
}

TEST_F(JobServiceTest, TheSameRequestIdIsTheSameJob) {
  v1::SubmitJobRequest request = QualityRequest();
  request.set_request_id("once");
  const std::string id = service_.Submit(request).id();
  EXPECT_EQ(service_.Submit(request).id(), id);
  request.mutable_job()->mutable_spec()->mutable_quality()->set_gamma(2);
  const grpc::Status status = Submit(request);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(ErrorOf(status)), "REQUEST_ID_REUSED");
}

TEST_F(JobServiceTest, SubmitsGraphs) {
  v1::SubmitGraphRequest request;
  auto& first = *request.add_nodes();
  first.set_name("first");
  *first.mutable_job() = QualityRequest().job();
  v1::SubmitGraphResponse response;
  grpc::Status status =
      service_.jobs().SubmitGraph(NewCall().get(), request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.jobs_size(), 1);
  EXPECT_EQ(response.jobs(0).node(), "first");
  EXPECT_EQ(service_.WaitFor(response.jobs(0).id()).state(),
            v1::JobState::SUCCEEDED);

  *request.add_nodes() = request.nodes(0);  // the same name again
  status = service_.jobs().SubmitGraph(NewCall().get(), request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(ErrorOf(status)), "BAD_NAME");
}

TEST_F(JobServiceTest, RefusesSpecsThatAreWrong) {
  v1::SubmitJobRequest request = QualityRequest();
  request.mutable_job()->mutable_spec()->mutable_quality()->set_gamma(-1);
  ExpectError(Submit(request),
              StatusCode::INVALID_ARGUMENT,
              "OUT_OF_RANGE",
              "spec.quality.gamma");

  request = QualityRequest();
  request.mutable_job()->mutable_inputs()->erase("labels");
  ExpectError(Submit(request),
              StatusCode::INVALID_ARGUMENT,
              "MISSING_FIELD",
              "inputs.labels");

  request = QualityRequest();
  request.mutable_job()->clear_spec();
  EXPECT_EQ(ReasonOf(ErrorOf(Submit(request))), "UNKNOWN_KIND");
}

TEST_F(JobServiceTest, RefusesFieldsItDoesNotKnow) {
  v1::SubmitJobRequest request = QualityRequest();
  v1::QualitySpec& spec =
      *request.mutable_job()->mutable_spec()->mutable_quality();
  spec.GetReflection()->MutableUnknownFields(&spec)->AddVarint(4321, 1);
  const grpc::Status in_spec = Submit(request);
  EXPECT_EQ(in_spec.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(ErrorOf(in_spec)), "UNKNOWN_FIELD");
  EXPECT_NE(in_spec.error_message().find("4321"), std::string::npos);

  request = QualityRequest();
  v1::Job& job = *request.mutable_job();
  job.GetReflection()->MutableUnknownFields(&job)->AddVarint(4321, 1);
  EXPECT_EQ(ReasonOf(ErrorOf(Submit(request))), "UNKNOWN_FIELD");
}

TEST_F(JobServiceTest, NamesJobsThatAreNotThere) {
  v1::Job job;
  ExpectError(Get("nothing", &job), StatusCode::NOT_FOUND, "JOB_NOT_FOUND", "");
  v1::CancelJobRequest cancel;
  cancel.set_id("nothing");
  ExpectError(service_.jobs().CancelJob(NewCall().get(), cancel, &job),
              StatusCode::NOT_FOUND,
              "JOB_NOT_FOUND",
              "");
  v1::DeleteJobRequest remove;
  remove.set_id("nothing");
  v1::DeleteJobResponse removed;
  ExpectError(service_.jobs().DeleteJob(NewCall().get(), remove, &removed),
              StatusCode::NOT_FOUND,
              "JOB_NOT_FOUND",
              "");
  v1::WatchJobRequest watch;
  watch.set_id("nothing");
  std::vector<v1::JobEvent> events;
  ExpectError(
      Watch(watch, &events), StatusCode::NOT_FOUND, "JOB_NOT_FOUND", "");
}

TEST_F(JobServiceTest, ListsAndDeletes) {
  const std::string id = service_.Submit(QualityRequest()).id();
  service_.WaitFor(id);
  v1::ListJobsRequest list;
  v1::ListJobsResponse page;
  ASSERT_TRUE(service_.jobs().ListJobs(NewCall().get(), list, &page).ok());
  ASSERT_EQ(page.jobs_size(), 1);
  EXPECT_EQ(page.jobs(0).id(), id);
  EXPECT_FALSE(page.jobs(0).has_spec());
  list.set_page_token("not one of ours");
  const grpc::Status bad =
      service_.jobs().ListJobs(NewCall().get(), list, &page);
  EXPECT_EQ(bad.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(ErrorOf(bad)), "BAD_TOKEN");

  v1::DeleteJobRequest remove;
  remove.set_id(id);
  v1::DeleteJobResponse removed;
  ASSERT_TRUE(
      service_.jobs().DeleteJob(NewCall().get(), remove, &removed).ok());
  v1::Job job;
  ExpectError(Get(id, &job), StatusCode::NOT_FOUND, "JOB_NOT_FOUND", "");
}

TEST_F(JobServiceTest, CancelLeavesAJobThatHasEnded) {
  const std::string id = service_.Submit(QualityRequest()).id();
  service_.WaitFor(id);
  v1::CancelJobRequest cancel;
  cancel.set_id(id);
  v1::Job job;
  ASSERT_TRUE(service_.jobs().CancelJob(NewCall().get(), cancel, &job).ok());
  EXPECT_EQ(job.state(), v1::JobState::SUCCEEDED);
}

// State changes of events: number -> state, a snapshot being one.
std::map<int64_t, v1::JobState::State> StatesOf(
    const std::vector<v1::JobEvent>& events) {
  std::map<int64_t, v1::JobState::State> states;
  for (const v1::JobEvent& event : events) {
    if (event.has_snapshot()) {
      states[event.sequence()] = event.snapshot().state();
    } else if (event.has_state_change()) {
      states[event.sequence()] = event.state_change().state();
    }
  }
  return states;
}

TEST_F(JobServiceTest, WatchesToTheEndWithoutGaps) {
  v1::WatchJobRequest watch;
  watch.set_id(service_.Submit(QualityRequest()).id());
  std::vector<v1::JobEvent> events;
  ASSERT_TRUE(Watch(watch, &events).ok());
  ASSERT_FALSE(events.empty());
  EXPECT_TRUE(events.front().has_snapshot());
  const auto states = StatesOf(events);
  EXPECT_EQ(states.rbegin()->second, v1::JobState::SUCCEEDED);
  EXPECT_EQ(states.rbegin()->first - states.begin()->first,
            static_cast<int64_t>(states.size()) - 1);
}

// The job ends only when the test says so: the watch is cut before.
TEST(JobServiceWatch, GoesOnByItsTokenAcrossARestart) {
  FakeExecutor executor;
  TestService service([&](Database& database,
                          ArtifactStore& artifacts,
                          Executor& /*unused*/,
                          const JobQueueOptions& options) {
    return MakeRealQueue(database, artifacts, executor, options);
  });
  const std::string id = service.Submit(QualityRequest()).id();
  executor.Await(id);
  v1::WatchJobRequest watch;
  watch.set_id(id);
  v1::JobEvent snapshot;
  {
    const auto call = NewCall();
    const auto stream = service.jobs().WatchJob(call.get(), watch);
    ASSERT_TRUE(stream->Read(&snapshot));
    call->TryCancel();
    stream->Finish().error_code();
  }
  EXPECT_EQ(snapshot.snapshot().state(), v1::JobState::RUNNING);
  executor.Succeed(id);
  service.WaitFor(id);
  service.Stop();
  service.Start();
  // After the snapshot: exactly the state changes that came after it.
  watch.set_resume_token(snapshot.resume_token());
  std::vector<v1::JobEvent> rest;
  ASSERT_TRUE(WatchToTheEnd(service, watch, &rest).ok());
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].sequence(), snapshot.sequence() + 1);
  EXPECT_EQ(rest[0].state_change().state(), v1::JobState::SUCCEEDED);

  watch.set_resume_token("not one of ours");
  std::vector<v1::JobEvent> none;
  const grpc::Status status = WatchToTheEnd(service, watch, &none);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(ErrorOf(status)), "BAD_TOKEN");
  EXPECT_TRUE(none.empty());
}

TEST_F(JobServiceTest, GivesTheLogOfAJobFromAnOffset) {
  const std::string id = service_.Submit(QualityRequest()).id();
  v1::GetLogsRequest request;
  request.set_id(id);
  request.set_follow(true);  // from before its end, by chance
  const auto read = [&](std::string* text) {
    const auto call = NewCall();
    const auto stream = service_.jobs().GetLogs(call.get(), request);
    v1::GetLogsResponse piece;
    while (stream->Read(&piece)) {
      EXPECT_EQ(piece.offset() + static_cast<int64_t>(piece.text().size()),
                piece.next_offset());
      *text += piece.text();
      request.set_offset(piece.next_offset());
    }
    return stream->Finish();
  };
  std::string text;
  ASSERT_TRUE(read(&text).ok());
  EXPECT_EQ(service_.WaitFor(id).state(), v1::JobState::SUCCEEDED);
  EXPECT_NE(text.find("attempt 1: ends: result"), std::string::npos) << text;
  std::string rest;
  ASSERT_TRUE(read(&rest).ok());
  EXPECT_EQ(rest, "");
  request.set_offset(request.offset() + 1);
  ExpectError(
      read(&rest), StatusCode::INVALID_ARGUMENT, "OUT_OF_RANGE", "offset");
  request.set_offset(0);
  request.set_id("another");
  ExpectError(read(&rest), StatusCode::NOT_FOUND, "JOB_NOT_FOUND", "");
}

TEST_F(JobServiceTest, ADrainedQueueTakesNoMoreJobs) {
  service_.queue().Drain();
  ExpectError(
      Submit(QualityRequest()), StatusCode::UNAVAILABLE, "SERVER_STOPPING", "");
}

}  // namespace
}  // namespace modbound

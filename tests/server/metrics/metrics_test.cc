#include "server/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <string>

#include "core/base/error.h"
#include "modbound/v1/error.pb.h"
#include "server/metrics/metrics_endpoint.h"

namespace modbound {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class MetricsTest : public ::testing::Test {
 protected:
  std::string Text() {
    Metrics::Sources sources;
    sources.queue = [this] { return queue_; };
    sources.stored_bytes = [] { return absl::StatusOr<int64_t>(4096); };
    sources.ready = [] { return true; };
    sources.data_dir = "/";
    std::string text;
    for (const auto& collectable : metrics_.Collectables(sources)) {
      text += prometheus::TextSerializer().Serialize(collectable->Collect());
    }
    return text;
  }
  static StateChange Change(JobStateEnum state, int attempt) {
    StateChange change;
    change.job = "j";
    change.state = state;
    change.schedule.kind = "train";
    change.schedule.attempt = attempt;
    change.schedule.ready_us = 1000000;
    change.schedule.start_us = attempt > 0 ? 3000000 : 0;
    change.time_us = 8000000;
    return change;
  }

  Metrics metrics_;
  absl::StatusOr<v1::QueueState> queue_ = v1::QueueState();
};

TEST_F(MetricsTest, CountWhatBecomesOfJobs) {
  StateChange submitted = Change(v1::JobState::QUEUED, 0);
  submitted.submitted = true;
  metrics_.JobChanged(submitted);
  metrics_.JobChanged(Change(v1::JobState::RUNNING, 1));
  StateChange put_back = Change(v1::JobState::QUEUED, 1);
  put_back.reason = "DISK_FULL";
  metrics_.JobChanged(put_back);
  metrics_.JobChanged(Change(v1::JobState::RUNNING, 2));
  metrics_.JobChanged(Change(v1::JobState::SUCCEEDED, 2));
  StateChange hit = Change(v1::JobState::SUCCEEDED, 0);
  hit.from_cache = true;
  metrics_.JobChanged(hit);
  StateChange failed = Change(v1::JobState::FAILED, 1);
  failed.reason = "DIVERGED";
  metrics_.JobChanged(failed);
  // A job that waited: neither submitted nor put back.
  metrics_.JobChanged(Change(v1::JobState::QUEUED, 0));
  const std::string text = Text();
  for (const char* line :
       {"modbound_jobs_submitted_total{kind=\"train\"} 1",
        "modbound_attempts_started_total{kind=\"train\"} 2",
        "modbound_attempts_put_back_total{kind=\"train\",reason=\"DISK_FULL\"} "
        "1",
        "modbound_jobs_ended_total{kind=\"train\",reason=\"\",state="
        "\"SUCCEEDED\"} 2",
        "modbound_jobs_ended_total{kind=\"train\",reason=\"DIVERGED\",state="
        "\"FAILED\"} 1",
        "modbound_cache_hits_total{kind=\"train\"} 1",
        "modbound_job_queue_seconds_sum{kind=\"train\"} 4",
        "modbound_job_run_seconds_sum{kind=\"train\"} 10",
        "modbound_job_run_seconds_count{kind=\"train\"} 2"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
}

// An increase from nothing to 1 is none for Prometheus.
TEST_F(MetricsTest, BeginAtZeroWithEveryReasonThatIsExpected) {
  const std::string text = Text();
  for (const char* line :
       {"modbound_jobs_ended_total{kind=\"train\",reason=\"DIVERGED\",state="
        "\"FAILED\"} 0",
        "modbound_jobs_ended_total{kind=\"reduce\",reason=\"\",state="
        "\"SUCCEEDED\"} 0",
        "modbound_attempts_put_back_total{kind=\"train\",reason="
        "\"WORKER_CRASHED\"} 0"}) {
    EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
  }
  // All of them are words of the contract.
  const std::string label = "reason=\"";
  for (std::size_t at = text.find(label); at != std::string::npos;
       at = text.find(label, at)) {
    at += label.size();
    const std::string reason = text.substr(at, text.find('"', at) - at);
    v1::ErrorReason::Reason parsed;
    EXPECT_TRUE(reason.empty() ||
                v1::ErrorReason::Reason_Parse(reason, &parsed))
        << reason;
  }
}

TEST_F(MetricsTest, CountCalls) {
  metrics_.CallEnded("/modbound.v1.JobService/GetJob", 0, 0.002);
  metrics_.CallEnded("/modbound.v1.JobService/GetJob", 5, 0.5);
  const std::string text = Text();
  EXPECT_THAT(text,
              HasSubstr("modbound_rpcs_total{code=\"5\",method=\"/"
                        "modbound.v1.JobService/GetJob\"} 1\n"));
  EXPECT_THAT(text,
              HasSubstr("modbound_rpc_seconds_bucket{method=\"/"
                        "modbound.v1.JobService/GetJob\",le=\"0.003\"} 1\n"));
}

TEST_F(MetricsTest, ShowWhatIsNow) {
  queue_->set_queued(7);
  queue_->set_cores(4);
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("modbound_jobs{state=\"QUEUED\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("modbound_cores 4\n"));
  EXPECT_THAT(text, HasSubstr("modbound_stored_bytes 4096\n"));
  EXPECT_THAT(text, HasSubstr("modbound_ready 1\n"));
  EXPECT_THAT(text, HasSubstr("process_open_fds "));
  EXPECT_THAT(text, Not(HasSubstr("process_open_fds 0\n")));
  EXPECT_THAT(text, Not(HasSubstr("process_resident_memory_bytes 0\n")));
  // What cannot be read is left out; the rest is there.
  queue_ = absl::InternalError("no");
  EXPECT_THAT(Text(), Not(HasSubstr("modbound_jobs{")));
  EXPECT_THAT(Text(), HasSubstr("modbound_ready 1\n"));
}

TEST(MetricsEndpointTest, ListensOnLoopbackAlone) {
  const auto endpoint = MetricsEndpoint::Start("127.0.0.1:0", {});
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  const auto taken = MetricsEndpoint::Start((*endpoint)->address(), {});
  EXPECT_TRUE(absl::IsFailedPrecondition(taken.status())) << taken.status();
  EXPECT_EQ(FieldOf(taken.status()), "metrics_listen");
  for (const char* address : {"0.0.0.0:0", "192.0.2.1:9464", "9464", ""}) {
    const auto refused = MetricsEndpoint::Start(address, {});
    EXPECT_TRUE(absl::IsInvalidArgument(refused.status())) << address;
  }
}

}  // namespace
}  // namespace modbound

#ifndef MODBOUND_TESTS_SERVER_RPC_FAKE_QUEUE_H_
#define MODBOUND_TESTS_SERVER_RPC_FAKE_QUEUE_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/jobs/job_queue.h"

namespace modbound {

// A queue that knows nothing; tests override what they need.
class FakeQueue : public JobQueue {
 public:
  void SubmitJob(const std::string& /*owner*/,
                 v1::SubmitJobRequest /*request*/,
                 JobDone done) override {
    done(NotHere());
  }
  void SubmitGraph(const std::string& /*owner*/,
                   v1::SubmitGraphRequest /*request*/,
                   JobsDone done) override {
    done(NotHere());
  }
  void ReproduceJob(const std::string& /*owner*/,
                    v1::ReproduceJobRequest /*request*/,
                    JobDone done) override {
    done(NotHere());
  }
  absl::StatusOr<v1::Explanation> ExplainJob(
      const std::string& /*owner*/, const std::string& /*id*/) override {
    return NotHere();
  }
  absl::Status CleanUp() override { return absl::OkStatus(); }
  absl::Status ForgetOldRequests() override { return absl::OkStatus(); }
  absl::StatusOr<v1::Job> GetJob(const std::string& /*owner*/,
                                 const std::string& /*id*/) override {
    return NotHere();
  }
  absl::StatusOr<v1::ListJobsResponse> ListJobs(
      const std::string& /*owner*/,
      const v1::ListJobsRequest& /*request*/) override {
    return NotHere();
  }
  void CancelJob(const std::string& /*owner*/,
                 const std::string& /*id*/,
                 JobDone done) override {
    done(NotHere());
  }
  void DeleteJob(const std::string& /*owner*/,
                 const std::string& /*id*/,
                 std::function<void(absl::Status)> done) override {
    done(NotHere());
  }
  absl::StatusOr<std::unique_ptr<JobWatch>> Watch(
      const std::string& /*owner*/,
      const v1::WatchJobRequest& /*request*/,
      std::function<void()> /*wake*/) override {
    return NotHere();
  }
  absl::StatusOr<std::unique_ptr<JobLogFeed>> Logs(
      const std::string& /*owner*/,
      const v1::GetLogsRequest& /*request*/,
      std::function<void()> /*wake*/) override {
    return NotHere();
  }
  absl::StatusOr<v1::Array> GetOutput(
      const std::string& /*owner*/, const v1::OutputRef& /*output*/) override {
    return NotHere();
  }
  absl::StatusOr<v1::QueueState> State() override { return v1::QueueState(); }
  bool DrainWithin(std::chrono::milliseconds /*most*/) override { return true; }
  void Drain() override {}

 protected:
  static absl::Status NotHere() {
    return MakeError(
        absl::StatusCode::kNotFound, "JOB_NOT_FOUND", "", "no such job");
  }
};

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_RPC_FAKE_QUEUE_H_

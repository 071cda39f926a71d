#ifndef MODBOUND_TESTS_SERVER_JOBS_QUEUE_FIXTURE_H_
#define MODBOUND_TESTS_SERVER_JOBS_QUEUE_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/artifacts/artifact_store.h"
#include "server/errors/error_status.h"
#include "server/jobs/check_invariants.h"
#include "server/jobs/fake_executor.h"
#include "server/jobs/job_queue.h"
#include "server/jobs/job_state.h"
#include "server/store/database.h"
#include "tests/support/temporary_folder.h"

namespace modbound {

inline constexpr char kOwner[] = "ada";

// As an upload of kOwner's leaves it.
inline absl::Status CommitForOwner(Connection& connection,
                                   const StagedArtifact& artifact) {
  MODBOUND_RETURN_IF_ERROR(ArtifactStore::Commit(connection, artifact));
  return ArtifactStore::CommitUpload(connection, artifact.digest, kOwner);
}

// Waits for the one answer of a call that answers by callback.
template <typename T>
class Answer {
 public:
  std::function<void(T)> Callback() {
    return [state = state_](T value) {
      const MutexLock lock(state->mutex);
      EXPECT_FALSE(state->value.has_value()) << "answered twice";
      state->value = std::move(value);
      state->arrived.NotifyAll();
    };
  }
  T Get() {
    const MutexLock lock(state_->mutex);
    while (!state_->value.has_value()) {
      state_->arrived.Wait(state_->mutex);
    }
    return *state_->value;
  }

 private:
  struct State {
    Mutex mutex;
    CondVar arrived;
    std::optional<T> value ABSL_GUARDED_BY(mutex);
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// An inline array.
template <typename T>
v1::Array InlineArray(DTypeEnum dtype,
                      const std::vector<T>& values,
                      const std::vector<int64_t>& shape) {
  v1::Array array;
  array.set_dtype(dtype);
  array.mutable_shape()->Assign(shape.begin(), shape.end());
  array.set_inline_(std::string(reinterpret_cast<const char*>(values.data()),
                                values.size() * sizeof(T)));
  return array;
}

inline v1::Array Doubles(const std::vector<double>& values,
                         const std::vector<int64_t>& shape) {
  return InlineArray(v1::DType::FLOAT64, values, shape);
}

inline v1::Array OutputOf(const std::string& job,
                          const std::string& output = "") {
  v1::Array array;
  array.mutable_output()->set_job(job);
  array.mutable_output()->set_output(output);
  return array;
}

// Quality of both units in one module, of a matrix of one edge. Like those
// below it is always run: tests submit many that are equal.
inline v1::Job QualityJob() {
  v1::Job job;
  job.set_no_cache(true);
  job.mutable_spec()->mutable_quality();
  (*job.mutable_inputs())["matrix"] = Doubles({0, 1, 1, 0}, {2, 2});
  (*job.mutable_inputs())["labels"] =
      InlineArray<int32_t>(v1::DType::INT32, {0, 0}, {2});
  return job;
}

// A job that takes the one quality of `needs` as the label of its one unit.
inline v1::Job DependentJob(const std::string& needs) {
  v1::Job job;
  job.set_no_cache(true);
  job.mutable_spec()->mutable_quality();
  (*job.mutable_inputs())["matrix"] = Doubles({0}, {1, 1});
  (*job.mutable_inputs())["labels"] = OutputOf(needs, "quality");
  return job;
}

// A training, for jobs that need several others; only ever planned here.
inline v1::Job TrainJob() {
  v1::Job job;
  job.set_no_cache(true);
  job.mutable_spec()->mutable_train()->mutable_task()->set_name(
      v1::Task::PERCEPTUAL_DECISION_MAKING);
  return job;
}

// The network of one job with the recurrent weights of another.
inline v1::Job GraftJob(const std::string& network, const std::string& w_rec) {
  v1::Job job;
  job.set_no_cache(true);
  v1::SimulateSpec* spec = job.mutable_spec()->mutable_simulate();
  spec->mutable_task()->set_name(v1::Task::PERCEPTUAL_DECISION_MAKING);
  (*job.mutable_inputs())["network"] = OutputOf(network);
  (*job.mutable_inputs())["w_rec"] = OutputOf(w_rec);
  return job;
}

// A server's store and queue over a folder, as often as it is opened.
class QueueFixture : public ::testing::Test {
 protected:
  explicit QueueFixture(const JobQueueOptions& options = {},
                        const StoredBytesLimits& limits = {})
      : options_(options), limits_(limits) {
    Open(dir_.path());
  }
  ~QueueFixture() override {
    if (queue_ != nullptr) {
      CheckInvariants(*database_, false);
      Close();
    }
  }

  void Open(const std::string& dir) {
    auto database = Database::Open(dir);
    ASSERT_TRUE(database.ok()) << database.status();
    database_ = *std::move(database);
    auto artifacts = ArtifactStore::Open(*database_, limits_);
    ASSERT_TRUE(artifacts.ok()) << artifacts.status();
    artifacts_ = *std::move(artifacts);
    executor_ = std::make_unique<FakeExecutor>();
    auto queue = JobQueue::Open(*database_, *artifacts_, *executor_, options_);
    ASSERT_TRUE(queue.ok()) << queue.status();
    queue_ = *std::move(queue);
  }
  void Close() {
    queue_.reset();
    executor_.reset();
    artifacts_.reset();
    database_.reset();
  }

  absl::StatusOr<v1::Job> TrySubmit(const v1::Job& job,
                                    const std::string& request_id = "",
                                    const std::string& owner = kOwner) {
    v1::SubmitJobRequest request;
    request.set_request_id(request_id);
    *request.mutable_job() = job;
    Answer<absl::StatusOr<v1::Job>> answer;
    queue_->SubmitJob(owner, std::move(request), answer.Callback());
    return answer.Get();
  }
  v1::Job Submit(const v1::Job& job) {
    const auto submitted = TrySubmit(job);
    EXPECT_TRUE(submitted.ok()) << submitted.status();
    return submitted.ok() ? *submitted : v1::Job();
  }
  // Its id.
  std::string Enqueue(const v1::Job& job) { return Submit(job).id(); }

  using Nodes = std::vector<std::pair<std::string, v1::Job>>;
  absl::StatusOr<v1::SubmitGraphResponse> TrySubmitGraph(
      const Nodes& nodes, const std::string& request_id = "") {
    v1::SubmitGraphRequest request;
    request.set_request_id(request_id);
    for (const auto& [name, job] : nodes) {
      auto* node = request.add_nodes();
      node->set_name(name);
      *node->mutable_job() = job;
    }
    Answer<absl::StatusOr<v1::SubmitGraphResponse>> answer;
    queue_->SubmitGraph(kOwner, std::move(request), answer.Callback());
    return answer.Get();
  }
  std::vector<std::string> SubmitGraph(const Nodes& nodes) {
    const auto response = TrySubmitGraph(nodes);
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::string> ids;
    if (response.ok()) {
      for (const v1::Job& job : response->jobs()) {
        ids.push_back(job.id());
      }
    }
    return ids;
  }

  v1::Job Get(const std::string& id) {
    const auto job = queue_->GetJob(kOwner, id);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? *job : v1::Job();
  }
  JobStateEnum StateOf(const std::string& id) { return Get(id).state(); }
  absl::StatusOr<v1::Job> Cancel(const std::string& id,
                                 const std::string& owner = kOwner) {
    Answer<absl::StatusOr<v1::Job>> answer;
    queue_->CancelJob(owner, id, answer.Callback());
    return answer.Get();
  }
  absl::Status Delete(const std::string& id,
                      const std::string& owner = kOwner) {
    Answer<absl::Status> answer;
    queue_->DeleteJob(owner, id, answer.Callback());
    return answer.Get();
  }

  // The events of a watch until one for which `last` is true, or its end.
  std::vector<v1::JobEvent> Watch(
      const std::string& id,
      const std::string& resume_token = "",
      const std::function<bool(const v1::JobEvent&)>& last = {}) {
    struct Bell {
      Mutex mutex;
      CondVar rang;
      bool ringing ABSL_GUARDED_BY(mutex) = false;
    };
    const auto bell = std::make_shared<Bell>();
    v1::WatchJobRequest request;
    request.set_id(id);
    request.set_resume_token(resume_token);
    auto watch = queue_->Watch(kOwner, request, [bell] {
      const MutexLock lock(bell->mutex);
      bell->ringing = true;
      bell->rang.NotifyAll();
    });
    std::vector<v1::JobEvent> events;
    EXPECT_TRUE(watch.ok()) << watch.status();
    while (watch.ok() && !(*watch)->done()) {
      auto event = (*watch)->Next();
      EXPECT_TRUE(event.ok()) << event.status();
      if (!event.ok()) {
        break;
      }
      if (event->has_value()) {
        events.push_back(**std::move(event));
        if (last && last(events.back())) {
          break;
        }
        continue;
      }
      const MutexLock lock(bell->mutex);
      while (!bell->ringing) {
        bell->rang.Wait(bell->mutex);
      }
      bell->ringing = false;
    }
    return events;
  }
  // Waits until the job has ended, or is in `state`.
  v1::Job Await(const std::string& id,
                JobStateEnum state = v1::JobState::UNSPECIFIED) {
    Watch(id, "", [&](const v1::JobEvent& event) {
      return state != v1::JobState::UNSPECIFIED &&
             (event.state_change().state() == state ||
              event.snapshot().state() == state);
    });
    return Get(id);
  }
  // The states of the job's events.
  std::vector<int> History(const std::string& id) {
    std::vector<int> states;
    EXPECT_TRUE(database_
                    ->Read([&](Connection& connection) -> absl::Status {
                      for (int64_t i = 1;; ++i) {
                        MODBOUND_ASSIGN_OR_RETURN(const auto event,
                                                  LoadEvent(connection, id, i));
                        if (!event.has_value()) {
                          return absl::OkStatus();
                        }
                        states.push_back(event->state);
                      }
                    })
                    .ok());
    return states;
  }

  TemporaryFolder dir_;
  const JobQueueOptions options_;
  // Of the stores opened from now on.
  StoredBytesLimits limits_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<ArtifactStore> artifacts_;
  std::unique_ptr<FakeExecutor> executor_;
  std::unique_ptr<JobQueue> queue_;
};

// Reason of a job's error.
inline std::string ReasonOf(const v1::Job& job) {
  return ReasonOf(FromRpcStatus(job.error()));
}

// Asserts that `status` has this reason and names this field.
inline void ExpectRefused(const absl::Status& status,
                          const std::string& reason,
                          const std::string& field) {
  EXPECT_EQ(ReasonOf(status), reason) << status;
  EXPECT_EQ(FieldOf(status), field) << status;
}

}  // namespace modbound

#endif  // MODBOUND_TESTS_SERVER_JOBS_QUEUE_FIXTURE_H_

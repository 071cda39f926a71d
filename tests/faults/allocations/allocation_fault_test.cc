// Allocations of ours fail, one or a few in a row, while requests are answered
// and their jobs run.

#include <spdlog/spdlog.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "faults/allocations/failing_allocations.h"
#include "server/artifacts/sha256.h"
#include "server/artifacts/upload_store.h"
#include "server/files/guarded.h"
#include "server/jobs/job_time.h"
#include "server/jobs/queue_fixture.h"
#include "support/fault_row.h"

namespace modbound {
namespace {

const bool kSqliteMemoryIsTaken = [] {
  AllocationFault::TakeSqliteMemory();
  return true;
}();

// Waits for an answer that, as in a call of gRPC, may also be dropped.
template <typename T>
class Reply {
 public:
  std::function<void(T)> Callback() const {
    const auto pending = std::make_shared<Pending>(state_);
    return [pending](T value) { pending->Set(std::move(value)); };
  }
  T Get() const {
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
  class Pending {
   public:
    explicit Pending(std::shared_ptr<State> state) : state_(std::move(state)) {}
    ~Pending() { Set(T(absl::Status(absl::StatusCode::kUnavailable, ""))); }
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    void Set(T value) {
      const MutexLock lock(state_->mutex);
      if (!state_->value.has_value()) {
        state_->value = std::move(value);
        state_->arrived.NotifyAll();
      }
    }

   private:
    const std::shared_ptr<State> state_;
  };

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

// The final states of jobs, as the queue tells them.
class Ends {
 public:
  void Note(const StateChange& change) {
    if (HasEnded(change.state)) {
      const MutexLock lock(mutex_);
      states_[change.job] = change.state;
      changed_.NotifyAll();
    }
  }
  // UNSPECIFIED: not within a minute.
  JobStateEnum Await(const std::string& job) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    const MutexLock lock(mutex_);
    while (states_.count(job) == 0) {
      if (!changed_.WaitUntil(mutex_, end)) {
        return v1::JobState::UNSPECIFIED;
      }
    }
    return states_[job];
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::map<std::string, JobStateEnum> states_ ABSL_GUARDED_BY(mutex_);
};

// What want of memory may be answered with.
bool IsAboutMemory(const absl::Status& status) {
  if (status.code() == absl::StatusCode::kUnavailable &&
      status.message().empty()) {
    return true;
  }
  const std::string reason = ReasonOf(status);
  return reason == "MEMORY_LIMIT" || reason == "OVERLOADED";
}

// A base, so that it is there before the queue.
struct HasEnds {
  Ends ends_;
};

class AllocationFaultTest : private HasEnds, public QueueFixture {
 protected:
  AllocationFaultTest() : QueueFixture(Options(ends_)) {
    spdlog::set_level(spdlog::level::off);
    queue_.reset();
    auto queue = JobQueue::Open(*database_, *artifacts_, *threads_, options_);
    EXPECT_TRUE(queue.ok()) << queue.status();
    queue_ = *std::move(queue);
    auto uploads = UploadStore::Open(*database_, *artifacts_, 1 << 20);
    EXPECT_TRUE(uploads.ok()) << uploads.status();
    uploads_ = *std::move(uploads);
    large_ = StoreLargeJob();
  }
  ~AllocationFaultTest() override {
    uploads_.reset();
    queue_.reset();
    spdlog::set_level(spdlog::level::info);
  }

  static JobQueueOptions Options(Ends& ends) {
    JobQueueOptions options;
    options.cores = 2;
    options.shortage_pause_seconds = 0.001;
    options.retention_seconds = 3600;
    options.on_change = [&ends](const StateChange& change) {
      ends.Note(change);
    };
    return options;
  }

  // A job whose input and most outputs are beyond what the database keeps.
  v1::Job StoreLargeJob() {
    constexpr int64_t kSteps = 9000;
    std::vector<double> values(2 * kSteps);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<double>(i % 7);
    }
    v1::Array activity = Doubles(values, {kSteps, 2});
    const auto staged = artifacts_->StageBytes(activity.inline_());
    EXPECT_TRUE(staged.ok()) << staged.status();
    EXPECT_TRUE(database_
                    ->WriteAndWait([&](Connection& connection) -> absl::Status {
                      MODBOUND_RETURN_IF_ERROR(
                          CommitForOwner(connection, *staged));
                      return ArtifactStore::Promise(connection, staged->digest)
                          .status();
                    })
                    .ok());
    activity.set_artifact(staged->digest);
    v1::Job job;
    job.set_no_cache(true);
    job.mutable_spec()->mutable_reduce();
    (*job.mutable_inputs())["activity"] = activity;
    (*job.mutable_inputs())["labels"] =
        InlineArray<int32_t>(v1::DType::INT32, {0, 1}, {2});
    return job;
  }

  // A job that no other equals.
  v1::Job NewJob() {
    v1::Job job = QualityJob();
    job.set_no_cache(false);
    (*job.mutable_labels())["round"] = absl::StrCat(jobs_);
    job.mutable_spec()->mutable_quality()->set_gamma(
        1 + 1e-6 * static_cast<double>(++jobs_));
    return job;
  }
  v1::SubmitJobRequest NewRequest() {
    v1::SubmitJobRequest request;
    *request.mutable_job() = NewJob();
    request.set_request_id(absl::StrCat("request ", jobs_));
    return request;
  }

  absl::StatusOr<v1::Job> SubmitOnce(const v1::SubmitJobRequest& request) {
    const Reply<absl::StatusOr<v1::Job>> reply;
    const absl::Status begun = Guarded([&] {
      queue_->SubmitJob(kOwner, request, reply.Callback());
      return absl::OkStatus();
    });
    return begun.ok() ? reply.Get() : begun;
  }

  // A call as a handler makes it; its error, if any, must be one of memory,
  // when there was none.
  template <typename Call>
  void Try(const char* name, const Call& call) {
    const absl::Status status =
        Guarded([&]() -> absl::Status { return StatusOf(call()); });
    if (!status.ok() && !(IsAboutMemory(status) && AllocationFault::met())) {
      ADD_FAILURE() << name << ": " << status;
    }
  }
  static absl::Status StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static absl::Status StatusOf(const absl::StatusOr<T>& value) {
    return value.status();
  }

  // Reads all that is known of a job.
  void Ask(const std::string& id) {
    v1::WatchJobRequest watch;
    watch.set_id(id);
    v1::GetLogsRequest logs;
    logs.set_id(id);
    v1::ListJobsRequest list;
    (*list.mutable_filter()->mutable_labels())["round"] = "1";
    v1::OutputRef output;
    output.set_job(id);
    output.set_output("quality");
    Try("GetJob", [&] { return queue_->GetJob(kOwner, id); });
    Try("ListJobs", [&] { return queue_->ListJobs(kOwner, list); });
    Try("ExplainJob", [&] { return queue_->ExplainJob(kOwner, id); });
    Try("State", [&] { return queue_->State(); });
    Try("WatchJob", [&]() -> absl::Status {
      MODBOUND_ASSIGN_OR_RETURN(const auto feed,
                                queue_->Watch(kOwner, watch, [] {}));
      return feed->Next().status();
    });
    Try("GetLogs", [&]() -> absl::Status {
      MODBOUND_ASSIGN_OR_RETURN(const auto feed,
                                queue_->Logs(kOwner, logs, [] {}));
      return feed->Next().status();
    });
    v1::Array array;
    if (ends_.Await(id) != v1::JobState::SUCCEEDED) {
      return;
    }
    Try("GetOutput", [&]() -> absl::Status {
      MODBOUND_ASSIGN_OR_RETURN(array, queue_->GetOutput(kOwner, output));
      return artifacts_->ReadRange(array.artifact(), 0, 8).status();
    });
  }

  void SendArray(const v1::UploadRequest::Header& header,
                 const v1::UploadRequest::Chunk& chunk) {
    Try("FindMissing",
        [&] { return artifacts_->FindMissing(kOwner, {header.sha256()}); });
    Try("Upload", [&]() -> absl::Status {
      MODBOUND_ASSIGN_OR_RETURN(const auto upload,
                                uploads_->Begin(kOwner, header));
      MODBOUND_RETURN_IF_ERROR(upload->Append(chunk));
      return upload->Finish().status();
    });
    Try("Download", [&]() -> absl::Status {
      const absl::Status read = artifacts_->ReadBytes(header.sha256()).status();
      // The upload may have failed.
      return absl::IsNotFound(read) ? absl::OkStatus() : read;
    });
  }

  // Two jobs of a graph, cancelled and deleted.
  void SubmitAndCancel(const v1::SubmitGraphRequest& request) {
    std::vector<std::string> ids;
    Try("SubmitGraph", [&]() -> absl::Status {
      const Reply<absl::StatusOr<v1::SubmitGraphResponse>> reply;
      queue_->SubmitGraph(kOwner, request, reply.Callback());
      MODBOUND_ASSIGN_OR_RETURN(const auto response, reply.Get());
      for (const v1::Job& job : response.jobs()) {
        ids.push_back(job.id());
      }
      return absl::OkStatus();
    });
    for (const std::string& id : ids) {
      Try("CancelJob", [&] {
        const Reply<absl::StatusOr<v1::Job>> cancelled;
        queue_->CancelJob(kOwner, id, cancelled.Callback());
        return cancelled.Get();
      });
    }
  }

  // Everything of ours that needs memory. The id of the job, "" = not accepted.
  std::string DoAll(const v1::SubmitJobRequest& request,
                    const v1::SubmitGraphRequest& graph,
                    const v1::UploadRequest::Header& header,
                    const v1::UploadRequest::Chunk& chunk) {
    std::string id;
    Try("SubmitJob", [&]() -> absl::Status {
      MODBOUND_ASSIGN_OR_RETURN(const v1::Job job, SubmitOnce(request));
      id = job.id();
      return absl::OkStatus();
    });
    if (!id.empty()) {
      EXPECT_NE(ends_.Await(id), v1::JobState::UNSPECIFIED) << "stuck";
    }
    // Answered with the result of the first, where that has one.
    Try("SubmitJob, equal", [&] {
      v1::SubmitJobRequest equal = request;
      equal.set_request_id(request.request_id() + ", equal");
      return SubmitOnce(equal);
    });
    // Out of time before it starts, or while it runs.
    Try("SubmitJob, late", [&] {
      v1::SubmitJobRequest late = request;
      late.set_request_id(request.request_id() + ", late");
      late.mutable_job()->set_no_cache(true);
      *late.mutable_job()->mutable_deadline() =
          ToTimestamp(WallMicros() + 20000);
      const absl::Status status = SubmitOnce(late).status();
      // Over already.
      return FieldOf(status) == "deadline" ? absl::OkStatus() : status;
    });
    Try("SubmitJob, large", [&] {
      v1::SubmitJobRequest large;
      *large.mutable_job() = large_;
      return SubmitOnce(large);
    });
    SubmitAndCancel(graph);
    SendArray(header, chunk);
    Try("CleanUp", [&] { return queue_->CleanUp(); });
    Try("ForgetOldRequests", [&] { return queue_->ForgetOldRequests(); });
    Try("Sweep", [&] { return artifacts_->Sweep(); });
    return id;
  }

  // True when the fault was met.
  bool Round(int64_t first, int64_t count) {
    const v1::SubmitJobRequest request = NewRequest();
    v1::SubmitGraphRequest graph;
    graph.add_nodes()->set_name("first");
    *graph.mutable_nodes(0)->mutable_job() = QualityJob();
    graph.add_nodes()->set_name("second");
    *graph.mutable_nodes(1)->mutable_job() = DependentJob("first");
    const std::string bytes(
        100000, static_cast<char>('a' + static_cast<char>(jobs_ % 26)));
    v1::UploadRequest::Header header;
    header.set_dtype(v1::DType::FLOAT64);
    header.add_shape(12500);
    header.set_sha256(Sha256Hex(bytes));
    v1::UploadRequest::Chunk chunk;
    chunk.set_data(bytes);
    chunk.set_crc32(static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size())));

    std::string id;
    bool met = false;
    {
      const AllocationFault fault(first, count);
      id = DoAll(request, graph, header, chunk);
      if (!id.empty()) {
        Ask(id);
      }
      met = AllocationFault::met();
    }
    CheckAfter(request, id, met);
    return met;
  }

  // Whatever happened: the request has one job, which ends, and the next one
  // goes well.
  void CheckAfter(const v1::SubmitJobRequest& request,
                  const std::string& id,
                  bool met) {
    const auto again = SubmitOnce(request);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(id.empty() || again->id() == id);
    const JobStateEnum state = ends_.Await(again->id());
    if (state != v1::JobState::SUCCEEDED) {
      const v1::Job job = Get(again->id());
      EXPECT_TRUE(met);
      EXPECT_EQ(state, v1::JobState::FAILED);
      EXPECT_EQ(ReasonOf(job), "MEMORY_LIMIT") << job.error().message();
    }
    const auto next = SubmitOnce(NewRequest());
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(ends_.Await(next->id()), v1::JobState::SUCCEEDED);
    v1::ListJobsRequest list;
    const auto page = queue_->ListJobs(kOwner, list);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Job& job : page->jobs()) {
      EXPECT_NE(ends_.Await(job.id()), v1::JobState::UNSPECIFIED)
          << job.id() << " is stuck";
      const absl::Status deleted = Delete(job.id());
      EXPECT_TRUE(deleted.ok()) << deleted;
    }
  }

  // Nothing is left of what was cut short.
  void CheckFolders() {
    const std::string dir = database_->data_dir();
    for (const char* folder : {"/attempts", "/checkpoints"}) {
      // The directory of an attempt goes after its end was told.
      for (int i = 0; i < 1000 && !std::filesystem::is_empty(dir + folder);
           ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      EXPECT_TRUE(std::filesystem::is_empty(dir + folder)) << folder;
    }
    // Takes what a removal found no memory for.
    EXPECT_TRUE(artifacts_->Sweep().ok());
    CheckInvariants(*database_, true);
  }

  const std::unique_ptr<Executor> threads_ = MakeThreadExecutor();
  std::unique_ptr<UploadStore> uploads_;
  v1::Job large_;
  int64_t jobs_ = 0;
};

// MODBOUND_ALLOCATION=FIRST+COUNT asks for one round, to look at a failure.
TEST_F(AllocationFaultTest, EveryOneIsSurvived) {
  ASSERT_TRUE(kSqliteMemoryIsTaken);
  // Caches are filled, statements prepared.
  constexpr int64_t kNever = std::numeric_limits<int64_t>::max() / 2;
  Round(kNever, 1);
  Round(kNever, 1);
  const int64_t all = AllocationFault::asked();
  ASSERT_GT(all, 1000);
  if (const char* one = std::getenv("MODBOUND_ALLOCATION")) {
    char* plus = nullptr;
    const int64_t first = std::strtoll(one, &plus, 10);
    Round(first, *plus == '+' ? std::atoll(plus + 1) : 1);
    return;
  }
  const int64_t step = LongFaults() ? 1 : std::max<int64_t>(all / 250, 1);
  int64_t rounds = 0;
  int64_t met = 0;
  for (const int64_t count : {int64_t{1}, int64_t{10}}) {
    for (int64_t first = 0; first < all + step; first += step * count) {
      const testing::ScopedTrace trace(
          __FILE__, __LINE__, absl::StrCat("allocation ", first, " + ", count));
      met += Round(first, count) ? 1 : 0;
      ++rounds;
      if (rounds % 50 == 0) {
        CheckFolders();
      }
      if (HasFailure()) {
        return;
      }
    }
  }
  CheckFolders();
  // Rounds differ in how much they ask for; the last ones of the measured one
  // may not be reached again.
  EXPECT_GT(met, rounds / 2);
  const std::string figure = absl::StrCat(
      rounds,
      " rounds of calls and jobs with about ",
      all,
      " allocations of ours each, ",
      met,
      " with one or ten of them failed: every call answered OK or with an "
      "error "
      "of memory, every job ended, the next one succeeded, store verifies");
  std::cout << figure << std::endl;
  FaultRow(5, figure);
}

}  // namespace
}  // namespace modbound

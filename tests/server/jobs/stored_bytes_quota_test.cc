// The caps on stored bytes through the queue: at them, one byte above, from
// many clients at once, and what gives room again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "server/artifacts/upload_store.h"
#include "server/jobs/queue_fixture.h"
#include "tests/support/fault_row.h"

namespace modbound {
namespace {

using ::testing::HasSubstr;

// Of QualityJob: a matrix of 4 doubles, the labels of 2 units, one quality.
constexpr int64_t kMatrix = 4 * 8;
constexpr int64_t kLabels = 2 * 4;
constexpr int64_t kOutput = 8;
constexpr int64_t kJob = kMatrix + kLabels + kOutput;

// QualityJob of a matrix that no other number has; labels are shared.
v1::Job NumberedJob(int number) {
  v1::Job job = QualityJob();
  const double weight = number + 2;
  (*job.mutable_inputs())["matrix"] = Doubles({0, weight, weight, 0}, {2, 2});
  return job;
}

class StoredBytesQuotaTest : public QueueFixture {
 protected:
  // What runs goes back to the queue. Also where a test ends early.
  void TearDown() override { Drain(); }
  void Drain() {
    std::atomic<bool> drained = false;
    std::thread drain([&] {
      queue_->Drain();
      drained = true;
    });
    while (!drained) {
      for (const std::string& id : executor_->AwaitRunning(0)) {
        executor_->ReturnWhenStopped(id);
      }
      std::this_thread::yield();
    }
    drain.join();
  }
  // As a server that is stopped and started with other flags.
  void OpenWith(const StoredBytesLimits& limits) {
    Drain();
    Close();
    limits_ = limits;
    Open(dir_.path());
  }
  // A sum of the store's tables, of an owner or of all ("").
  int64_t Sum(const std::string& column, const std::string& owner = "") {
    int64_t sum = 0;
    const absl::Status read =
        database_->Read([&](Connection& connection) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(
              Statement statement,
              connection.Prepare(absl::StrCat(
                  "SELECT ",
                  column,
                  owner.empty() ? " FROM artifact_total WHERE ?1 = ''"
                                : " FROM owner_total WHERE owner = ?1")));
          MODBOUND_ASSIGN_OR_RETURN(const bool row,
                                    statement.Bind(1, owner).Step());
          sum = row ? statement.Int(0) : 0;
          return absl::OkStatus();
        });
    EXPECT_TRUE(read.ok()) << read;
    return sum;
  }
  int64_t Stored(const std::string& owner = "") { return Sum("bytes", owner); }
  int64_t Reserved(const std::string& owner = "") {
    return Sum("reserved", owner);
  }
  v1::Job Finish(const std::string& id, const std::vector<double>& quality) {
    executor_->Succeed(id, quality);
    return Await(id);
  }
  // 100 submits of 10 clients, each of its own matrix; how many were taken.
  // They alternate between two owners.
  std::map<std::string, int> SubmitAtOnce() {
    constexpr int kClients = 10;
    constexpr int kEach = 10;
    std::vector<std::thread> clients;
    std::atomic<int> of_ada = 0;
    std::atomic<int> of_grace = 0;
    std::atomic<bool> over = false;
    std::thread looks([&] {
      while (!over) {
        ExpectWithinLimits();
      }
    });
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([&, client] {
        for (int i = 0; i < kEach; ++i) {
          const bool ada = (client + i) % 2 == 0;
          const auto job = TrySubmit(
              NumberedJob(client * kEach + i), "", ada ? "ada" : "grace");
          if (job.ok()) {
            ++(ada ? of_ada : of_grace);
          } else {
            EXPECT_EQ(ReasonOf(job.status()), "QUOTA_EXCEEDED") << job.status();
          }
        }
      });
    }
    for (std::thread& client : clients) {
      client.join();
    }
    over = true;
    looks.join();
    return {{"ada", of_ada}, {"grace", of_grace}};
  }
  void ExpectWithinLimits() {
    if (limits_.of_server > 0) {
      EXPECT_LE(Sum("bytes + reserved"), limits_.of_server);
    }
    if (limits_.of_owner > 0) {
      EXPECT_LE(Sum("bytes + reserved", "ada"), limits_.of_owner);
      EXPECT_LE(Sum("bytes + reserved", "grace"), limits_.of_owner);
    }
  }
  bool HasOpenJobs() {
    bool open = false;
    const absl::Status read =
        database_->Read([&](Connection& connection) -> absl::Status {
          MODBOUND_ASSIGN_OR_RETURN(
              const auto jobs,
              TextColumn(connection, "SELECT id FROM job WHERE state < 4"));
          open = !jobs.empty();
          return absl::OkStatus();
        });
    EXPECT_TRUE(read.ok()) << read;
    return open;
  }
  // Ends all that runs or will, with what was planned.
  void FinishAll() {
    while (HasOpenJobs()) {
      for (const std::string& id : executor_->AwaitRunning(0)) {
        executor_->Succeed(id, {next_quality_});
        next_quality_ += 1;
      }
      std::this_thread::yield();
    }
  }

  double next_quality_ = 0.25;
};

TEST_F(StoredBytesQuotaTest, NothingIsReservedWithoutLimits) {
  const std::string id = Enqueue(NumberedJob(1));
  EXPECT_EQ(Reserved(), 0);
  EXPECT_EQ(Reserved("ada"), 0);
  Finish(id, {0.5});
}

TEST_F(StoredBytesQuotaTest, AJobFitsUpToTheLimitAndNotOneByteAbove) {
  // Inputs and planned outputs of two jobs that share their labels.
  constexpr int64_t kTwo = 2 * kJob - kLabels;
  OpenWith({kTwo - 1, 0});
  const std::string first = Enqueue(NumberedJob(1));
  EXPECT_EQ(Stored(), kMatrix + kLabels);
  EXPECT_EQ(Reserved(), kOutput);
  EXPECT_EQ(Reserved("ada"), kOutput);
  const auto refused = TrySubmit(NumberedJob(2));
  ASSERT_FALSE(refused.ok()) << "one byte above";
  const google::rpc::Status error = ToRpcStatus(refused.status());
  EXPECT_EQ(error.message(),
            "the server has 48 bytes of arrays; 40 more would pass the limit "
            "of 87 (max_stored_bytes): 40 are stored, 8 reserved for jobs that "
            "have not ended; delete jobs");
  google::rpc::ErrorInfo info;
  google::rpc::QuotaFailure failure;
  ASSERT_TRUE(error.details(0).UnpackTo(&info));
  ASSERT_TRUE(error.details(1).UnpackTo(&failure));
  EXPECT_EQ(info.reason(), "QUOTA_EXCEEDED");
  EXPECT_EQ(info.metadata().at("flag"), "max_stored_bytes");
  EXPECT_EQ(info.metadata().at("limit"), "87");
  EXPECT_EQ(info.metadata().at("current"), "48");
  EXPECT_EQ(info.metadata().at("requested"), "40");
  EXPECT_EQ(failure.violations(0).subject(), "server");
  EXPECT_EQ(Stored(), kMatrix + kLabels)
      << "of the refused job something stays";
  // What is reserved comes through a restart of the server.
  OpenWith({kTwo, 0});
  EXPECT_EQ(Reserved(), kOutput);
  const std::string second = Enqueue(NumberedJob(2));
  EXPECT_EQ(Stored() + Reserved(), kTwo);
  EXPECT_EQ(ReasonOf(TrySubmit(QualityJob()).status()), "QUOTA_EXCEEDED");
  EXPECT_EQ(Finish(first, {0.5}).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(Finish(second, {0.75}).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(Stored(), kTwo);
  EXPECT_EQ(Reserved(), 0);
  EXPECT_EQ(Reserved("ada"), 0);
}

TEST_F(StoredBytesQuotaTest, AnOwnersLimitIsNoOthers) {
  OpenWith({0, kJob});
  const std::string first = Enqueue(NumberedJob(1));
  const auto second = TrySubmit(NumberedJob(2));
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("(max_stored_bytes_per_owner)"));
  // The labels are stored already, but not for this owner.
  const auto other = TrySubmit(NumberedJob(2), "", "grace");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(Stored("grace") + Reserved("grace"), kJob);
  FinishAll();
  EXPECT_EQ(Stored("ada"), kJob);
  EXPECT_EQ(Stored("grace"), kJob);
  // Together more than one may have: the server takes jobs of others.
  EXPECT_TRUE(artifacts_->CheckRoom("", 0).ok());
}

TEST_F(StoredBytesQuotaTest, JobsOfAGraphAreCountedTogether) {
  const Nodes nodes = {{"a", NumberedJob(1)}, {"b", NumberedJob(2)}};
  OpenWith({2 * kJob - kLabels - 1, 0});
  EXPECT_EQ(ReasonOf(TrySubmitGraph(nodes).status()), "QUOTA_EXCEEDED");
  EXPECT_EQ(Stored() + Reserved(), 0);
  OpenWith({2 * kJob - kLabels, 0});
  const auto ids = SubmitGraph(nodes);
  for (const std::string& id : ids) {
    EXPECT_EQ(Finish(id, {0.5}).state(), v1::JobState::SUCCEEDED);
  }
}

TEST_F(StoredBytesQuotaTest, ManyAtOnceNeverPassTheServersLimit) {
  constexpr int kFit = 7;
  OpenWith({kLabels + kFit * (kMatrix + kOutput), 0});
  auto taken = SubmitAtOnce();
  EXPECT_EQ(taken["ada"] + taken["grace"], kFit);
  EXPECT_EQ(Stored() + Reserved(), limits_.of_server);
  FinishAll();
  EXPECT_EQ(Stored(), limits_.of_server);
  FaultRow(35,
           absl::StrCat("100 submits of 10 clients at max_stored_bytes=",
                        limits_.of_server,
                        ": the ",
                        kFit,
                        " that fit taken, 93 refused by name; never above, ",
                        Stored(),
                        " bytes stored in the end"));
}

TEST_F(StoredBytesQuotaTest, ManyAtOnceNeverPassAnOwnersLimit) {
  constexpr int kFit = 7;
  OpenWith({0, kLabels + kFit * (kMatrix + kOutput)});
  const std::map<std::string, int> both = {{"ada", kFit}, {"grace", kFit}};
  EXPECT_EQ(SubmitAtOnce(), both);
  FinishAll();
  EXPECT_EQ(Stored("ada"), limits_.of_owner);
  EXPECT_EQ(Stored("grace"), limits_.of_owner);
  FaultRow(35,
           absl::StrCat("the same at max_stored_bytes_per_owner=",
                        limits_.of_owner,
                        ", two owners: 7 taken of each, never above"));
}

// Uploads and jobs count in the same sums.
TEST_F(StoredBytesQuotaTest, AnUploadLeavesAloneWhatIsReserved) {
  OpenWith({kJob + 10, 0});
  const std::string id = Enqueue(NumberedJob(1));
  const auto uploads = UploadStore::Open(*database_, *artifacts_, 1 << 20);
  ASSERT_TRUE(uploads.ok()) << uploads.status();
  // With all of its bytes sent.
  const auto begin = [&](std::size_t size,
                         char byte) -> absl::StatusOr<std::unique_ptr<Upload>> {
    const std::string data(size, byte);
    v1::UploadRequest::Header header;
    header.set_dtype(v1::DType::UINT8);
    header.add_shape(static_cast<int64_t>(size));
    MODBOUND_ASSIGN_OR_RETURN(auto stream, (*uploads)->Begin("grace", header));
    v1::UploadRequest::Chunk chunk;
    chunk.set_data(data);
    chunk.set_crc32(static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(data.data()), size)));
    MODBOUND_RETURN_IF_ERROR(stream->Append(chunk));
    return stream;
  };
  EXPECT_EQ(ReasonOf(begin(11, 'a').status()), "QUOTA_EXCEEDED");
  const auto first = begin(10, 'a');
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = begin(10, 'b');
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE((*first)->Finish().ok());
  EXPECT_EQ(ReasonOf((*second)->Finish().status()), "QUOTA_EXCEEDED");
  EXPECT_EQ(ReasonOf(begin(1, 'c').status()), "QUOTA_EXCEEDED");
  EXPECT_EQ(Finish(id, {0.5}).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(Stored(), kJob + 10);
}

TEST_F(StoredBytesQuotaTest, WhatWasReservedIsFreeAfterFailureAndCancelling) {
  OpenWith({kJob, kJob});
  const std::string failed = Enqueue(NumberedJob(1));
  EXPECT_FALSE(TrySubmit(NumberedJob(1)).ok());
  executor_->Fail(failed, Refuse("OUT_OF_RANGE", "inputs.matrix", "no"));
  EXPECT_EQ(Await(failed).state(), v1::JobState::FAILED);
  // The inputs are stored already.
  const std::string running = Enqueue(NumberedJob(1));
  executor_->Await(running);
  EXPECT_EQ(Reserved("ada"), kOutput);
  ASSERT_TRUE(Cancel(running).ok());
  executor_->ReturnWhenStopped(running);
  EXPECT_EQ(Await(running).state(), v1::JobState::CANCELLED);
  EXPECT_EQ(Reserved(), 0);
  // Others only once those are deleted.
  EXPECT_FALSE(TrySubmit(NumberedJob(2)).ok());
  ASSERT_TRUE(Delete(failed).ok());
  ASSERT_TRUE(Delete(running).ok());
  EXPECT_EQ(Stored(), 0);
  EXPECT_EQ(Finish(Enqueue(NumberedJob(2)), {0.5}).state(),
            v1::JobState::SUCCEEDED);
}

TEST_F(StoredBytesQuotaTest, JobsThatAreSkippedGiveTheirRoomBack) {
  OpenWith({1000, 0});
  const auto ids =
      SubmitGraph({{"a", NumberedJob(1)}, {"b", DependentJob("a")}});
  EXPECT_EQ(Reserved(), 2 * kOutput);
  executor_->Fail(ids[0], Refuse("OUT_OF_RANGE", "inputs.matrix", "no"));
  EXPECT_EQ(Await(ids[1]).state(), v1::JobState::SKIPPED);
  EXPECT_EQ(Reserved(), 0);
}

TEST_F(StoredBytesQuotaTest, AResultThatDoesNotFitFailsItsJob) {
  // Large enough for a file of its own.
  const std::vector<double> large(9000, 0.5);
  OpenWith({1000, 0});
  const auto ids =
      SubmitGraph({{"a", NumberedJob(1)}, {"b", DependentJob("a")}});
  const int64_t stored = Stored();
  const v1::Job job = Finish(ids[0], large);
  ASSERT_EQ(job.state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(job), "QUOTA_EXCEEDED");
  EXPECT_EQ(job.outputs_size(), 0);
  EXPECT_EQ(Await(ids[1]).state(), v1::JobState::SKIPPED);
  EXPECT_EQ(Stored(), stored);
  EXPECT_EQ(Reserved(), 0);
  OpenWith({stored + 72000 - 1, 0});
  EXPECT_EQ(Finish(Enqueue(NumberedJob(1)), large).error().message(),
            "the server has 40 bytes of arrays; 72000 more would pass the "
            "limit of 72039 (max_stored_bytes): 40 are stored, 0 reserved for "
            "jobs that have not ended; delete jobs");
  // Of its files nothing is left over.
  CheckInvariants(*database_, true);
  OpenWith({stored + 72000, 0});
  EXPECT_EQ(Finish(Enqueue(NumberedJob(1)), large).state(),
            v1::JobState::SUCCEEDED);
}

TEST_F(StoredBytesQuotaTest, ALargeResultTakesNothingThatIsReservedForOthers) {
  OpenWith({kMatrix + kLabels + 4 * kOutput, 0});
  const std::string first = Enqueue(NumberedJob(1));
  const std::string second = Enqueue(NumberedJob(1));
  const std::string third = Enqueue(NumberedJob(1));
  EXPECT_EQ(ReasonOf(Finish(first, {0.1, 0.2, 0.3})), "QUOTA_EXCEEDED");
  EXPECT_EQ(Finish(second, {0.1, 0.2, 0.3}).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(Finish(third, {0.5}).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(Stored(), limits_.of_server);
  // The same bytes again take nothing.
  EXPECT_EQ(ReasonOf(TrySubmit(NumberedJob(1)).status()), "QUOTA_EXCEEDED");
}

TEST_F(StoredBytesQuotaTest, JobsOfAServerWithoutLimitsHaveNothingReserved) {
  const std::string first = Enqueue(NumberedJob(1));
  const std::string second = Enqueue(NumberedJob(1));
  OpenWith({kJob, 0});
  EXPECT_EQ(Reserved(), 0);
  EXPECT_EQ(Finish(first, {0.5}).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(ReasonOf(Finish(second, {0.75})), "QUOTA_EXCEEDED");
  EXPECT_EQ(Stored(), kJob);
}

TEST_F(StoredBytesQuotaTest, ALowerLimitLeavesWhatIsStoredAndAddsNothing) {
  OpenWith({1000, 0});
  const std::string first = Enqueue(NumberedJob(1));
  const std::string second = Enqueue(NumberedJob(1));
  const std::string third = Enqueue(NumberedJob(1));
  OpenWith({kJob, 0});
  EXPECT_FALSE(TrySubmit(NumberedJob(1)).ok());
  // It fills no more than was reserved for it.
  EXPECT_EQ(Finish(first, {0.5}).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(ReasonOf(Finish(second, {0.75})), "QUOTA_EXCEEDED");
  // Equal bytes are stored once.
  EXPECT_EQ(Finish(third, {0.5}).state(), v1::JobState::SUCCEEDED);
  EXPECT_EQ(Stored(), kJob);
}

// Nothing new to the server, but to the owner.
TEST_F(StoredBytesQuotaTest, AResultOfTheCacheCountsForItsNewOwner) {
  OpenWith({0, kMatrix + kLabels + 3 * kOutput});
  v1::Job shared = NumberedJob(1);
  shared.clear_no_cache();
  const std::string first = Enqueue(shared);
  EXPECT_EQ(Finish(first, {0.1, 0.2, 0.3}).state(), v1::JobState::SUCCEEDED);
  const auto busy = TrySubmit(NumberedJob(1), "", "grace");
  ASSERT_TRUE(busy.ok()) << busy.status();
  const auto answered = TrySubmit(shared, "", "grace");
  ASSERT_TRUE(answered.ok()) << answered.status();
  while (queue_->GetJob("grace", answered->id())->state() <
         v1::JobState::SUCCEEDED) {
    std::this_thread::yield();
  }
  const auto job = queue_->GetJob("grace", answered->id());
  EXPECT_EQ(job->state(), v1::JobState::FAILED);
  EXPECT_EQ(ReasonOf(*job), "QUOTA_EXCEEDED");
  EXPECT_EQ(Stored("grace"), kMatrix + kLabels);
  FinishAll();
  OpenWith({0, Stored("grace") + 3 * kOutput});
  const auto again = TrySubmit(shared, "", "grace");
  ASSERT_TRUE(again.ok()) << again.status();
  FinishAll();
  EXPECT_EQ(Stored("grace"), limits_.of_owner);
}

}  // namespace
}  // namespace modbound

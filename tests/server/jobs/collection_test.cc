// Arrays are removed when nothing needs them, and never before.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "server/jobs/queue_fixture.h"
#include "server/jobs/random_executor.h"
#include "tests/support/fault_row.h"

namespace modbound {
namespace {

// Beyond what the database keeps itself: such arrays are files.
constexpr int kMatrixSide = 48;
constexpr int kMatrices = 12;

// A quality job whose matrix is one of a few, so that jobs share arrays.
v1::Job JobOfContent(unsigned content) {
  v1::Job job = QualityJob();
  job.set_no_cache(content % 2 == 0);
  std::vector<double> matrix(kMatrixSide * kMatrixSide, 0);
  matrix[1] = matrix[kMatrixSide] = 1.0 + content;
  (*job.mutable_inputs())["matrix"] =
      Doubles(matrix, {kMatrixSide, kMatrixSide});
  (*job.mutable_inputs())["labels"] = InlineArray<int32_t>(
      v1::DType::INT32, std::vector<int32_t>(kMatrixSide, 0), {kMatrixSide});
  return job;
}

class CollectionTest : public QueueFixture {
 protected:
  CollectionTest() : QueueFixture({3, int64_t{1} << 33}) { queue_.reset(); }

  // Submits, reads the arrays of its own jobs, deletes them.
  void Client(JobQueue& queue, unsigned seed, int steps) {
    std::mt19937 random(seed);
    std::vector<std::string> mine;
    for (int step = 0; step < steps; ++step) {
      if (mine.empty() || (mine.size() < 6 && random() % 3 == 0)) {
        v1::SubmitJobRequest request;
        *request.mutable_job() = JobOfContent(random() % kMatrices);
        Answer<absl::StatusOr<v1::Job>> answer;
        queue.SubmitJob(kOwner, std::move(request), answer.Callback());
        const auto job = answer.Get();
        ASSERT_TRUE(job.ok()) << job.status();
        mine.push_back(job->id());
        continue;
      }
      const std::size_t which = random() % mine.size();
      if (random() % 2 == 0) {
        const auto job = queue.GetJob(kOwner, mine[which]);
        ASSERT_TRUE(job.ok()) << job.status();
        for (const auto* arrays : {&job->inputs(), &job->outputs()}) {
          for (const auto& [name, array] : *arrays) {
            const auto bytes = artifacts_->ReadBytes(array.artifact());
            EXPECT_TRUE(bytes.ok()) << name << ": " << bytes.status();
            ++reads_;
          }
        }
        continue;
      }
      Answer<absl::Status> answer;
      queue.DeleteJob(kOwner, mine[which], answer.Callback());
      if (answer.Get().ok()) {
        mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(which));
      }
    }
    for (const std::string& id : mine) {
      Answer<absl::StatusOr<v1::Job>> cancelled;
      queue.CancelJob(kOwner, id, cancelled.Callback());
      EXPECT_TRUE(cancelled.Get().ok());
    }
  }
  std::size_t Files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             std::filesystem::path(dir_.path()) / "artifacts")) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }

  std::atomic<int64_t> reads_{0};
};

TEST_F(CollectionTest, RemovesNothingThatIsNeededAndAllTheRest) {
  const int steps = LongFaults() ? 50000 : 250;
  constexpr int kClients = 6;
  RandomExecutor executor(3);
  auto opened = JobQueue::Open(*database_, *artifacts_, executor, options_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const std::unique_ptr<JobQueue> queue = *std::move(opened);
  std::atomic<bool> stop = false;
  std::thread sweeper([&] {
    while (!stop) {
      EXPECT_TRUE(artifacts_->Sweep().ok());
    }
  });
  std::vector<std::thread> clients;
  for (unsigned client = 0; client < kClients; ++client) {
    clients.emplace_back([&, client] { Client(*queue, client, steps); });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  stop = true;
  sweeper.join();
  EXPECT_GT(reads_, steps);
  while (queue->State()->queued() + queue->State()->running() > 0) {
    std::this_thread::yield();
  }
  CheckInvariants(*database_, true);
  // Then all jobs go, and every array with them.
  v1::ListJobsRequest list;
  list.set_page_size(1000);
  for (auto page = queue->ListJobs(kOwner, list);
       page.ok() && page->jobs_size() > 0;
       page = queue->ListJobs(kOwner, list)) {
    for (const v1::Job& job : page->jobs()) {
      Answer<absl::Status> answer;
      queue->DeleteJob(kOwner, job.id(), answer.Callback());
      ASSERT_TRUE(answer.Get().ok());
    }
  }
  CheckInvariants(*database_, true);
  EXPECT_EQ(Files(), 0u);
  FaultRow(40,
           std::to_string(kClients * steps) +
               " operations of 6 clients beside "
               "endless sweeps, " +
               std::to_string(reads_) +
               " arrays read whole: none missing; at the end 0 files left");
}

}  // namespace
}  // namespace modbound

// Jobs through the real executor and the real analysis.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "server/jobs/queue_fixture.h"

namespace modbound {
namespace {

class EndToEnd : public QueueFixture {
 protected:
  EndToEnd() {
    queue_.reset();
    threads_ = MakeThreadExecutor();
    auto queue = JobQueue::Open(*database_, *artifacts_, *threads_, options_);
    EXPECT_TRUE(queue.ok()) << queue.status();
    queue_ = *std::move(queue);
  }
  ~EndToEnd() override {
    CheckInvariants(*database_, true);
    queue_.reset();
    threads_.reset();
  }
  double Quality(const v1::Job& job) {
    const auto bytes =
        artifacts_->ReadBytes(job.outputs().at("quality").artifact());
    double value = 0;
    EXPECT_EQ(bytes->size(), sizeof(value));
    std::memcpy(&value, bytes->data(), sizeof(value));
    return value;
  }

  std::unique_ptr<Executor> threads_;
};

// Two units and one edge of weight 1: s = 2, k = (1, 1). Both in one module:
// sum over all ordered pairs of (W - k k'/s)/s = (2 - 4/2)/2 = 0. Apart, only
// the diagonal: 2 (0 - 1/2)/2 = -1/2.
TEST_F(EndToEnd, ComputesAQuality) {
  const v1::Job together = Await(Enqueue(QualityJob()));
  ASSERT_EQ(together.state(), v1::JobState::SUCCEEDED)
      << together.error().message();
  EXPECT_DOUBLE_EQ(Quality(together), 0);
  v1::Job job = QualityJob();
  (*job.mutable_inputs())["labels"] =
      InlineArray<int32_t>(v1::DType::INT32, {0, 1}, {2});
  const v1::Job apart = Await(Enqueue(job));
  EXPECT_DOUBLE_EQ(Quality(apart), -0.5);
  EXPECT_DOUBLE_EQ(apart.summary().quality().best_quality(), -0.5);
  EXPECT_GT(apart.provenance().wall_seconds(), 0);
  EXPECT_GT(apart.provenance().peak_job_bytes(), 0);
}

TEST_F(EndToEnd, RefusesAJobsOutputBeforeTheFirstKernel) {
  v1::Job apart = QualityJob();
  (*apart.mutable_inputs())["labels"] =
      InlineArray<int32_t>(v1::DType::INT32, {0, 1}, {2});
  const auto ids = SubmitGraph({{"a", apart}, {"b", DependentJob("a")}});
  ASSERT_EQ(ids.size(), 2u);
  // -0.5 is no label: the same words as at submit, but in the job.
  const v1::Job job = Await(ids[1]);
  EXPECT_EQ(job.state(), v1::JobState::FAILED);
  ExpectRefused(FromRpcStatus(job.error()), "BAD_LABELS", "inputs.labels");
}

TEST_F(EndToEnd, SameJobSameBytesAtAnyNumberOfCores) {
  constexpr int64_t kUnits = 30;
  std::vector<double> matrix(kUnits * kUnits);
  for (int64_t i = 0; i < kUnits; ++i) {
    for (int64_t j = 0; j < i; ++j) {
      matrix[i * kUnits + j] = matrix[j * kUnits + i] =
          static_cast<double>((i * 7 + j * 13) % 11) - 5;
    }
  }
  // 16 partitions a batch, a batch a thread.
  constexpr int64_t kPartitions = 64;
  std::vector<int32_t> labels(kPartitions * kUnits);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<int32_t>(i * i % 5);
  }
  v1::Job job = QualityJob();
  (*job.mutable_inputs())["matrix"] = Doubles(matrix, {kUnits, kUnits});
  (*job.mutable_inputs())["labels"] =
      InlineArray<int32_t>(v1::DType::INT32, labels, {kPartitions, kUnits});
  std::set<std::string> digests;
  for (const int cores : {1, 2, 4}) {
    queue_.reset();
    auto queue = JobQueue::Open(
        *database_, *artifacts_, *threads_, {cores, int64_t{1} << 33});
    ASSERT_TRUE(queue.ok());
    queue_ = *std::move(queue);
    const v1::Job done = Await(Enqueue(job));
    ASSERT_EQ(done.state(), v1::JobState::SUCCEEDED) << done.error().message();
    EXPECT_EQ(done.provenance().threads(), cores);
    digests.insert(done.outputs().at("quality").artifact());
  }
  EXPECT_EQ(digests.size(), 1u);
}

}  // namespace
}  // namespace modbound

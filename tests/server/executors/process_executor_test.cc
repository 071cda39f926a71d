// Against the program modbound-worker; absent in builds without programs.
#ifdef MODBOUND_WORKER

#include "server/executors/process_executor.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "core/base/error.h"
#include "server/errors/error_status.h"
#include "server/executors/worker_end.h"
#include "tests/server/executors/attempt_directory.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

// Attempts in real workers, one at a time.
class ProcessExecutorTest : public ::testing::Test {
 protected:
  ProcessExecutorTest() {
    options_.program = MODBOUND_WORKER;
    options_.out_of_memory_count = folder_ / "vmstat";
    WriteFileBytes(options_.out_of_memory_count, "pgfault 5\noom_kill 2\n");
  }
  ~ProcessExecutorTest() override {
    if (executor_ != nullptr) {
      task_.stop->Stop();
    }
  }

  // Starts `spec` in a directory of its own.
  void Start(const v1::Spec& spec, const InputArrays& inputs) {
    task_.dir = folder_ / "attempt";
    MakeAttempt(task_.dir, spec, inputs);
    Begin();
  }
  // What it was given already.
  void Begin() {
    task_.token = kToken;
    task_.memory_bytes = int64_t{64} << 20;
    task_.stop = std::make_shared<StopFlag>();
    task_.sink = sink_;
    Listen();
    executor_ = MakeProcessExecutor(options_);
    executor_->Start(task_);
  }
  // For the next answer. The executor's thread may still be in the last one.
  void Listen() {
    answer_ = std::make_shared<std::promise<absl::Status>>();
    task_.done = [answer = answer_](const absl::Status& status) {
      answer->set_value(status);
    };
  }
  void StartLong() {
    Start(LongJob(), LongInputs());
    sink_->AwaitWork();
  }
  absl::Status Answer() { return answer_->get_future().get(); }
  // The worker's process, from the log.
  pid_t Pid() const {
    int pid = 0;
    for (const std::string& line : sink_->lines()) {
      std::sscanf(line.c_str(), "runs in worker process %d", &pid);
    }
    EXPECT_GT(pid, 0);
    return pid;
  }
  void ExpectGone() const {
    EXPECT_NE(::kill(Pid(), 0), 0);
    EXPECT_EQ(errno, ESRCH);
  }

  const TemporaryFolder folder_;
  WorkerOptions options_;
  AttemptTask task_;
  std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
  std::shared_ptr<std::promise<absl::Status>> answer_;
  std::unique_ptr<Executor> executor_;
};

TEST_F(ProcessExecutorTest, LeavesAResultAndItsPeakMemory) {
  Start(QualityJob(), QualityInputs());
  const absl::Status status = Answer();
  EXPECT_TRUE(status.ok()) << status;
  const auto result = ReadAttemptResult(task_.dir, kToken);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->status().code(), 0);
  EXPECT_GT(result->peak_rss_bytes(), int64_t{1} << 20);
  ExpectGone();
}

TEST_F(ProcessExecutorTest, PassesOnProgress) {
  StartLong();
  const ProgressUpdate last = sink_->updates().back();
  EXPECT_EQ(last.total, 10000);
  EXPECT_EQ(last.unit, "runs");
}

TEST_F(ProcessExecutorTest, StopsWithinTwoSecondsAndLeavesNoProcess) {
  StartLong();
  const auto begin = std::chrono::steady_clock::now();
  task_.stop->Stop();
  EXPECT_TRUE(absl::IsCancelled(Answer()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  ExpectGone();
}

TEST_F(ProcessExecutorTest, StopsAWorkerThatDoesNotListen) {
  StartLong();
  ::kill(Pid(), SIGSTOP);
  const auto begin = std::chrono::steady_clock::now();
  task_.stop->Stop();
  EXPECT_TRUE(absl::IsCancelled(Answer()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
  ExpectGone();
}

TEST_F(ProcessExecutorTest, NamesEachCrash) {
  // A worker of an AddressSanitizer build dies of SIGSEGV as others do.
  ::setenv("ASAN_OPTIONS", "handle_segv=0", 1);
  for (const auto& [number, name] : {std::pair(SIGKILL, "SIGKILL"),
                                     std::pair(SIGSEGV, "SIGSEGV"),
                                     std::pair(SIGABRT, "SIGABRT")}) {
    sink_ = std::make_shared<RecordingSink>();
    StartLong();
    ::kill(Pid(), number);
    const absl::Status status = Answer();
    EXPECT_EQ(ReasonOf(status), "WORKER_CRASHED") << status;
    EXPECT_NE(status.message().find(name), std::string::npos) << status;
    EXPECT_TRUE(
        absl::IsNotFound(ReadAttemptResult(task_.dir, kToken).status()));
    ExpectGone();
  }
}

TEST_F(ProcessExecutorTest, SeesThatTheSystemWasShortOfMemory) {
  StartLong();
  WriteFileBytes(options_.out_of_memory_count, "pgfault 5\noom_kill 3\n");
  ::kill(Pid(), SIGKILL);
  const absl::Status status = Answer();
  EXPECT_EQ(ReasonOf(status), "MEMORY_LIMIT") << status;
  EXPECT_TRUE(IsWorkerFault(status));
}

TEST_F(ProcessExecutorTest, EndsAWorkerThatHangs) {
  options_.hang_limit = std::chrono::milliseconds(1500);
  StartLong();
  ::kill(Pid(), SIGSTOP);
  const absl::Status status = Answer();
  EXPECT_EQ(ReasonOf(status), "WORKER_HUNG") << status;
  ExpectGone();
}

TEST_F(ProcessExecutorTest, NamesAStopThatIsNotItsOwn) {
  StartLong();
  ::kill(Pid(), SIGTERM);
  const absl::Status status = Answer();
  EXPECT_EQ(ReasonOf(status), "WORKER_STOPPED") << status;
}

TEST_F(ProcessExecutorTest, KeepsAnAttemptWithinItsMemory) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "workers of these builds have no limit (LimitMemory)";
#endif
  task_.dir = folder_ / "attempt";
  InputArrays inputs;
  constexpr int64_t kUnits = 4000;  // 128 MB
  inputs["matrix"] = HostArray::FromDoubles(
      std::vector<double>(kUnits * kUnits, 1.0), {kUnits, kUnits}, {});
  MakeAttempt(task_.dir, LongJob(), inputs);
  options_.memory_slack_bytes = int64_t{16} << 20;
  Begin();
  // Begin says 64 MiB: twice that, the slack and a thread are 160 MiB.
  const absl::Status status = Answer();
  ASSERT_TRUE(status.ok()) << status;
  const auto result = ReadAttemptResult(task_.dir, kToken);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(ReasonOf(FromRpcStatus(result->status())), "MEMORY_LIMIT");
}

TEST_F(ProcessExecutorTest, PassesOnWhyThereIsNoResultAndWhatWasPrinted) {
  task_.dir = folder_ / "none";
  Begin();
  const absl::Status status = Answer();
  EXPECT_TRUE(absl::IsInternal(status)) << status;
  bool printed = false;
  for (const std::string& line : sink_->lines()) {
    printed |= line.rfind("worker: modbound-worker: ", 0) == 0;
  }
  EXPECT_TRUE(printed);
}

// A worker of an attempt that was given up and goes on by mistake.
TEST_F(ProcessExecutorTest, WritesNothingForAnotherToken) {
  task_.dir = folder_ / "attempt";
  internal::AttemptSpec spec =
      MakeAttempt(task_.dir, QualityJob(), QualityInputs());
  spec.set_token("ffeeddccbbaa99887766554433221100");
  ASSERT_TRUE(WriteAttemptSpec(task_.dir, spec).ok());
  Begin();
  const absl::Status status = Answer();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(FieldOf(status), "token");
  EXPECT_TRUE(
      absl::IsNotFound(ReadAttemptResult(task_.dir, spec.token()).status()));
}

TEST_F(ProcessExecutorTest, SaysThatNothingCanBeStarted) {
  options_.program = folder_ / "none";
  Start(QualityJob(), QualityInputs());
  EXPECT_EQ(ReasonOf(Answer()), "OVERLOADED");
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckWorkerProgram(options_.program)));
  EXPECT_TRUE(absl::IsFailedPrecondition(CheckWorkerProgram(folder_.path())));
  EXPECT_TRUE(CheckWorkerProgram(MODBOUND_WORKER).ok());
}

TEST_F(ProcessExecutorTest, StartsNothingForAnAttemptThatWasStoppedBefore) {
  options_.program = folder_ / "none";
  task_.dir = folder_ / "attempt";
  MakeAttempt(task_.dir, QualityJob(), QualityInputs());
  Begin();
  EXPECT_EQ(ReasonOf(Answer()), "OVERLOADED");
  Listen();
  task_.stop->Stop();
  executor_->Start(task_);
  EXPECT_TRUE(absl::IsCancelled(Answer()));
}

// Where a task with this estimate runs, from the log.
std::string PlaceOf(WorkerUse use, int64_t memory_bytes) {
  const TemporaryFolder folder;
  const auto sink = std::make_shared<RecordingSink>();
  WorkerOptions options;
  options.program = MODBOUND_WORKER;
  MakeAttempt(folder / "a", QualityJob(), QualityInputs());
  AttemptTask task;
  task.dir = folder / "a";
  task.token = kToken;
  task.memory_bytes = memory_bytes;
  task.stop = std::make_shared<StopFlag>();
  task.sink = sink;
  task.done = [](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
  };
  MakeExecutor(use, options)->Start(std::move(task));  // and waits
  const std::string line = sink->lines().front();
  return line.find("worker process") != std::string::npos ? "process"
                                                          : "thread";
}

TEST(MakeExecutor, SendsLargeJobsIntoProcesses) {
  EXPECT_EQ(PlaceOf(WorkerUse::kAuto, kMostThreadBytes), "thread");
  EXPECT_EQ(PlaceOf(WorkerUse::kAuto, kMostThreadBytes + 1), "process");
  EXPECT_EQ(PlaceOf(WorkerUse::kNever, kMostThreadBytes + 1), "thread");
  EXPECT_EQ(PlaceOf(WorkerUse::kAlways, 1), "process");
}

TEST(WorkerMemoryLimit, AddsWhatTheEstimateDoesNotKnow) {
  constexpr int64_t kMebi = int64_t{1} << 20;
  EXPECT_EQ(WorkerMemoryLimit(100 * kMebi, 2, 512 * kMebi), 744 * kMebi);
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(WorkerMemoryLimit(kMost, 1, 1), kMost);
}

}  // namespace
}  // namespace modbound

#endif  // MODBOUND_WORKER

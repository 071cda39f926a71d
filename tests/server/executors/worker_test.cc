// The program modbound-worker; absent in builds without programs.
#ifdef MODBOUND_WORKER

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "server/errors/error_status.h"
#include "server/executors/worker_report.h"
#include "tests/server/executors/attempt_directory.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

// A started worker; what it writes can be read line by line.
class Worker {
 public:
  explicit Worker(std::vector<std::string> arguments) {
    int out[2] = {};
    EXPECT_EQ(::pipe(out), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addclose(&actions, out[0]);
    ::posix_spawn_file_actions_addclose(&actions, out[1]);
    arguments.insert(arguments.begin(), MODBOUND_WORKER);
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    EXPECT_EQ(
        ::posix_spawn(
            &pid_, MODBOUND_WORKER, &actions, nullptr, argv.data(), environ),
        0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    out_ = ::fdopen(out[0], "r");
  }
  ~Worker() { std::fclose(out_); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // "" at the end.
  std::string ReadLine() {
    std::string line;
    for (int c = 0; (c = std::fgetc(out_)) != EOF && c != '\n';) {
      line.push_back(static_cast<char>(c));
    }
    return line;
  }
  void Signal(int number) const { ::kill(pid_, number); }
  // Exit code; -1 when a signal ended it.
  int Wait() const {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_ = 0;
  std::FILE* out_ = nullptr;
};

int RunWorker(const std::vector<std::string>& arguments) {
  return Worker(arguments).Wait();
}

// Everything of a result but the times and the memory.
std::string ResultText(const std::string& dir) {
  auto result = ReadAttemptResult(dir, kToken);
  EXPECT_TRUE(result.ok()) << result.status();
  result->clear_load_seconds();
  result->clear_compute_seconds();
  result->clear_cpu_seconds();
  result->clear_peak_rss_bytes();
  return result->DebugString();
}

TEST(Worker, WritesTheSameBytesAsAThreadOfTheServer) {
  const TemporaryFolder folder;
  for (const char* name : {"thread", "worker"}) {
    v1::Spec spec = LongJob();
    spec.mutable_partition()->set_runs(20);
    MakeAttempt(folder / name, spec, LongInputs(), 2);
  }
  RecordingSink sink;
  const StopFlag stop;
  ASSERT_TRUE(RunAttempt(folder / "thread", kToken, sink, stop).ok());
  ASSERT_EQ(RunWorker({folder / "worker", "--token", kToken}), 0);
  EXPECT_EQ(ResultText(folder / "thread"), ResultText(folder / "worker"));
  EXPECT_FALSE(
      ReadAttemptResult(folder / "thread", kToken)->has_peak_rss_bytes());
  const auto result = ReadAttemptResult(folder / "worker", kToken);
  EXPECT_GT(result->peak_rss_bytes(), result->peak_job_bytes());
  EXPECT_GT(result->outputs_size(), 2);
  for (const auto& [name, file] : result->outputs()) {
    EXPECT_EQ(
        BytesOf(folder / "worker", file),
        BytesOf(
            folder / "thread",
            ReadAttemptResult(folder / "thread", kToken)->outputs().at(name)))
        << name;
  }
}

TEST(Worker, ExitsZeroWithTheResultOfAFailedAnalysis) {
  const TemporaryFolder folder;
  InputArrays inputs = QualityInputs();
  inputs.erase("labels");
  MakeAttempt(folder / "a", QualityJob(), inputs);
  EXPECT_EQ(RunWorker({folder / "a", "--token", kToken}), 0);
  EXPECT_NE(ReadAttemptResult(folder / "a", kToken)->status().code(), 0);
}

TEST(Worker, TellsUsageFromFailure) {
  const TemporaryFolder folder;
  MakeAttempt(folder / "a", QualityJob(), QualityInputs());
  EXPECT_EQ(RunWorker({}), 2);
  EXPECT_EQ(RunWorker({folder / "a"}), 2);
  EXPECT_EQ(RunWorker({folder / "a", "--token", kToken, "--nonsense"}), 2);
  EXPECT_EQ(RunWorker({"--version"}), 0);
  EXPECT_EQ(RunWorker({folder / "a", "--token", kToken, "--build", "another"}),
            2);
  EXPECT_EQ(RunWorker({folder / "a", "--token", "another"}), 1);
  EXPECT_EQ(RunWorker({folder / "none", "--token", kToken}), 1);
  EXPECT_FALSE(ReadAttemptResult(folder / "a", kToken).ok());
}

TEST(Worker, ReportsProgressAsJsonLinesAndStopsOnASignal) {
  for (const int number : {SIGTERM, SIGINT}) {
    const TemporaryFolder folder;
    MakeAttempt(folder / "a", LongJob(), LongInputs());
    Worker worker({folder / "a", "--token", kToken});
    v1::Progress progress;
    do {  // signs of life, and the first report is of 0 runs
      const std::string line = worker.ReadLine();
      const auto report = ParseReport(line);
      ASSERT_TRUE(report.has_value()) << line;
      progress = report->progress();
    } while (progress.done() == 0);
    EXPECT_EQ(progress.total(), 10000);
    EXPECT_EQ(progress.unit(), "runs");
    worker.Signal(number);
    std::string last;
    for (std::string line; !(line = worker.ReadLine()).empty();) {
      last = line;
    }
    EXPECT_EQ(worker.Wait(), 4);
    const auto report = ParseReport(last);
    ASSERT_TRUE(report.has_value()) << last;
    EXPECT_TRUE(absl::IsCancelled(FromRpcStatus(report->failure())));
    EXPECT_TRUE(
        absl::IsNotFound(ReadAttemptResult(folder / "a", kToken).status()));
  }
}

// A stopped process says nothing, and goes on saying so when it goes on.
TEST(Worker, GivesASignOfLifeWhileNothingElseHappens) {
  const TemporaryFolder folder;
  MakeAttempt(folder / "a", LongJob(), LongInputs());
  Worker worker({folder / "a", "--token", kToken});
  int alive = 0;
  while (alive < 3) {
    const std::string line = worker.ReadLine();
    const auto report = ParseReport(line);
    ASSERT_TRUE(report.has_value()) << line;
    alive += report->has_alive() ? 1 : 0;
  }
  worker.Signal(SIGKILL);
  EXPECT_EQ(worker.Wait(), -1);
}

TEST(Worker, FailsTheAnalysisThatWantsMoreMemoryThanItMayHave) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "workers of these builds have no limit (LimitMemory)";
#endif
  const TemporaryFolder folder;
  InputArrays inputs;
  constexpr int64_t kUnits = 3000;  // 72 MB
  inputs["matrix"] = HostArray::FromDoubles(
      std::vector<double>(kUnits * kUnits, 1.0), {kUnits, kUnits}, {});
  MakeAttempt(folder / "a", LongJob(), inputs);
  EXPECT_EQ(RunWorker({folder / "a",
                       "--token",
                       kToken,
                       "--memory_bytes",
                       std::to_string(64 << 20)}),
            0);
  const auto result = ReadAttemptResult(folder / "a", kToken);
  ASSERT_TRUE(result.ok()) << result.status();
  const absl::Status status = FromRpcStatus(result->status());
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ReasonOf(status), "MEMORY_LIMIT");
}

TEST(Worker, EndsWhenItsStarterIsGoneAlready) {
  const TemporaryFolder folder;
  MakeAttempt(folder / "a", QualityJob(), QualityInputs());
  EXPECT_EQ(RunWorker({folder / "a", "--token", kToken, "--parent", "999999"}),
            4);
  EXPECT_EQ(RunWorker({folder / "a",
                       "--token",
                       kToken,
                       "--parent",
                       std::to_string(::getpid())}),
            0);
}

// A child starts the worker and dies; the pipe's end shows the worker's.
TEST(Worker, DiesWithItsStarter) {
  const TemporaryFolder folder;
  MakeAttempt(folder / "a", LongJob(), LongInputs());
  int out[2] = {};
  ASSERT_EQ(::pipe(out), 0);
  const std::string dir = folder / "a";
  const pid_t starter = ::fork();
  ASSERT_GE(starter, 0);
  if (starter == 0) {
    if (::fork() == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::close(out[0]);
      ::close(out[1]);
      ::execl(MODBOUND_WORKER,
              MODBOUND_WORKER,
              dir.c_str(),
              "--token",
              kToken,
              nullptr);
      ::_exit(127);
    }
    ::pause();
    ::_exit(0);
  }
  ::close(out[1]);
  char byte = 0;
  ASSERT_EQ(::read(out[0], &byte, 1), 1);  // it runs
  ::kill(starter, SIGKILL);
  ASSERT_EQ(::waitpid(starter, nullptr, 0), starter);
  while (::read(out[0], &byte, 1) > 0) {
  }
  ::close(out[0]);
  EXPECT_TRUE(absl::IsNotFound(ReadAttemptResult(dir, kToken).status()));
}

}  // namespace
}  // namespace modbound

#endif  // MODBOUND_WORKER

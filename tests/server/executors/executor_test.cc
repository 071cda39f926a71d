#include "server/executors/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.h"
#include "tests/server/executors/attempt_directory.h"
#include "tests/support/temporary_folder.h"

namespace modbound {
namespace {

AttemptTask Task(const std::string& dir,
                 std::function<void(absl::Status)> done) {
  AttemptTask task;
  task.dir = dir;
  task.token = kToken;
  task.stop = std::make_shared<StopFlag>();
  task.sink = std::make_shared<RecordingSink>();
  task.done = std::move(done);
  return task;
}

TEST(ThreadExecutor, RunsAttemptsAtOnceAndAnswersEachOnce) {
  constexpr int kAttempts = 12;
  const TemporaryFolder folder;
  std::vector<std::atomic<int>> answers(kAttempts);
  std::atomic<int> failures{0};
  std::atomic<int> on_caller{0};
  const auto caller = std::this_thread::get_id();
  {
    const std::unique_ptr<Executor> executor = MakeThreadExecutor();
    for (int i = 0; i < kAttempts; ++i) {
      const std::string dir = folder / std::to_string(i);
      MakeAttempt(dir, QualityJob(), QualityInputs());
      executor->Start(Task(dir, [&, i](const absl::Status& status) {
        failures += status.ok() ? 0 : 1;
        on_caller += std::this_thread::get_id() == caller ? 1 : 0;
        ++answers[static_cast<std::size_t>(i)];
      }));
    }
  }  // waits
  for (const std::atomic<int>& answer : answers) {
    EXPECT_EQ(answer.load(), 1);
  }
  EXPECT_EQ(failures.load(), 0);
  EXPECT_EQ(on_caller.load(), 0);
  for (int i = 0; i < kAttempts; ++i) {
    EXPECT_TRUE(ReadAttemptResult(folder / std::to_string(i), kToken).ok());
  }
}

TEST(ThreadExecutor, StartsTheNextAttemptFromTheAnswerOfTheLast) {
  const TemporaryFolder folder;
  const std::unique_ptr<Executor> executor = MakeThreadExecutor();
  std::promise<absl::Status> last;
  for (const char* name : {"first", "second"}) {
    MakeAttempt(folder / name, QualityJob(), QualityInputs());
  }
  executor->Start(Task(folder / "first", [&](const absl::Status&) {
    executor->Start(Task(folder / "second", [&](absl::Status status) {
      last.set_value(std::move(status));
    }));
  }));
  EXPECT_TRUE(last.get_future().get().ok());
}

TEST(ThreadExecutor, ReportsThatItWasStopped) {
  const TemporaryFolder folder;
  MakeAttempt(folder / "a", QualityJob(), QualityInputs());
  std::promise<absl::Status> answer;
  const std::unique_ptr<Executor> executor = MakeThreadExecutor();
  AttemptTask task = Task(folder / "a", [&](absl::Status status) {
    answer.set_value(std::move(status));
  });
  task.stop->Stop();
  executor->Start(std::move(task));
  EXPECT_TRUE(absl::IsCancelled(answer.get_future().get()));
}

TEST(ThreadExecutor, ReportsADirectoryThatIsNotThere) {
  const TemporaryFolder folder;
  std::promise<absl::Status> answer;
  const std::unique_ptr<Executor> executor = MakeThreadExecutor();
  executor->Start(Task(folder / "none", [&](absl::Status status) {
    answer.set_value(std::move(status));
  }));
  EXPECT_TRUE(absl::IsInternal(answer.get_future().get()));
}

}  // namespace
}  // namespace modbound

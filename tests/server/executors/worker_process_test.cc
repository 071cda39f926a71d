#include "server/executors/worker_process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "core/base/error.h"

namespace modbound {
namespace {

constexpr std::chrono::milliseconds kWait{20};

// What a shell command left.
struct Ended {
  int status = 0;
  std::string out;
  std::string err;
};

Ended RunShell(const std::string& command) {
  auto process = WorkerProcess::Spawn({"/bin/sh", "-c", command});
  EXPECT_TRUE(process.ok()) << process.status();
  Ended ended;
  std::optional<int> status;
  while (!(status = process->Reap()).has_value()) {
    process->Wait(kWait, ended.out, ended.err);
  }
  process->Drain(ended.out, ended.err);
  ended.status = *status;
  return ended;
}

TEST(WorkerProcess, GivesBothStreamsAndTheStatus) {
  const Ended ended = RunShell("echo out; echo err >&2; exit 7");
  EXPECT_EQ(ended.out, "out\n");
  EXPECT_EQ(ended.err, "err\n");
  ASSERT_TRUE(WIFEXITED(ended.status));
  EXPECT_EQ(WEXITSTATUS(ended.status), 7);
}

TEST(WorkerProcess, ReadsMoreThanAPipeHolds) {
  const Ended ended = RunShell("head -c 1000000 /dev/zero");
  EXPECT_EQ(ended.out.size(), 1000000U);
}

TEST(WorkerProcess, InheritsNoDescriptorsAndNoBlockedSignals) {
  sigset_t block;
  sigset_t before;
  sigemptyset(&block);
  sigaddset(&block, SIGTERM);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &block, &before), 0);
  int leak[2] = {};
  ASSERT_EQ(::pipe(leak), 0);
  // ls itself opens the folder that it lists.
  const Ended ended = RunShell("ls /proc/self/fd; kill -TERM $$; echo no");
  ::close(leak[0]);
  ::close(leak[1]);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(ended.out, "0\n1\n2\n3\n");
  EXPECT_TRUE(WIFSIGNALED(ended.status));
}

TEST(WorkerProcess, EndsItsWholeGroup) {
  // The second sleep outlives the shell.
  const Ended ended = RunShell("sleep 1000 >/dev/null 2>&1 & echo $!");
  const auto left = static_cast<pid_t>(std::stoi(ended.out));
  while (::kill(left, 0) == 0) {  // until whoever adopted it has reaped it
    const std::string path = "/proc/" + std::to_string(left) + "/stat";
    std::FILE* stat = std::fopen(path.c_str(), "r");
    char state = 'Z';
    if (stat != nullptr) {
      EXPECT_LE(std::fscanf(stat, "%*d %*s %c", &state), 1);
      std::fclose(stat);
    }
    if (state == 'Z') {
      break;
    }
    ::usleep(1000);
  }
}

TEST(WorkerProcess, EndsWithItsObject) {
  pid_t pid = 0;
  {
    auto process = WorkerProcess::Spawn({"/bin/sleep", "1000"});
    ASSERT_TRUE(process.ok()) << process.status();
    pid = process->pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_EQ(errno, ESRCH);
}

TEST(WorkerProcess, SaysThatTheProgramIsNotThere) {
  const auto process = WorkerProcess::Spawn({"/no/such/program"});
  EXPECT_TRUE(absl::IsUnavailable(process.status())) << process.status();
  EXPECT_EQ(ReasonOf(process.status()), "OVERLOADED");
  EXPECT_TRUE(IsShortage(process.status()));
}

}  // namespace
}  // namespace modbound

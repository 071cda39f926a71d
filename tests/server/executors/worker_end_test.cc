#include "server/executors/worker_end.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "core/base/error.h"
#include "server/executors/worker_report.h"

namespace modbound {
namespace {

// As waitpid gives them.
int Exited(int code) { return code << 8; }
int Killed(int number) { return number; }

WorkerEnd EndOf(int wait_status) {
  WorkerEnd end;
  end.wait_status = wait_status;
  return end;
}

TEST(JudgeWorkerEnd, NamesTheSignalOfACrash) {
  for (const auto& [number, name] : {std::pair(SIGSEGV, "SIGSEGV"),
                                     std::pair(SIGABRT, "SIGABRT"),
                                     std::pair(SIGBUS, "SIGBUS"),
                                     std::pair(SIGILL, "SIGILL"),
                                     std::pair(SIGKILL, "SIGKILL")}) {
    const absl::Status status = JudgeWorkerEnd(EndOf(Killed(number)));
    EXPECT_EQ(ReasonOf(status), "WORKER_CRASHED");
    EXPECT_TRUE(IsWorkerFault(status));
    EXPECT_NE(status.message().find(name), std::string::npos) << status;
  }
}

TEST(JudgeWorkerEnd, TellsAKillForWantOfMemoryFromAnyOther) {
  WorkerEnd end = EndOf(Killed(SIGKILL));
  end.out_of_memory = true;
  const absl::Status status = JudgeWorkerEnd(end);
  EXPECT_EQ(ReasonOf(status), "MEMORY_LIMIT");
  EXPECT_TRUE(IsWorkerFault(status)) << "tried again";
  // Nobody who is short of memory sends this.
  end.wait_status = Killed(SIGSEGV);
  EXPECT_EQ(ReasonOf(JudgeWorkerEnd(end)), "WORKER_CRASHED");
}

TEST(JudgeWorkerEnd, FailsForGoodWhatIsBeyondOurOwnMemoryLimit) {
  const absl::Status status = JudgeWorkerEnd(EndOf(Exited(kWorkerOutOfMemory)));
  EXPECT_EQ(ReasonOf(status), "MEMORY_LIMIT");
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_FALSE(IsWorkerFault(status));
}

TEST(JudgeWorkerEnd, TellsWhoStoppedIt) {
  WorkerEnd end = EndOf(Exited(kWorkerStopped));
  EXPECT_EQ(ReasonOf(JudgeWorkerEnd(end)), "WORKER_STOPPED");
  EXPECT_TRUE(IsWorkerFault(JudgeWorkerEnd(end)));
  end.told_to_stop = true;
  for (const int wait_status :
       {Exited(kWorkerStopped), Killed(SIGKILL), Killed(SIGSEGV)}) {
    end.wait_status = wait_status;
    EXPECT_TRUE(absl::IsCancelled(JudgeWorkerEnd(end)));
  }
  end.wait_status = Exited(kWorkerOk);
  EXPECT_TRUE(JudgeWorkerEnd(end).ok()) << "it was done before";
}

// Until the operator has put the right one there.
TEST(JudgeWorkerEnd, WaitsForTheRightProgram) {
  const absl::Status status = JudgeWorkerEnd(EndOf(Exited(kWorkerUsage)));
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_EQ(ReasonOf(status), "OVERLOADED");
}

TEST(JudgeWorkerEnd, NamesASilence) {
  WorkerEnd end = EndOf(Killed(SIGKILL));
  end.hung = true;
  end.silence = std::chrono::milliseconds(1500);
  const absl::Status status = JudgeWorkerEnd(end);
  EXPECT_EQ(ReasonOf(status), "WORKER_HUNG");
  EXPECT_TRUE(IsWorkerFault(status));
  EXPECT_NE(status.message().find("1.5 s"), std::string::npos) << status;
}

TEST(JudgeWorkerEnd, PassesOnWhatTheWorkerReported) {
  WorkerEnd end = EndOf(Exited(kWorkerFailed));
  EXPECT_EQ(ReasonOf(JudgeWorkerEnd(end)), "WORKER_CRASHED");
  end.failure = MakeError(
      absl::StatusCode::kResourceExhausted, "DISK_FULL", "", "no room");
  EXPECT_EQ(JudgeWorkerEnd(end), *end.failure);
  EXPECT_FALSE(IsWorkerFault(JudgeWorkerEnd(end)));
  // A failure is the last thing a worker says, and then it exits with 1.
  end.wait_status = Exited(99);
  EXPECT_EQ(ReasonOf(JudgeWorkerEnd(end)), "WORKER_CRASHED");
}

}  // namespace
}  // namespace modbound

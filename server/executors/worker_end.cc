#include "server/executors/worker_end.h"

#include <string.h>
#include <sys/wait.h>

#include <csignal>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/execution.h"
#include "server/executors/worker_report.h"

namespace modbound {
namespace {

constexpr char kCrashed[] = "WORKER_CRASHED";
constexpr char kHung[] = "WORKER_HUNG";
constexpr char kStoppedByOthers[] = "WORKER_STOPPED";

absl::Status Lost(std::string_view reason, std::string_view message) {
  return MakeError(absl::StatusCode::kAborted, reason, "", message);
}

// "SIGSEGV".
std::string SignalName(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? absl::StrCat("signal ", number)
                         : absl::StrCat("SIG", name);
}

absl::Status JudgeSignal(const WorkerEnd& end) {
  const int number = WTERMSIG(end.wait_status);
  if (number != SIGKILL) {
    return Lost(kCrashed,
                absl::StrCat("the worker process of the attempt was ended by ",
                             SignalName(number)));
  }
  return end.out_of_memory
             ? Lost(reason::kMemoryLimit,
                    "memory ran out and the system ended the "
                    "worker process of the attempt")
             : Lost(kCrashed,
                    "the worker process of the attempt was ended by SIGKILL, "
                    "which the server did not send");
}

absl::Status JudgeExit(const WorkerEnd& end) {
  const int code = WEXITSTATUS(end.wait_status);
  switch (code) {
    case kWorkerOk:
      return absl::OkStatus();
    case kWorkerUsage:
      return MakeError(absl::StatusCode::kUnavailable,
                       "OVERLOADED",
                       "",
                       "the worker program refuses to work for this server: it "
                       "must be of the same build; the job's log has more");
    case kWorkerStopped:
      return Lost(kStoppedByOthers,
                  "the worker process of the attempt was told to stop, and not "
                  "by the server");
    case kWorkerOutOfMemory:
      return MakeError(absl::StatusCode::kResourceExhausted,
                       reason::kMemoryLimit,
                       "",
                       "the attempt wanted more memory than its worker process "
                       "may have");
    default:
      break;
  }
  if (code == kWorkerFailed && end.failure.has_value() && !end.failure->ok()) {
    return *end.failure;
  }
  return Lost(kCrashed,
              absl::StrCat("the worker process of the attempt ended with exit "
                           "code ",
                           code));
}

}  // namespace

absl::Status JudgeWorkerEnd(const WorkerEnd& end) {
  const bool exited = WIFEXITED(end.wait_status);
  if (exited && WEXITSTATUS(end.wait_status) == kWorkerOk) {
    return absl::OkStatus();
  }
  if (end.told_to_stop) {
    return StoppedError();
  }
  if (end.hung) {
    return Lost(kHung,
                absl::StrCat("the worker process of the attempt gave no sign "
                             "of work for ",
                             static_cast<double>(end.silence.count()) / 1000,
                             " s and was ended"));
  }
  return exited ? JudgeExit(end) : JudgeSignal(end);
}

bool IsWorkerFault(const absl::Status& status) {
  if (!absl::IsAborted(status)) {
    return false;
  }
  const std::string why = ReasonOf(status);
  return why == kCrashed || why == kHung || why == kStoppedByOthers ||
         why == reason::kMemoryLimit;
}

}  // namespace modbound

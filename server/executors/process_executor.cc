#include "server/executors/process_executor.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/errors/error_status.h"
#include "server/executors/out_of_memory.h"
#include "server/executors/task_threads.h"
#include "server/executors/worker_end.h"
#include "server/executors/worker_process.h"
#include "server/executors/worker_report.h"
#include "server/files/guarded.h"

namespace modbound {
namespace {

using Clock = std::chrono::steady_clock;

// Between two looks at the stop flag and at the clock.
constexpr std::chrono::milliseconds kLook{20};
// A line longer than this is cut; no report is.
constexpr std::size_t kMostLine = std::size_t{64} << 10;

// Takes the whole lines from the front of `bytes`.
std::vector<std::string> TakeLines(std::string& bytes) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = 0;
       (end = bytes.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    lines.push_back(bytes.substr(begin, end - begin));
  }
  bytes.erase(0, begin);
  if (bytes.size() > kMostLine) {
    lines.push_back(std::exchange(bytes, {}));
  }
  return lines;
}

// One attempt and the process that it runs in.
class WorkerRun {
 public:
  WorkerRun(const WorkerOptions& options, const AttemptTask& task)
      : options_(options), task_(task) {}

  absl::Status Run() {
    const int64_t kills = OutOfMemoryKills(options_.out_of_memory_count);
    if (task_.stop->stopped()) {
      return StoppedError();
    }
    MODBOUND_ASSIGN_OR_RETURN(WorkerProcess process, Spawn());
    heard_ = Clock::now();
    std::optional<int> status;
    while (!(status = process.Reap()).has_value()) {
      process.Wait(kLook, out_, err_);
      // What follows may take long on a slow disk: that is not the worker's
      // silence.
      const auto now = Clock::now();
      TakeOutput(now);
      Judge(process, now);
    }
    process.Drain(out_, err_);
    // What had no line end any more.
    out_ += '\n';
    err_ += '\n';
    TakeOutput(Clock::now());
    end_.wait_status = *status;
    end_.out_of_memory = OutOfMemoryKills(options_.out_of_memory_count) > kills;
    return JudgeWorkerEnd(end_);
  }

 private:
  absl::StatusOr<WorkerProcess> Spawn() {
    const int64_t limit = WorkerMemoryLimit(
        task_.memory_bytes, task_.threads, options_.memory_slack_bytes);
    MODBOUND_ASSIGN_OR_RETURN(WorkerProcess process,
                              WorkerProcess::Spawn({options_.program,
                                                    task_.dir,
                                                    "--token",
                                                    task_.token,
                                                    "--parent",
                                                    absl::StrCat(::getpid()),
                                                    "--memory_bytes",
                                                    absl::StrCat(limit),
                                                    "--build",
                                                    WorkerBuild()}));
    task_.sink->Log(absl::StrCat("runs in worker process ",
                                 process.pid(),
                                 " of at most ",
                                 limit,
                                 " bytes"));
    return process;
  }

  void TakeOutput(Clock::time_point now) {
    for (const std::string& line : TakeLines(out_)) {
      heard_ = now;
      TakeReport(line);
    }
    for (const std::string& line : TakeLines(err_)) {
      if (!line.empty()) {
        task_.sink->Log(absl::StrCat("worker: ", line));
      }
    }
  }

  void TakeReport(const std::string& line) {
    if (line.empty()) {
      return;
    }
    const auto report = ParseReport(line);
    if (!report.has_value()) {
      // A library that prints.
      task_.sink->Log(absl::StrCat("worker: ", line));
    } else if (report->has_progress()) {
      task_.sink->Progress(ToProgressUpdate(report->progress()));
    } else if (report->has_failure()) {
      end_.failure = FromRpcStatus(report->failure());
    }
  }

  // `now`: when all that the worker had said was read.
  void Judge(const WorkerProcess& process, Clock::time_point now) {
    if (!end_.told_to_stop && task_.stop->stopped()) {
      end_.told_to_stop = true;
      kill_at_ = now + options_.stop_grace;
      process.Signal(SIGTERM);
    }
    if (now - heard_ > options_.hang_limit && !end_.hung) {
      end_.hung = true;
      end_.silence =
          std::chrono::duration_cast<std::chrono::milliseconds>(now - heard_);
      kill_at_ = std::min(kill_at_, now);
    }
    if (now >= kill_at_) {
      kill_at_ = Clock::time_point::max();
      process.Signal(SIGKILL);
    }
  }

  const WorkerOptions& options_;
  const AttemptTask& task_;
  WorkerEnd end_;
  Clock::time_point heard_;
  Clock::time_point kill_at_ = Clock::time_point::max();
  // Read, but no whole line yet.
  std::string out_;
  std::string err_;
};

absl::Status CannotStart() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "OVERLOADED",
                   "",
                   "the machine has no thread left for the attempt");
}

class ProcessExecutor : public Executor {
 public:
  explicit ProcessExecutor(const WorkerOptions& options) : options_(options) {}

  void Start(AttemptTask task) override {
    const auto shared = std::make_shared<const AttemptTask>(std::move(task));
    const bool started = threads_.Start([this, shared] {
      // An error on the way drops the process, which ends it.
      shared->done(Guarded([&] { return WorkerRun(options_, *shared).Run(); },
                           ShortOfMemory));
    });
    if (!started) {
      shared->done(CannotStart());
    }
  }

 private:
  const WorkerOptions options_;
  TaskThreads threads_;
};

class ChosenExecutor : public Executor {
 public:
  ChosenExecutor(WorkerUse use, const WorkerOptions& options)
      : use_(use),
        threads_(MakeThreadExecutor(options.hang_limit)),
        processes_(MakeProcessExecutor(options)) {}

  void Start(AttemptTask task) override {
    const bool in_process =
        use_ == WorkerUse::kAlways ||
        (use_ == WorkerUse::kAuto && task.memory_bytes > kMostThreadBytes);
    (in_process ? processes_ : threads_)->Start(std::move(task));
  }

 private:
  const WorkerUse use_;
  const std::unique_ptr<Executor> threads_;
  const std::unique_ptr<Executor> processes_;
};

}  // namespace

int64_t WorkerMemoryLimit(int64_t estimate, int threads, int64_t slack) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kThreadBytes = int64_t{16} << 20;
  int64_t limit = slack + threads * kThreadBytes;
  if (estimate > (kMost - limit) / 2) {
    return kMost;
  }
  return limit + 2 * estimate;
}

absl::Status CheckWorkerProgram(const std::string& program) {
  std::error_code error;
  if (std::filesystem::is_regular_file(program, error) &&
      ::access(program.c_str(), X_OK) == 0) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   "WRONG_STATE",
                   "worker_program",
                   absl::StrCat("worker_program is \"",
                                program,
                                "\", which cannot be run; name "
                                "modbound-worker, or say worker=never"));
}

std::unique_ptr<Executor> MakeProcessExecutor(const WorkerOptions& options) {
  return std::make_unique<ProcessExecutor>(options);
}

std::unique_ptr<Executor> MakeExecutor(WorkerUse use,
                                       const WorkerOptions& options) {
  return std::make_unique<ChosenExecutor>(use, options);
}

}  // namespace modbound

// modbound-worker ATTEMPT_DIR --token TOKEN [--parent PID] [--memory_bytes N]
//                 [--build BUILD]
//
// Runs the attempt of one directory in a process of its own, for isolation and
// for machines of a cluster. Reports (internal::WorkerReport: progress, signs
// of life, the failure it ends with) come on stdout, one compact JSON object a
// line, at least one every second unless the attempt hangs; errors in words on
// stderr. SIGTERM and SIGINT stop it; it dies with the thread that started it,
// and the system takes it before others when memory runs out. Exit codes:
// server/executors/worker_report.h.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <exception>
#include <fstream>
#include <iostream>
#include <new>
#include <string>
#include <system_error>
#include <thread>

#include "build_info.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/executors/attempt.h"
#include "server/executors/worker_report.h"
#include "server/files/guarded.h"

namespace modbound {
namespace {

constexpr auto kProgressInterval = std::chrono::milliseconds(100);
constexpr auto kAliveInterval = std::chrono::milliseconds(500);

StopFlag stop_flag;

void StopOnSignal(int) { stop_flag.Stop(); }

void HandleSignals() {
  struct sigaction action {};
  action.sa_handler = StopOnSignal;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  // A reader of progress that went away is no reason to die; a limit of file
  // sizes is an error of the write.
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
  ::sigaction(SIGXFSZ, &action, nullptr);
}

// False when the parent has died before this could be asked for.
bool DieWithParent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return parent == 0 || ::getppid() == parent;
}

// The system's choice when the machine's memory runs out: rather this process
// than the server.
void VolunteerForOutOfMemory() {
  std::ofstream("/proc/self/oom_score_adj") << "500";
}

// Later allocations beyond it fail. AddressSanitizer itself takes more than any
// limit.
void LimitMemory(int64_t bytes) {
#ifdef __SANITIZE_ADDRESS__
  bytes = 0;
#endif
  if (bytes > 0) {
    const auto most = static_cast<rlim_t>(bytes);
    const struct rlimit limit { most, most };
    ::setrlimit(RLIMIT_DATA, &limit);
  }
}

// For an allocation that fails where nothing can catch it, such as in the
// middle of another error.
[[noreturn]] void OnTerminate() {
  try {
    if (const std::exception_ptr error = std::current_exception()) {
      std::rethrow_exception(error);
    }
  } catch (const std::bad_alloc&) {
    ::_exit(kWorkerOutOfMemory);
  } catch (...) {
  }
  std::abort();
}

// Writes reports to standard output; a sign of life, while the attempt looks at
// its stop flag, when there is nothing else to say. Threads: safe from any
// thread.
class Reporter : public AttemptSink {
 public:
  Reporter() : thread_([this] { Beat(); }) {}
  ~Reporter() override {
    {
      const MutexLock lock(mutex_);
      ending_ = true;
      ended_.NotifyAll();
    }
    thread_.join();
  }

  // Writes a line at most every kProgressInterval, and at each new phase.
  void Progress(const ProgressUpdate& update) override {
    const MutexLock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (update.phase == phase_ && now < next_) {
      return;
    }
    phase_ = update.phase;
    next_ = now + kProgressInterval;
    Write(ProgressReport(update));
  }

  // Standard error goes into the job's log.
  void Resumed(const FileCheckpoint::Resumed& from) override {
    std::cerr << ResumedText(from) << std::endl;
  }
  void CheckpointFailed(const absl::Status& status) override {
    std::cerr << "no checkpoint: " << LogText(status) << std::endl;
  }

  void Failure(const absl::Status& status) {
    const MutexLock lock(mutex_);
    Write(FailureReport(status));
  }

 private:
  void Beat() {
    const MutexLock lock(mutex_);
    while (!ending_) {
      // Whatever this thread does: only a computation that asks goes on.
      if (stop_flag.TakeAsked()) {
        Write(AliveReport());
      }
      ended_.WaitUntil(mutex_,
                       std::chrono::steady_clock::now() + kAliveInterval);
    }
  }

  // A reader that went away is no reason to end.
  static void Write(const internal::WorkerReport& report) {
    std::cout << ReportLine(report) << std::flush;
  }

  Mutex mutex_;
  CondVar ended_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::string phase_ ABSL_GUARDED_BY(mutex_) = "\n";  // no phase is this
  std::chrono::steady_clock::time_point next_ ABSL_GUARDED_BY(mutex_);
  // Last: it uses all of the above.
  std::thread thread_;
};

int RunWorker(const std::string& dir,
              const std::string& token,
              int64_t memory_bytes) {
  Reporter reporter;
  LimitMemory(memory_bytes);
  const absl::Status status =
      RunAttempt(dir, token, reporter, stop_flag, AttemptProcess::kOwn);
  if (status.ok()) {
    return kWorkerOk;
  }
  reporter.Failure(status);
  std::cerr << "modbound-worker: " << LogText(status) << std::endl;
  return absl::IsCancelled(status) ? kWorkerStopped : kWorkerFailed;
}

int Main(int argc, char** argv) {
  CLI::App app("Runs one attempt directory of a modbound server.");
  std::string dir;
  std::string token;
  pid_t parent = 0;
  int64_t memory_bytes = 0;
  std::string build = WorkerBuild();
  app.set_version_flag("--version", kVersion);
  app.add_option("ATTEMPT_DIR", dir, "Directory written by the server")
      ->required();
  app.add_option("--token", token, "Token of the attempt")->required();
  app.add_option("--parent",
                 parent,
                 "Process id of the starter: exit at once when it is gone");
  app.add_option("--memory_bytes",
                 memory_bytes,
                 "Bytes of data it may have (RLIMIT_DATA); 0 = no limit")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--build", build, "Build of the server: it must be this one");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kWorkerOk : kWorkerUsage;
  }
  if (build != WorkerBuild()) {
    std::cerr << "modbound-worker: the server is of build " << build
              << ", this program of " << WorkerBuild() << std::endl;
    return kWorkerUsage;
  }
  HandleSignals();
  std::set_terminate(OnTerminate);
  VolunteerForOutOfMemory();
  if (!DieWithParent(parent)) {
    std::cerr << "modbound-worker: process " << parent
              << ", which should have started this one, is gone" << std::endl;
    return kWorkerStopped;
  }
  try {
    return RunWorker(dir, token, memory_bytes);
  } catch (const std::system_error& error) {
    // No thread for the reports.
    std::cout << ReportLine(FailureReport(ShortOfMemory())) << std::flush;
    std::cerr << "modbound-worker: " << error.what() << std::endl;
    return kWorkerFailed;
  }
}

}  // namespace
}  // namespace modbound

int main(int argc, char** argv) { return modbound::Main(argc, argv); }

// modbound-worker ATTEMPT_DIR --token TOKEN [--parent PID]
//
// Runs the attempt of one directory in a process of its own, for isolation and
// for machines of a cluster. Progress comes on stdout, one compact JSON object
// (v1::Progress) a line; an error on stderr, in one line. SIGTERM and SIGINT
// stop it; it dies with the thread that started it. Exit codes: 0 result
// written (of a failed analysis too), 1 could not, 2 usage or wrong CPU, 4
// stopped.

#include <google/protobuf/util/json_util.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>

#include "build_info.h"
#include "core/base/error.h"
#include "core/base/mutex.h"
#include "server/executors/attempt.h"

namespace modbound {
namespace {

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kStopped = 4;
constexpr auto kProgressInterval = std::chrono::milliseconds(100);

StopFlag stop_flag;

void StopOnSignal(int) { stop_flag.Stop(); }

void HandleSignals() {
  struct sigaction action {};
  action.sa_handler = StopOnSignal;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  // A reader of progress that went away is no reason to die.
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
}

// False when the parent has died before this could be asked for.
bool DieWithParent(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return parent == 0 || ::getppid() == parent;
}

// Writes a line at most every kProgressInterval, and at each new phase.
class LineSink : public AttemptSink {
 public:
  void Progress(const ProgressUpdate& update) override {
    MutexLock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (update.phase == phase_ && now < next_) {
      return;
    }
    phase_ = update.phase;
    next_ = now + kProgressInterval;
    Write(update);
  }

 private:
  static void Write(const ProgressUpdate& update) {
    v1::Progress progress;
    progress.set_done(update.done);
    progress.set_total(update.total);
    progress.set_unit(update.unit);
    progress.set_phase(update.phase);
    if (update.total > 0) {
      progress.set_fraction(std::clamp(
          static_cast<double>(update.done) / static_cast<double>(update.total),
          0.0,
          1.0));
    }
    progress.mutable_metrics()->insert(update.metrics.begin(),
                                       update.metrics.end());
    std::string line;
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    if (google::protobuf::util::MessageToJsonString(progress, &line, options)
            .ok()) {
      std::cout << line << std::endl;
    }
  }

  Mutex mutex_;
  std::string phase_ ABSL_GUARDED_BY(mutex_) = "\n";  // no phase is this
  std::chrono::steady_clock::time_point next_ ABSL_GUARDED_BY(mutex_);
};

int RunWorker(const std::string& dir, const std::string& token) {
  LineSink sink;
  const absl::Status status = RunAttempt(dir, token, sink, stop_flag);
  if (status.ok()) {
    return kOk;
  }
  std::cerr << "modbound-worker: " << LogText(status) << std::endl;
  return absl::IsCancelled(status) ? kStopped : kFailed;
}

int Main(int argc, char** argv) {
  if (!CpuHasIsa()) {
    std::cerr << "modbound-worker: this build needs a CPU with " << kIsa
              << std::endl;
    return kUsage;
  }
  CLI::App app("Runs one attempt directory of a modbound server.");
  std::string dir;
  std::string token;
  pid_t parent = 0;
  app.set_version_flag("--version", kVersion);
  app.add_option("ATTEMPT_DIR", dir, "Directory written by the server")
      ->required();
  app.add_option("--token", token, "Token of the attempt")->required();
  app.add_option("--parent",
                 parent,
                 "Process id of the starter: exit at once when it is gone");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  HandleSignals();
  if (!DieWithParent(parent)) {
    std::cerr << "modbound-worker: process " << parent
              << ", which should have started this one, is gone" << std::endl;
    return kStopped;
  }
  return RunWorker(dir, token);
}

}  // namespace
}  // namespace modbound

int main(int argc, char** argv) { return modbound::Main(argc, argv); }

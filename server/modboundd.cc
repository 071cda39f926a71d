// The modbound server. Flags: server/rpc/server_options.h. Exit: 0 after
// SIGTERM or SIGINT, 1 for a fault of the machine (also of its disk while it
// runs: whoever supervises it should start it anew), 2 when a flag is refused.

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "build_info.h"
#include "core/base/error.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/sweeper.h"
#include "server/artifacts/upload_store.h"
#include "server/executors/executor.h"
#include "server/jobs/job_queue.h"
#include "server/rpc/file_limit.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/server_log.h"
#include "server/rpc/server_options.h"
#include "server/store/database.h"
#include "spdlog/spdlog.h"

namespace modbound {
namespace {

constexpr std::chrono::milliseconds kStopGrace(500);
// A stop without a store should take no time.
constexpr std::chrono::seconds kFaultGrace(10);

std::atomic<bool> store_failed{false};

// The server can store nothing any more. The main thread learns it as it learns
// of any other end.
void OnStoreFault() {
  store_failed.store(true);
  ::kill(::getpid(), SIGTERM);
}

// Everything of a running server, from the store up; taken down the other way.
struct Service {
  std::unique_ptr<Database> database;
  std::unique_ptr<ArtifactStore> artifacts;
  std::unique_ptr<UploadStore> uploads;
  std::unique_ptr<Sweeper> sweeper;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<JobQueue> queue;
  std::unique_ptr<GrpcServer> server;
};

absl::StatusOr<std::unique_ptr<Service>> StartService(
    const ServerOptions& options) {
  auto service = std::make_unique<Service>();
  MODBOUND_ASSIGN_OR_RETURN(service->database,
                            Database::Open(options.data_dir, OnStoreFault));
  MODBOUND_ASSIGN_OR_RETURN(service->artifacts,
                            ArtifactStore::Open(*service->database));
  // A larger array could not be the input of any job.
  MODBOUND_ASSIGN_OR_RETURN(
      service->uploads,
      UploadStore::Open(
          *service->database, *service->artifacts, options.memory_limit_bytes));
  service->sweeper =
      std::make_unique<Sweeper>(*service->artifacts, *service->uploads);
  service->executor = MakeThreadExecutor();
  JobQueueOptions queue_options;
  queue_options.cores = options.cores;
  queue_options.memory_limit_bytes = options.memory_limit_bytes;
  queue_options.max_lost_attempts = options.max_lost_attempts;
  MODBOUND_ASSIGN_OR_RETURN(service->queue,
                            JobQueue::Open(*service->database,
                                           *service->artifacts,
                                           *service->executor,
                                           queue_options));
  MODBOUND_ASSIGN_OR_RETURN(service->server,
                            GrpcServer::Start(*service->queue,
                                              *service->artifacts,
                                              *service->uploads,
                                              queue_options,
                                              options.listen));
  return service;
}

// Blocked in every thread, so that only sigwait sees them.
sigset_t BlockStopSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  // A limit of file sizes is an error of the write.
  std::signal(SIGXFSZ, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void WaitForSignal(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("event=stopping signal={}", signal);
}

// Jobs first: watchers still see what became of them.
void StopService(Service& service) {
  service.server->AnnounceStop();
  service.queue->Drain();
  service.server->Stop(kStopGrace);
}

int Run(const ServerOptions& options) {
  const sigset_t signals = BlockStopSignals();
  RaiseFileLimit();
  const auto service = StartService(options);
  if (!service.ok()) {
    std::fprintf(stderr, "modboundd: %s\n", LogText(service.status()).c_str());
    return absl::IsFailedPrecondition(service.status()) ? 2 : 1;
  }
  LogGrpc();
  const std::string& address = (*service)->server->address();
  std::printf("listening on %s\n", address.c_str());
  std::fflush(stdout);
  spdlog::info(
      "event=listening address={} data_dir=\"{}\" cores={}"
      " memory_limit_bytes={} version={} isa={}",
      address,
      options.data_dir,
      options.cores,
      options.memory_limit_bytes,
      kVersion,
      kIsa);
  if (options.cores > static_cast<int>(std::thread::hardware_concurrency())) {
    spdlog::warn("event=cores_beyond_machine cores={} machine_cores={}",
                 options.cores,
                 std::thread::hardware_concurrency());
  }
  WaitForSignal(signals);
  // A second signal does not wait for anything.
  std::thread([signals] {
    WaitForSignal(signals);
    ::_exit(1);
  }).detach();
  if (store_failed.load()) {
    std::thread([] {
      std::this_thread::sleep_for(kFaultGrace);
      ::_exit(1);
    }).detach();
  }
  StopService(**service);
  spdlog::info("event=stopped");
  return store_failed.load() ? 1 : 0;
}

int Main(int argc, char** argv) {
  if (!CpuHasIsa()) {
    std::fprintf(stderr,
                 "modboundd: this build needs a CPU with %s, which this one is"
                 " not\n",
                 kIsa);
    return 2;
  }
  const auto line = ParseCommandLine(argc, argv);
  if (!line.ok()) {
    std::fprintf(stderr,
                 "modboundd: %s\n",
                 std::string(line.status().message()).c_str());
    return 2;
  }
  if (!line->text.empty()) {
    std::fputs(line->text.c_str(), stdout);
    return 0;
  }
  ::umask(S_IRWXG | S_IRWXO);
  StartLog(line->options.log_level);
  return Run(line->options);
}

}  // namespace
}  // namespace modbound

int main(int argc, char** argv) { return modbound::Main(argc, argv); }

// The modbound server. Flags: server/rpc/server_options.h. Exit: 0 after
// SIGTERM or SIGINT, or when a `modboundd token` command is done; 1 for a fault
// of the machine (also of its disk while it runs: whoever supervises it should
// start it anew) or a job that does not stop, 2 when a flag is refused.

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
#include "server/artifacts/upload_store.h"
#include "server/auth/audit_log.h"
#include "server/auth/revoked_certificates.h"
#include "server/auth/tls_files.h"
#include "server/auth/token_command.h"
#include "server/executors/process_executor.h"
#include "server/files/periodic_task.h"
#include "server/jobs/job_queue.h"
#include "server/metrics/metrics.h"
#include "server/metrics/metrics_endpoint.h"
#include "server/rpc/file_limit.h"
#include "server/rpc/give_back_memory.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/server_log.h"
#include "server/rpc/server_options.h"
#include "server/rpc/store_command.h"
#include "server/store/database.h"
#include "spdlog/spdlog.h"

namespace modbound {
namespace {

constexpr std::chrono::milliseconds kStopGrace(500);
constexpr std::chrono::hours kSweepInterval(1);
constexpr std::chrono::seconds kCleanUpInterval(10);
constexpr std::chrono::milliseconds kReadinessInterval(500);
constexpr std::chrono::seconds kMemoryInterval(5);
// Attempts that have not ended so long after they were told to hang. Below what
// a supervisor waits before it kills (deploy/systemd, README's podman run).
constexpr std::chrono::seconds kDrainGrace(30);
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
  Metrics metrics;
  std::unique_ptr<Database> database;
  std::unique_ptr<ArtifactStore> artifacts;
  std::unique_ptr<UploadStore> uploads;
  std::unique_ptr<PeriodicTask> sweep;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<JobQueue> queue;
  std::unique_ptr<PeriodicTask> clean_up;
  std::unique_ptr<PeriodicTask> forget_requests;
  std::unique_ptr<AuditLog> audit;
  std::unique_ptr<RevokedCertificates> revoked;
  std::unique_ptr<GrpcServer> server;
  std::unique_ptr<PeriodicTask> look_at_readiness;
  std::unique_ptr<PeriodicTask> give_back_memory;
  std::unique_ptr<MetricsEndpoint> metrics_endpoint;

  // Are new jobs taken?
  bool ready() const {
    return !store_failed.load() && artifacts->CheckRoom("", 0).ok();
  }
};

// Nothing is counted that nobody asks for.
OnCallEnded CallMetrics(Service& service, const ServerOptions& options) {
  if (options.metrics_listen.empty()) {
    return {};
  }
  return [&metrics = service.metrics](
             const std::string& method, int code, double seconds) {
    metrics.CallEnded(method, code, seconds);
  };
}

Metrics::Sources SourcesOf(const Service& service,
                           const ServerOptions& options) {
  return {[&service] { return service.queue->State(); },
          [&service] { return service.artifacts->StoredBytes(); },
          [&service] { return service.ready(); },
          options.data_dir};
}

absl::StatusOr<std::unique_ptr<Service>> StartService(
    const ServerOptions& options) {
  if (options.worker != WorkerUse::kNever) {
    MODBOUND_RETURN_IF_ERROR(
        CheckWorkerProgram(options.worker_options.program));
  }
  // Before anything is made on the disk.
  if (!options.metrics_listen.empty()) {
    MODBOUND_RETURN_IF_ERROR(
        MetricsEndpoint::CheckAddress(options.metrics_listen));
  }
  Security security;
  MODBOUND_ASSIGN_OR_RETURN(security.tls, ReadTlsFiles(options.tls));
  auto service = std::make_unique<Service>();
  if (!options.client_crl.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(
        service->revoked,
        RevokedCertificates::Open(options.client_crl, security.tls.client_ca));
    security.revoked = service->revoked.get();
  }
  MODBOUND_ASSIGN_OR_RETURN(service->database,
                            Database::Open(options.data_dir, OnStoreFault));
  MODBOUND_ASSIGN_OR_RETURN(
      service->artifacts,
      ArtifactStore::Open(*service->database, options.stored_bytes));
  // A larger array could not be the input of any job.
  MODBOUND_ASSIGN_OR_RETURN(
      service->uploads,
      UploadStore::Open(
          *service->database, *service->artifacts, options.memory_limit_bytes));
  service->sweep = std::make_unique<PeriodicTask>(
      "sweep", kSweepInterval, [&store = *service] {
        store.uploads->RemoveOld();
        return store.artifacts->Sweep();
      });
  service->executor = MakeExecutor(options.worker, options.worker_options);
  JobQueueOptions queue_options;
  queue_options.cores = options.cores;
  queue_options.memory_limit_bytes = options.memory_limit_bytes;
  queue_options.max_lost_attempts = options.max_lost_attempts;
  queue_options.retention_seconds =
      static_cast<double>(options.retention_us) * 1e-6;
  queue_options.usage_half_life = options.usage_half_life_hours * 3600;
  queue_options.max_running_per_owner = options.max_running_per_owner;
  queue_options.max_open_per_owner = options.max_open_per_owner;
  queue_options.checkpoint_seconds = options.checkpoint_seconds;
  queue_options.max_worker_attempts = options.max_worker_attempts;
  if (!options.metrics_listen.empty()) {
    queue_options.on_change =
        [&metrics = service->metrics](const StateChange& change) {
          metrics.JobChanged(change);
        };
  }
  MODBOUND_ASSIGN_OR_RETURN(service->queue,
                            JobQueue::Open(*service->database,
                                           *service->artifacts,
                                           *service->executor,
                                           queue_options));
  service->clean_up = std::make_unique<PeriodicTask>(
      "clean_up", kCleanUpInterval, [&store = *service] {
        return store.queue->CleanUp();
      });
  service->forget_requests = std::make_unique<PeriodicTask>(
      "forget_requests", kSweepInterval, [&store = *service] {
        return store.queue->ForgetOldRequests();
      });
  service->audit = std::make_unique<AuditLog>(options.data_dir);
  security.require_tokens = options.require_tokens;
  security.tokens = service->database.get();
  security.audit = service->audit.get();
  ServerLimits limits;
  limits.max_requests_per_second = options.max_requests_per_second;
  limits.max_streams_per_owner = options.max_streams_per_owner;
  MODBOUND_ASSIGN_OR_RETURN(service->server,
                            GrpcServer::Start(*service->queue,
                                              *service->artifacts,
                                              *service->uploads,
                                              queue_options,
                                              options.listen,
                                              limits,
                                              security,
                                              CallMetrics(*service, options)));
  service->server->SetReady(service->ready());
  service->look_at_readiness = std::make_unique<PeriodicTask>(
      "look_at_readiness", kReadinessInterval, [&store = *service] {
        store.server->SetReady(store.ready());
        return absl::OkStatus();
      });
  service->give_back_memory =
      std::make_unique<PeriodicTask>("give_back_memory", kMemoryInterval, [] {
        GiveBackMemory();
        return absl::OkStatus();
      });
  if (!options.metrics_listen.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(
        service->metrics_endpoint,
        MetricsEndpoint::Start(
            options.metrics_listen,
            service->metrics.Collectables(SourcesOf(*service, options))));
    spdlog::info("event=metrics address={}",
                 service->metrics_endpoint->address());
  }
  return service;
}

// Blocked in every thread, so that only sigwait sees them.
sigset_t BlockStopSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  // A limit of file sizes is an error of the write.
  std::signal(SIGXFSZ, SIG_IGN);
  // Whoever ignores this one, and had us started so, could not wait for
  // workers.
  std::signal(SIGCHLD, SIG_DFL);
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

// Jobs first: watchers still see what became of them. False: attempts hang, and
// nothing more of the service can be taken down.
bool StopService(Service& service) {
  service.server->AnnounceStop();
  if (!service.queue->DrainWithin(kDrainGrace)) {
    return false;
  }
  service.server->Stop(kStopGrace);
  return true;
}

// A flag, or the folder that it names, is refused; all else is the machine's
// fault.
int ExitCodeOf(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status)
             ? 2
             : 1;
}

int RunToken(const ServerOptions& options, const TokenCommand& command) {
  const absl::StatusOr<std::string> text =
      RunTokenCommand(options.data_dir, command);
  if (!text.ok()) {
    std::fprintf(stderr, "modboundd: %s\n", LogText(text.status()).c_str());
    // The id that was given may be wrong.
    return absl::IsNotFound(text.status()) ? 2 : ExitCodeOf(text.status());
  }
  std::fputs(text->c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int RunVerifyCommand(const ServerOptions& options) {
  const absl::StatusOr<VerifyOutcome> outcome = RunVerify(options.data_dir);
  if (!outcome.ok()) {
    std::fprintf(stderr, "modboundd: %s\n", LogText(outcome.status()).c_str());
    return ExitCodeOf(outcome.status());
  }
  std::fputs(outcome->text.c_str(), stdout);
  return std::fflush(stdout) == 0 && outcome->sound ? 0 : 1;
}

int RunBackupCommand(const ServerOptions& options, const std::string& target) {
  const absl::Status status = RunBackup(options.data_dir, target);
  if (!status.ok()) {
    std::fprintf(stderr, "modboundd: %s\n", LogText(status).c_str());
    return ExitCodeOf(status);
  }
  std::printf("backup of %s in %s\n", options.data_dir.c_str(), target.c_str());
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int Run(const ServerOptions& options) {
  const sigset_t signals = BlockStopSignals();
  RaiseFileLimit();
  const auto service = StartService(options);
  if (!service.ok()) {
    std::fprintf(stderr, "modboundd: %s\n", LogText(service.status()).c_str());
    return ExitCodeOf(service.status());
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
  if (!StopService(**service)) {
    // Their jobs go on at the next start, as after a crash.
    spdlog::error("event=stopped_by_force");
    ::_exit(1);
  }
  spdlog::info("event=stopped");
  return store_failed.load() ? 1 : 0;
}

int Main(int argc, char** argv) {
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
  if (line->token.has_value()) {
    return RunToken(line->options, *line->token);
  }
  if (line->verify) {
    return RunVerifyCommand(line->options);
  }
  if (!line->backup.empty()) {
    return RunBackupCommand(line->options, line->backup);
  }
  return Run(line->options);
}

}  // namespace
}  // namespace modbound

int main(int argc, char** argv) { return modbound::Main(argc, argv); }

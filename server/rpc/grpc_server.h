#ifndef MODBOUND_SERVER_RPC_GRPC_SERVER_H_
#define MODBOUND_SERVER_RPC_GRPC_SERVER_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "server/artifacts/artifact_store.h"
#include "server/artifacts/upload_store.h"
#include "server/jobs/job_queue.h"
#include "server/rpc/admission.h"
#include "server/rpc/artifact_service.h"
#include "server/rpc/call_meter.h"
#include "server/rpc/job_service.h"
#include "server/rpc/listen_address.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/security.h"
#include "server/rpc/server_limits.h"
#include "server/rpc/server_service.h"
#include "server/rpc/worker_pool.h"

namespace modbound {

// The services behind one address, with grpc.health.v1 and reflection. Threads:
// safe from any.
class GrpcServer {
 public:
  // Listens; from then on calls are answered. `queue`, `artifacts` and
  // `uploads` must outlive the server; `options` are the queue's. An address
  // that other machines reach needs `security` (CheckExposure). Errors:
  // kFailedPrecondition when the address is taken or cannot be bound.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      JobQueue& queue,
      ArtifactStore& artifacts,
      UploadStore& uploads,
      const JobQueueOptions& options,
      const ListenAddress& address,
      const ServerLimits& limits = {},
      const Security& security = {},
      OnCallEnded on_call_ended = {});
  // Stop, if that has not been.
  ~GrpcServer();

  // As clients name it: "127.0.0.1:50061" with the port that was chosen,
  // "unix:/run/modbound.sock".
  const std::string& address() const { return address_; }

  // Health of service "" says that the server lives; that of service "ready",
  // whether it takes new jobs: as set here, and not any more after
  // AnnounceStop.
  void SetReady(bool ready);
  // Health of everything becomes NOT_SERVING; calls are still answered.
  void AnnounceStop();
  // Ends open streams with SERVER_STOPPING, takes no more calls, waits up to
  // `grace` for those that go on, breaks off the rest.
  void Stop(std::chrono::milliseconds grace);

 private:
  GrpcServer(JobQueue& queue,
             ArtifactStore& artifacts,
             UploadStore& uploads,
             const JobQueueOptions& options,
             const ListenAddress& address,
             const ServerLimits& limits,
             const Security& security,
             OnCallEnded on_call_ended);
  std::shared_ptr<grpc::ServerCredentials> Credentials(
      const ListenAddress& address);
  absl::Status Listen(const ListenAddress& address);

  const Security security_;
  const OnCallEnded on_call_ended_;
  Admission admission_;
  WorkerPools pools_;
  OpenStreams streams_;
  JobService jobs_;
  ArtifactService artifacts_;
  ServerService server_info_;
  std::string address_;
  std::string socket_path_;  // of a Unix socket
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_GRPC_SERVER_H_

#include "server/rpc/grpc_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "server/rpc/message.h"

namespace modbound {
namespace {

// gRPC itself refuses messages beyond this, without details; between
// kMaxMessageBytes and this, ReadMessage refuses them with details.
constexpr int kGrpcReceiveBytes = 4 * static_cast<int>(kMaxMessageBytes);
constexpr size_t kQuotaBytes = size_t{512} << 20;
// How exactly the time of an idle stream is kept.
constexpr int kTicksUntilIdle = 20;
// For reflection, the only service that takes a thread a call.
constexpr int kMaxSyncThreads = 8;

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kGrpcReceiveBytes);
  builder.SetResourceQuota(grpc::ResourceQuota("modboundd")
                               .Resize(kQuotaBytes)
                               .SetMaxThreads(kMaxSyncThreads));
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
  // Two servers would share a port without a word.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Clients may ask every few seconds whether we live, also without a call; by
  // default gRPC would hang up on them.
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Finds clients that vanished without a word, so that their streams end.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * 1000);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    JobQueue& queue,
    ArtifactStore& artifacts,
    UploadStore& uploads,
    const JobQueueOptions& options,
    const ListenAddress& address,
    const ServerLimits& limits) {
  std::unique_ptr<GrpcServer> server(
      new GrpcServer(queue, artifacts, uploads, options, limits));
  MODBOUND_RETURN_IF_ERROR(server->Listen(address));
  return server;
}

GrpcServer::GrpcServer(JobQueue& queue,
                       ArtifactStore& artifacts,
                       UploadStore& uploads,
                       const JobQueueOptions& options,
                       const ServerLimits& limits)
    : pools_(limits.waiting_requests),
      streams_(limits.upload_idle / kTicksUntilIdle),
      jobs_(queue, streams_, pools_),
      artifacts_(queue, artifacts, uploads, streams_, pools_, limits),
      server_info_(queue, options) {}

GrpcServer::~GrpcServer() { Stop(std::chrono::milliseconds(0)); }

absl::Status GrpcServer::Listen(const ListenAddress& address) {
  MODBOUND_RETURN_IF_ERROR(FreeStaleSocket(address));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetLimits(builder);
  builder.RegisterService(&jobs_);
  builder.RegisterService(&artifacts_);
  builder.RegisterService(&server_info_);
  int port = 0;
  builder.AddListeningPort(
      address.ForGrpc(), grpc::InsecureServerCredentials(), &port);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return MakeError(absl::StatusCode::kFailedPrecondition,
                     "OUT_OF_RANGE",
                     "listen",
                     absl::StrCat("cannot listen on ",
                                  address.Text(),
                                  ": it is taken, or not an address of this"
                                  " machine"));
  }
  if (address.is_unix()) {
    socket_path_ = address.host;
    ::chmod(socket_path_.c_str(), S_IRUSR | S_IWUSR);
    address_ = address.Text();
  } else {
    address_ = ListenAddress{address.host, port}.Text();
  }
  return absl::OkStatus();
}

void GrpcServer::AnnounceStop() {
  if (server_ != nullptr) {
    server_->GetHealthCheckService()->SetServingStatus(false);
  }
}

void GrpcServer::Stop(std::chrono::milliseconds grace) {
  if (server_ == nullptr) {
    return;
  }
  AnnounceStop();
  streams_.Stop();
  server_->Shutdown(std::chrono::system_clock::now() + grace);
  server_->Wait();
  server_.reset();
  if (!socket_path_.empty()) {
    ::unlink(socket_path_.c_str());
  }
}

}  // namespace modbound

#include "server/rpc/grpc_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/auth_metadata_processor.h"
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
  // Names, tokens and request ids; all of it is held before a call is looked
  // at.
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 8 * 1024);
  // A connection that says nothing sensible, or nothing at all.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 20 * 1000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 30 * 60 * 1000);
  // Clients may ask every few seconds whether we live, also without a call; by
  // default gRPC would hang up on them.
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Finds clients that vanished without a word, so that their streams end.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * 1000);
}

// Keeps callers without a name from what gRPC brings along: reflection. Our own
// services look themselves, with more to say about what is wrong.
class Doorkeeper final : public grpc::AuthMetadataProcessor {
 public:
  explicit Doorkeeper(Admission& admission) : admission_(admission) {}
  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata,
                       grpc::AuthContext* connection,
                       OutputMetadata* /*consumed*/,
                       OutputMetadata* /*response*/) override {
    const auto path = metadata.find(":path");
    if (path == metadata.end()) {
      return {grpc::StatusCode::UNAUTHENTICATED, "the call has no path"};
    }
    const std::string name(path->second.data(), path->second.size());
    if (IsRpc(name)) {
      return grpc::Status::OK;
    }
    const absl::Status status =
        admission_.AdmitPath(name, metadata, connection);
    return {static_cast<grpc::StatusCode>(status.code()),
            std::string(status.message())};
  }

 private:
  Admission& admission_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    JobQueue& queue,
    ArtifactStore& artifacts,
    UploadStore& uploads,
    const JobQueueOptions& options,
    const ListenAddress& address,
    const ServerLimits& limits,
    const Security& security,
    OnCallEnded on_call_ended) {
  std::unique_ptr<GrpcServer> server(new GrpcServer(queue,
                                                    artifacts,
                                                    uploads,
                                                    options,
                                                    address,
                                                    limits,
                                                    security,
                                                    std::move(on_call_ended)));
  MODBOUND_RETURN_IF_ERROR(server->Listen(address));
  return server;
}

GrpcServer::GrpcServer(JobQueue& queue,
                       ArtifactStore& artifacts,
                       UploadStore& uploads,
                       const JobQueueOptions& options,
                       const ListenAddress& address,
                       const ServerLimits& limits,
                       const Security& security,
                       OnCallEnded on_call_ended)
    : security_(security),
      on_call_ended_(std::move(on_call_ended)),
      admission_(security, address.is_local(), limits),
      pools_(limits.waiting_requests),
      streams_(limits.upload_idle / kTicksUntilIdle),
      jobs_(queue, admission_, streams_, pools_),
      artifacts_(
          queue, admission_, artifacts, uploads, streams_, pools_, limits),
      server_info_(queue, admission_, options) {}

GrpcServer::~GrpcServer() { Stop(std::chrono::milliseconds(0)); }

std::shared_ptr<grpc::ServerCredentials> GrpcServer::Credentials(
    const ListenAddress& address) {
  std::shared_ptr<grpc::ServerCredentials> credentials;
  if (security_.tls.enabled()) {
    const bool mutual = !security_.tls.client_ca.empty();
    // TLS 1.2 is the least that gRPC's credentials speak.
    grpc::SslServerCredentialsOptions options(
        mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
               : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    options.pem_key_cert_pairs.push_back(
        {security_.tls.key, security_.tls.cert});
    options.pem_root_certs = security_.tls.client_ca;
    credentials = grpc::SslServerCredentials(options);
  } else if (security_.require_tokens) {
    // The same bytes on the wire as without credentials, which take no
    // processor.
    credentials = grpc::experimental::LocalServerCredentials(
        address.is_unix() ? UDS : LOCAL_TCP);
  } else {
    return grpc::InsecureServerCredentials();
  }
  credentials->SetAuthMetadataProcessor(
      std::make_shared<Doorkeeper>(admission_));
  return credentials;
}

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
  builder.AddListeningPort(address.ForGrpc(), Credentials(address), &port);
  if (on_call_ended_) {
    builder.experimental().SetInterceptorCreators(MeterCalls(on_call_ended_));
  }
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

void GrpcServer::SetReady(bool ready) {
  if (server_ != nullptr) {
    // Without effect after AnnounceStop.
    server_->GetHealthCheckService()->SetServingStatus("ready", ready);
  }
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

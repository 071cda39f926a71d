#ifndef MODBOUND_CLIENT_CLI_CONNECTION_H_
#define MODBOUND_CLIENT_CLI_CONNECTION_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/check_text.h"
#include "client/cli/credentials.h"
#include "client/cli/error.h"
#include "grpcpp/client_context.h"
#include "modbound/v1/artifact.grpc.pb.h"
#include "modbound/v1/job.grpc.pb.h"
#include "modbound/v1/server.grpc.pb.h"

namespace modbound {

// kInvalidArgument unless `address` is HOST:PORT, [IPv6]:PORT or unix:PATH.
absl::Status CheckAddress(const std::string& address);

// Whether a stream broke rather than was refused. What the server itself
// refuses carries a reason; a stream that its shutdown or the network cut may
// end with any of UNAVAILABLE, CANCELLED, INTERNAL, UNKNOWN and
// DEADLINE_EXCEEDED.
bool IsBrokenStream(const absl::Status& error);

// Whether the connection failed because one side did not take the other's
// certificate: trying again is of no use.
bool IsRefusedHandshake(const absl::Status& error);

// What breaks or comes damaged is asked for again, so often without progress;
// a server that went away during a job is waited for longer (Outage).
inline constexpr int kStreamAttempts = 5;
inline constexpr std::chrono::milliseconds kMostStreamPause{2000};

// Growing pauses between attempts: 100 ms, doubled up to `most`.
class Backoff {
 public:
  explicit Backoff(std::chrono::milliseconds most) : most_(most) {}
  std::chrono::milliseconds Next();
  void Reset() { next_ = kFirst; }

 private:
  static constexpr std::chrono::milliseconds kFirst{100};
  std::chrono::milliseconds most_;
  std::chrono::milliseconds next_ = kFirst;
};

// One server. Threads: calls may be made from several at once.
class Connection {
 public:
  // `patience`: see patience(). Errors: those of CheckAddress and OpenChannel.
  // Nothing is sent yet.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(
      const std::string& address,
      const IdentityFiles& files,
      std::chrono::seconds patience);

  v1::JobService::Stub& jobs() { return *jobs_; }
  v1::ArtifactService::Stub& artifacts() { return *artifacts_; }
  v1::ServerService::Stub& server() { return *server_; }

  // One unary call: (stub.*method)(context, request, &response). A server that
  // cannot be reached is tried again for about three seconds: every call of the
  // contract may be repeated safely (submits carry a request id); so is a call
  // refused for its owner's rate.
  // Errors: the server's; kUnavailable names the address; those of CheckText.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(
      Stub& stub,
      grpc::Status (Stub::*method)(grpc::ClientContext*,
                                   const Request&,
                                   Response*),
      const Request& request) {
    MODBOUND_RETURN_IF_ERROR(CheckText(request));
    Response response;
    MODBOUND_RETURN_IF_ERROR(
        Repeat([&](grpc::ClientContext& context) -> grpc::Status {
          response.Clear();
          return (stub.*method)(&context, request, &response);
        }));
    return response;
  }

  // How long work that has begun waits for a server that went away.
  std::chrono::seconds patience() const { return patience_; }

  // `status` with the server's address when it is the connection that failed.
  absl::Status Explain(const grpc::Status& status) const;

 private:
  Connection(const std::string& address,
             const std::shared_ptr<grpc::Channel>& channel,
             std::chrono::seconds patience);

  absl::Status Repeat(
      const std::function<grpc::Status(grpc::ClientContext&)>& attempt);

  std::string address_;
  std::chrono::seconds patience_;
  std::unique_ptr<v1::JobService::Stub> jobs_;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts_;
  std::unique_ptr<v1::ServerService::Stub> server_;
};

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_CONNECTION_H_

#include "client/cli/connection.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <thread>

#include "grpcpp/support/channel_arguments.h"

namespace modbound {
namespace {

constexpr int kCallAttempts = 6;
constexpr std::chrono::milliseconds kMostCallPause{1000};
constexpr std::chrono::seconds kCallTime{60};

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  // gRPC itself would wait up to two minutes before it looks for a restarted
  // server again.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  // A server of the lab is not behind the proxy of the web.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Notices a machine that vanished; servers refuse pings more often than every
  // five minutes.
  constexpr int kSixMinutes = 6 * 60 * 1000;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kSixMinutes);
  return arguments;
}

}  // namespace

absl::Status CheckAddress(const std::string& address) {
  constexpr std::string_view kUnix = "unix:";
  if (address.rfind(kUnix, 0) == 0 && address.size() > kUnix.size()) {
    return absl::OkStatus();
  }
  const size_t colon = address.rfind(':');
  if (colon != std::string::npos && colon > 0) {
    const std::string_view host = std::string_view(address).substr(0, colon);
    const bool bracketed = host.front() == '[' && host.back() == ']';
    int port = 0;
    const char* end = address.data() + address.size();
    const auto [stop, error] =
        std::from_chars(address.data() + colon + 1, end, port);
    if (error == std::errc() && stop == end && port >= 1 && port <= 65535 &&
        (bracketed || host.find_first_of(":/ ") == std::string_view::npos)) {
      return absl::OkStatus();
    }
  }
  return UsageError("server \"" + address +
                    "\" is neither HOST:PORT nor unix:PATH");
}

bool IsRefusedHandshake(const absl::Status& error) {
  // gRPC has no code for it; words of its own and of OpenSSL.
  const std::string message = MessageOf(error);
  return absl::IsUnavailable(error) && ReasonOf(error).empty() &&
         (message.find("handshake failed") != std::string::npos ||
          message.find("CERTIFICATE_VERIFY_FAILED") != std::string::npos ||
          message.find("Hostname Verification") != std::string::npos ||
          message.find("not in peer certificate") != std::string::npos);
}

bool IsBrokenStream(const absl::Status& error) {
  return (absl::IsUnavailable(error) && !IsRefusedHandshake(error)) ||
         (ReasonOf(error).empty() &&
          (absl::IsCancelled(error) || absl::IsInternal(error) ||
           absl::IsUnknown(error) || absl::IsDeadlineExceeded(error)));
}

std::chrono::milliseconds Backoff::Next() {
  const std::chrono::milliseconds pause = std::min(next_, most_);
  next_ = std::min(2 * next_, most_);
  return pause;
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(
    const std::string& address,
    const IdentityFiles& files,
    std::chrono::seconds patience) {
  MODBOUND_RETURN_IF_ERROR(CheckAddress(address));
  MODBOUND_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                            OpenChannel(address, files, Arguments()));
  return std::unique_ptr<Connection>(
      new Connection(address, channel, patience));
}

Connection::Connection(const std::string& address,
                       const std::shared_ptr<grpc::Channel>& channel,
                       std::chrono::seconds patience)
    : address_(address), patience_(patience) {
  jobs_ = v1::JobService::NewStub(channel);
  artifacts_ = v1::ArtifactService::NewStub(channel);
  server_ = v1::ServerService::NewStub(channel);
}

absl::Status Connection::Explain(const grpc::Status& status) const {
  absl::Status error = FromGrpc(status);
  if (error.ok() || !ReasonOf(error).empty()) {
    return error;
  }
  if (IsRefusedHandshake(error)) {
    return WithExitCode(
        WithContext(error,
                    "no TLS connection to the server at " + address_ +
                        ": a certificate was not taken"),
        kExitAuthentication);
  }
  if (error.code() == absl::StatusCode::kUnavailable ||
      error.code() == absl::StatusCode::kDeadlineExceeded) {
    return WithContext(error, "no answer from the server at " + address_);
  }
  return error;
}

absl::Status Connection::Repeat(
    const std::function<grpc::Status(grpc::ClientContext&)>& attempt) {
  Backoff backoff(kMostCallPause);
  for (int i = 1;; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCallTime);
    const grpc::Status status = attempt(context);
    absl::Status error = Explain(status);
    const bool again = (absl::IsUnavailable(error) &&
                        ExitCodeOf(error) != kExitAuthentication) ||
                       ReasonOf(error) == "RATE_LIMITED";
    if (!again || i == kCallAttempts) {
      return error;
    }
    std::this_thread::sleep_for(backoff.Next());
  }
}

}  // namespace modbound

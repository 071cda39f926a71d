#include "server/rpc/admission.h"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "grpc/grpc_security_constants.h"
#include "server/auth/owner_name.h"
#include "server/auth/token.h"
#include "server/errors/quota_error.h"
#include "server/store/wall_time.h"

namespace modbound {
namespace {

// What an owner may save up: seconds of the rate.
constexpr double kBurstSeconds = 2;
constexpr double kRefusalsPerSecond = 0.5;
constexpr double kRefusalBurst = 50;

absl::Status Unauthenticated(const char* message) {
  return MakeError(
      absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "", message);
}

absl::Status RevokedCertificate() {
  return Unauthenticated("the client's certificate was revoked");
}

std::string TextOf(const grpc::string_ref& text) {
  return {text.data(), text.size()};
}

// The token of the call; nothing when none came.
absl::StatusOr<std::optional<std::string>> BearerToken(
    const Admission::Metadata& metadata) {
  const auto [begin, end] = metadata.equal_range("authorization");
  if (begin == end) {
    return std::optional<std::string>();
  }
  constexpr char kScheme[] = "bearer ";
  const std::string value = TextOf(begin->second);
  if (std::next(begin) != end || !absl::StartsWithIgnoreCase(value, kScheme)) {
    return Unauthenticated(
        "the metadata `authorization` must be `Bearer TOKEN`, once");
  }
  return std::optional<std::string>(value.substr(sizeof(kScheme) - 1));
}

std::vector<std::string> Property(const grpc::AuthContext* connection,
                                  const char* name) {
  std::vector<std::string> values;
  if (connection != nullptr) {
    for (const grpc::string_ref& value : connection->FindPropertyValues(name)) {
      // A certificate without a name has an empty one.
      if (!value.empty()) {
        values.push_back(TextOf(value));
      }
    }
  }
  return values;
}

// Without the port: the machine.
std::string MachineOf(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

std::string VerdictOf(const absl::Status& status) {
  return status.ok() ? "OK"
                     : absl::StrCat(absl::StatusCodeToString(status.code()),
                                    " ",
                                    ReasonOf(status));
}

}  // namespace

absl::Status Caller::CheckAgain() const {
  return admission == nullptr ? absl::OkStatus() : admission->CheckAgain(*this);
}

Admission::Admission(const Security& security,
                     bool local_alone,
                     const ServerLimits& limits)
    : security_(security),
      local_alone_(local_alone),
      requests_(limits.max_requests_per_second,
                limits.max_requests_per_second * kBurstSeconds),
      streams_(limits.max_streams_per_owner),
      refusals_(kRefusalsPerSecond, kRefusalBurst) {}

absl::StatusOr<Caller> Admission::Identify(const Metadata& metadata,
                                           const grpc::AuthContext* connection,
                                           const std::string& peer) const {
  MODBOUND_ASSIGN_OR_RETURN(const std::optional<std::string> token,
                            BearerToken(metadata));
  // gRPC sets it only for a certificate that it has verified.
  const bool has_certificate =
      !security_.tls.client_ca.empty() &&
      !Property(connection, GRPC_X509_PEM_CERT_PROPERTY_NAME).empty();
  absl::StatusOr<std::string> certificate_owner = std::string();
  std::string revocable;
  if (has_certificate) {
    if (security_.revoked != nullptr) {
      revocable =
          Property(connection, GRPC_X509_PEM_CERT_PROPERTY_NAME).front();
      if (security_.revoked->Contains(revocable)) {
        return RevokedCertificate();
      }
    }
    certificate_owner =
        OwnerOfCertificate(Property(connection, GRPC_X509_CN_PROPERTY_NAME),
                           Property(connection, GRPC_PEER_DNS_PROPERTY_NAME),
                           Property(connection, GRPC_PEER_EMAIL_PROPERTY_NAME));
  }
  Caller caller;
  if (token.has_value()) {
    MODBOUND_ASSIGN_OR_RETURN(
        caller,
        ByToken(*token,
                certificate_owner.ok() ? *certificate_owner : "",
                has_certificate));
  } else if (security_.require_tokens) {
    return Unauthenticated("this server wants a token with every call");
  } else if (has_certificate) {
    MODBOUND_RETURN_IF_ERROR(certificate_owner.status());
    caller.owner = *std::move(certificate_owner);
  } else if (local_alone_) {
    caller.owner = kLocalOwner;
  } else {
    return Unauthenticated("this server wants a token or a certificate");
  }
  caller.certificate = std::move(revocable);
  caller.peer = peer;
  caller.admission = this;
  return caller;
}

absl::StatusOr<Caller> Admission::ByToken(const std::string& token,
                                          const std::string& certificate_owner,
                                          bool has_certificate) const {
  if (security_.tokens == nullptr) {
    return Unauthenticated("the token is not valid");
  }
  TokenRow row;
  MODBOUND_RETURN_IF_ERROR(
      security_.tokens->Read([&](Connection& connection) -> absl::Status {
        MODBOUND_ASSIGN_OR_RETURN(row,
                                  CheckToken(connection, token, WallMicros()));
        return absl::OkStatus();
      }));
  if (!row.certificate.empty() &&
      (!has_certificate || row.certificate != certificate_owner)) {
    return MakeError(absl::StatusCode::kPermissionDenied,
                     "PERMISSION_DENIED",
                     "",
                     "the token is bound to another client certificate");
  }
  Caller caller;
  caller.owner = row.owner;
  caller.token_id = row.id;
  return caller;
}

Admitted Admission::Refuse(absl::Status status,
                           const Metadata& metadata,
                           const std::string& peer,
                           const char* path) {
  Admitted refused;
  refused.slow =
      !refusals_.Take(MachineOf(peer), std::chrono::steady_clock::now());
  if (refused.slow) {
    not_noted_.fetch_add(1);
  } else if (security_.audit != nullptr) {
    const auto token = BearerToken(metadata);
    security_.audit->Add(
        "refused",
        {{"peer", peer},
         {"rpc", path},
         {"token",
          token.ok() && token->has_value() ? TokenId(**token) : std::string()},
         {"not_noted", absl::StrCat(not_noted_.exchange(0))},
         {"verdict", VerdictOf(status)},
         {"message", std::string(status.message())}});
  }
  refused.status = std::move(status);
  return refused;
}

Admitted Admission::Admit(const grpc::CallbackServerContext& context, Rpc rpc) {
  Admitted admitted;
  if (AccessOf(rpc) == Access::kPublic) {
    admitted.caller.peer = context.peer();
    return admitted;
  }
  const auto connection = context.auth_context();
  absl::StatusOr<Caller> caller =
      Identify(context.client_metadata(), connection.get(), context.peer());
  if (!caller.ok()) {
    return Refuse(caller.status(),
                  context.client_metadata(),
                  context.peer(),
                  PathOf(rpc));
  }
  if (!requests_.Take(caller->owner, std::chrono::steady_clock::now())) {
    const auto limit = static_cast<int64_t>(requests_.per_second());
    admitted.status = QuotaError("RATE_LIMITED",
                                 {caller->owner,
                                  "requests a second",
                                  limit,
                                  limit,
                                  1,
                                  "max_requests_per_second"},
                                 "try again in a moment");
    return admitted;
  }
  admitted.caller = *std::move(caller);
  return admitted;
}

Admitted Admission::AdmitStream(const grpc::CallbackServerContext& context,
                                Rpc rpc) {
  Admitted admitted = Admit(context, rpc);
  if (admitted.ok()) {
    admitted.caller.place = streams_.Open(admitted.caller.owner);
    if (admitted.caller.place == nullptr) {
      admitted.status = QuotaError("TOO_MANY",
                                   {admitted.caller.owner,
                                    "open streams",
                                    streams_.limit(),
                                    streams_.limit(),
                                    1,
                                    "max_streams_per_owner"});
    }
  }
  return admitted;
}

absl::Status Admission::AdmitPath(const std::string& path,
                                  const Metadata& metadata,
                                  const grpc::AuthContext* connection) {
  if (AccessOfPath(path) == Access::kPublic) {
    return absl::OkStatus();
  }
  const absl::StatusOr<Caller> caller = Identify(metadata, connection, "");
  return caller.ok()
             ? absl::OkStatus()
             : Refuse(caller.status(), metadata, "reflection", path.c_str())
                   .status;
}

absl::Status Admission::CheckAgain(const Caller& caller) const {
  if (!caller.certificate.empty() &&
      security_.revoked->Contains(caller.certificate)) {
    return RevokedCertificate();
  }
  if (caller.token_id.empty()) {
    return absl::OkStatus();
  }
  return security_.tokens->Read([&](Connection& connection) {
    return CheckTokenId(connection, caller.token_id, WallMicros());
  });
}

void Admission::Note(const char* event,
                     const Caller& caller,
                     const std::string& request_id,
                     const std::string& job,
                     int64_t count,
                     const absl::Status& verdict) const {
  if (security_.audit == nullptr) {
    return;
  }
  security_.audit->Add(event,
                       {{"owner", caller.owner},
                        {"peer", caller.peer},
                        {"token", caller.token_id},
                        {"request_id", request_id.substr(0, 128)},
                        {"job", job.substr(0, 128)},
                        {"jobs", absl::StrCat(count)},
                        {"verdict", VerdictOf(verdict)}});
}

}  // namespace modbound

#ifndef MODBOUND_SERVER_RPC_ADMISSION_H_
#define MODBOUND_SERVER_RPC_ADMISSION_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/string_ref.h"
#include "server/auth/authorization.h"
#include "server/auth/open_count.h"
#include "server/auth/rate_limit.h"
#include "server/rpc/security.h"
#include "server/rpc/server_limits.h"

namespace modbound {

class Admission;

// Who makes a call.
struct Caller {
  std::string owner;
  // "" = none came.
  std::string token_id;
  // PEM text of the client's certificate, when it may be revoked; else "".
  std::string certificate;
  // As gRPC names it: "ipv4:192.0.2.7:41234", "unix:".
  std::string peer;
  // Of a stream: its place among those of the owner, held until the last copy
  // of the caller goes.
  OpenCount::Place place;
  const Admission* admission = nullptr;

  // Whether the caller would still be admitted: a token may be revoked or
  // expire while a stream is open, a certificate be revoked. Reads the store.
  // Errors: kUnauthenticated UNAUTHENTICATED.
  absl::Status CheckAgain() const;
  // Whether that can ever change.
  bool for_ever() const { return token_id.empty() && certificate.empty(); }
};

// What became of a call at the door.
struct Admitted {
  absl::Status status;
  // Of an admitted call.
  Caller caller;
  // Refused, and the answer should take its time: it is one of many.
  bool slow = false;

  bool ok() const { return status.ok(); }
};

// The door of a server: finds out who calls, looks into the authorization
// table, keeps the rate of each owner, and notes who was refused. Threads: safe
// from any.
class Admission {
 public:
  using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

  // `local_alone`: only this machine reaches the server, so that who comes
  // without a name is `local` (unless tokens are required).
  Admission(const Security& security,
            bool local_alone,
            const ServerLimits& limits);

  // Errors: kUnauthenticated UNAUTHENTICATED; kPermissionDenied
  // PERMISSION_DENIED (a token bound to another certificate);
  // kResourceExhausted RATE_LIMITED.
  Admitted Admit(const grpc::CallbackServerContext& context, Rpc rpc);
  // The same for a call that stays open. Errors: also kResourceExhausted
  // TOO_MANY.
  Admitted AdmitStream(const grpc::CallbackServerContext& context, Rpc rpc);
  // The same for a service that gRPC brings along.
  absl::Status AdmitPath(const std::string& path,
                         const Metadata& metadata,
                         const grpc::AuthContext* connection);

  absl::Status CheckAgain(const Caller& caller) const;

  // Notes what became of a call that changes something. `job`: its id, "" when
  // there is none; `count`: jobs that it was about.
  void Note(const char* event,
            const Caller& caller,
            const std::string& request_id,
            const std::string& job,
            int64_t count,
            const absl::Status& verdict) const;

 private:
  absl::StatusOr<Caller> Identify(const Metadata& metadata,
                                  const grpc::AuthContext* connection,
                                  const std::string& peer) const;
  absl::StatusOr<Caller> ByToken(const std::string& token,
                                 const std::string& certificate_owner,
                                 bool has_certificate) const;
  Admitted Refuse(absl::Status status,
                  const Metadata& metadata,
                  const std::string& peer,
                  const char* path);

  const Security security_;
  const bool local_alone_;
  RateLimit requests_;
  OpenCount streams_;
  // Refusals of one machine that are noted and answered at once.
  RateLimit refusals_;
  std::atomic<int64_t> not_noted_{0};
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_ADMISSION_H_

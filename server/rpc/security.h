#ifndef MODBOUND_SERVER_RPC_SECURITY_H_
#define MODBOUND_SERVER_RPC_SECURITY_H_

#include "server/auth/audit_log.h"
#include "server/auth/revoked_certificates.h"
#include "server/auth/tls_files.h"
#include "server/store/database.h"

namespace modbound {

// Who may call a server, and what of it is written down.
struct Security {
  // With a certificate the server speaks TLS (1.2 or later) and nothing else;
  // with client_ca it takes connections of clients whose certificate one of
  // these authorities signed, and no others.
  TlsIdentity tls;
  // Optional: certificates of client_ca that are taken no more, also on
  // connections that are open. Must outlive the server.
  RevokedCertificates* revoked = nullptr;
  // Every call needs a token: also on loopback and Unix sockets, and also of
  // clients with a certificate.
  bool require_tokens = false;
  // Store of the tokens; without one there are none. Must outlive the server,
  // as `audit`.
  Database* tokens = nullptr;
  // Optional.
  AuditLog* audit = nullptr;
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_RPC_SECURITY_H_

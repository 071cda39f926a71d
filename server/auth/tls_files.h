#ifndef MODBOUND_SERVER_AUTH_TLS_FILES_H_
#define MODBOUND_SERVER_AUTH_TLS_FILES_H_

#include <string>

#include "absl/status/statusor.h"

namespace modbound {

// Paths of PEM files, as flags give them; "" = not given.
struct TlsPaths {
  std::string cert;       // the server's certificate and those above it
  std::string key;        // its private key, without a passphrase
  std::string client_ca;  // authorities whose client certificates are taken
};

// Their texts, checked; all empty = no TLS.
struct TlsIdentity {
  std::string cert;
  std::string key;
  std::string client_ca;

  bool enabled() const { return !cert.empty(); }
};

// Reads and checks them, so that a server does not start with what no client
// would take. Errors, each one sentence that names the flag and the file:
// kInvalidArgument for cert without key or the other way round, client_ca
// without both, a file that cannot be read or holds no PEM, a key that does not
// belong to the certificate, a certificate that has expired or is not valid
// yet, and a key file that others than its owner and group may read or that
// others than its owner may change.
absl::StatusOr<TlsIdentity> ReadTlsFiles(const TlsPaths& paths);

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_TLS_FILES_H_

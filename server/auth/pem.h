#ifndef MODBOUND_SERVER_AUTH_PEM_H_
#define MODBOUND_SERVER_AUTH_PEM_H_

#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// PEM files and texts, as flags name them.
namespace modbound {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using RevocationList = std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)>;
using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// kInvalidArgument OUT_OF_RANGE for `flag`, whose name comes before `message`.
absl::Status RefuseTls(const char* flag, const std::string& message);

// The whole file. Errors: RefuseTls when it cannot be read or is empty.
absl::StatusOr<std::string> ReadPemFile(const char* flag,
                                        const std::string& path);

// What a text holds of each kind, in order; what is not PEM is passed over.
std::vector<Certificate> CertificatesIn(const std::string& text);
std::vector<RevocationList> RevocationListsIn(const std::string& text);
// Null when there is none, or one with a passphrase: nobody is there who could
// type it.
PrivateKey PrivateKeyIn(const std::string& text);

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_PEM_H_

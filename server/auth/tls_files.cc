#include "server/auth/tls_files.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "server/auth/pem.h"

namespace modbound {
namespace {

absl::StatusOr<std::vector<Certificate>> ValidCertificates(
    const char* flag, const std::string& path, const std::string& text) {
  std::vector<Certificate> all = CertificatesIn(text);
  if (all.empty()) {
    return RefuseTls(flag, absl::StrCat(path, " holds no PEM certificate"));
  }
  for (const Certificate& one : all) {
    if (X509_cmp_current_time(X509_get0_notAfter(one.get())) < 0) {
      return RefuseTls(flag, absl::StrCat(path, " has expired"));
    }
    if (X509_cmp_current_time(X509_get0_notBefore(one.get())) > 0) {
      return RefuseTls(flag, absl::StrCat(path, " is not valid yet"));
    }
  }
  return all;
}

absl::Status CheckKeyMode(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return RefuseTls(
        "tls_key",
        absl::StrCat(path, " cannot be read: ", std::strerror(errno)));
  }
  if ((info.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    return RefuseTls("tls_key",
                     absl::StrCat(path,
                                  " is open to others: chmod 600 it (640 for a"
                                  " group that may read it)"));
  }
  return absl::OkStatus();
}

absl::Status CheckKey(const TlsPaths& paths,
                      const std::string& text,
                      X509* certificate) {
  const PrivateKey key = PrivateKeyIn(text);
  const bool fits =
      key != nullptr && X509_check_private_key(certificate, key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) {
    return RefuseTls("tls_key",
                     absl::StrCat(paths.key,
                                  " holds no PEM private key without a"
                                  " passphrase"));
  }
  if (!fits) {
    return RefuseTls(
        "tls_key",
        absl::StrCat(
            paths.key, " is not the key of the certificate ", paths.cert));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TlsIdentity> ReadTlsFiles(const TlsPaths& paths) {
  TlsIdentity identity;
  if (paths.cert.empty() && paths.key.empty()) {
    return paths.client_ca.empty()
               ? absl::StatusOr<TlsIdentity>(identity)
               : RefuseTls("client_ca", "needs tls_cert and tls_key");
  }
  if (paths.cert.empty() || paths.key.empty()) {
    return RefuseTls(paths.cert.empty() ? "tls_cert" : "tls_key",
                     "tls_cert and tls_key are given both or not at all");
  }
  MODBOUND_ASSIGN_OR_RETURN(identity.cert, ReadPemFile("tls_cert", paths.cert));
  MODBOUND_ASSIGN_OR_RETURN(
      const std::vector<Certificate> chain,
      ValidCertificates("tls_cert", paths.cert, identity.cert));
  MODBOUND_RETURN_IF_ERROR(CheckKeyMode(paths.key));
  MODBOUND_ASSIGN_OR_RETURN(identity.key, ReadPemFile("tls_key", paths.key));
  MODBOUND_RETURN_IF_ERROR(CheckKey(paths, identity.key, chain.front().get()));
  if (!paths.client_ca.empty()) {
    MODBOUND_ASSIGN_OR_RETURN(identity.client_ca,
                              ReadPemFile("client_ca", paths.client_ca));
    MODBOUND_RETURN_IF_ERROR(
        ValidCertificates("client_ca", paths.client_ca, identity.client_ca)
            .status());
  }
  return identity;
}

}  // namespace modbound

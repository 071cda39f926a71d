#ifndef MODBOUND_SERVER_AUTH_REVOKED_CERTIFICATES_H_
#define MODBOUND_SERVER_AUTH_REVOKED_CERTIFICATES_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/mutex.h"

namespace modbound {

// Client certificates that their authority took back, from a PEM file of one or
// more revocation lists (as `openssl ca -gencrl` writes it). A file that
// changes is read again within seconds; one that cannot be read then is logged,
// and the lists of before hold. That a list is due for renewal is logged too,
// and it holds on. Threads: safe from any.
class RevokedCertificates {
 public:
  // `client_ca`: PEM text of the authorities, one of which must have signed
  // each list. Errors: kInvalidArgument "client_crl", one sentence with the
  // file, when it cannot be read, holds no list, or one that nobody of them
  // signed.
  static absl::StatusOr<std::unique_ptr<RevokedCertificates>> Open(
      const std::string& path, const std::string& client_ca);
  ~RevokedCertificates();
  RevokedCertificates(const RevokedCertificates&) = delete;
  RevokedCertificates& operator=(const RevokedCertificates&) = delete;

  // Of a certificate as PEM text; true also for what is no certificate.
  bool Contains(const std::string& certificate);

 private:
  struct Lists;
  // Which file was read.
  struct Version {
    int64_t inode = 0;
    int64_t size = 0;
    int64_t changed_ns = 0;
    bool operator==(const Version&) const = default;
  };

  RevokedCertificates(std::string path, std::string client_ca);
  absl::Status Read() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Version VersionNow() const;
  std::shared_ptr<const Lists> Newest();

  const std::string path_;
  const std::string client_ca_;
  Mutex mutex_;
  std::shared_ptr<const Lists> lists_ ABSL_GUARDED_BY(mutex_);
  Version version_ ABSL_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point look_again_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace modbound

#endif  // MODBOUND_SERVER_AUTH_REVOKED_CERTIFICATES_H_
